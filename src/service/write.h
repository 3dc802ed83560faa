// Creates, updates and deletes (http://hl7.org/fhir/R4/http.html), one or many in one step, up to
// their commit.
//
// A caller writes for one source (access::may_write), and changes only what that source sent. What
// is another source's looks like what is not there.
//
// Staff and citizens write in their own name (author.h), under a source of authors: of the one
// patient that the resource names by the id it has here, whom they must be allowed to see, with
// whom it is kept. They change only what they wrote themselves, as long as they may see the person.
//
// SAFETY: for systems, a resource goes to the patient it names first, who must be that source's
// own; one that names a patient who is not is refused, whoever that may be. A Patient that has
// nothing in common with the one stored is refused: it may be another person.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/may_write.h"
#include "access/visit.h"
#include "config/region.h"
#include "fhir/operation_outcome.h"
#include "http/query.h"
#include "record/canonical.h"
#include "record/store.h"

namespace continuum::service {

struct WriteContext {
  record::Store& store;
  access::Visit& visit;
  const config::Region& region;
  // Where a body is not built as R4 says, in detail (fhir/structure.h). Overwritten.
  std::vector<fhir::Issue>& issues;
};

struct Change {
  enum class Kind : uint8_t { kCreate, kUpdate, kDelete, kPatch };
  Kind kind = Kind::kCreate;
  fhir::TypeNumber type = 0;
  std::string id;  // of all but a create; empty where criteria say which
  // Of a create: nothing is made when one meets them (If-None-Exist). Of the others: the one that
  // meets them is meant; an update makes one when none does, a delete does nothing.
  std::optional<std::vector<http::Parameter>> criteria = std::nullopt;
  std::string_view body = {};  // the resource, or a JSON Patch of it; must outlive the change
  // If-Match and If-None-Match: whether what is there now (nothing: it is not, or was deleted) may
  // be changed. Null: it may.
  std::function<bool(std::optional<uint32_t> version)> condition = nullptr;
  // What other changes of the same write may call it by.
  std::string full_url = {};
  // For errors: "Bundle.entry[3]", and the line of what was sent that its body starts in. Empty: it
  // is alone.
  std::string where = {};
  uint32_t line = 1;
};

// A change that is ready.
struct PreparedChange {
  fhir::TypeNumber type = 0;
  std::string id;  // regional
  bool is_deletion = false;
  bool is_new = false;
  std::optional<size_t> item;  // in PreparedWrite::items; nothing when there is nothing to store
  // The version as it leaves, once it is committed: record::append_spliced. Empty for a deletion,
  // and where bodies are not kept.
  record::Canonical canonical;
  // What is there already, when nothing changes.
  std::optional<record::RowHeader> unchanged;
  // How it is not built as R4 says, where its source is marked for that and not refused.
  std::vector<fhir::Issue> warnings;
  // Set where a create found what is there, whole.
  std::string found;
};

// Changes that are ready but for their commit (access::Door::commit), and noted in the visit.
struct PreparedWrite {
  std::vector<PreparedChange> changes;  // in the order of what was asked
  std::vector<record::Prepared> items;
  std::vector<record::Condition> conditions;  // that the commit rests on

  // Of the version that a change leaves. Null: it found nothing to delete.
  const record::RowHeader* header(size_t index) const;
};

enum class Bodies : uint8_t { kKeep, kDrop };

// All of them, or an error that says which will not do: kForbidden: may_write. kInvalid: the body
// (also its structure: see issues), criteria, or two changes of one resource. kNotFound: nothing of
// this source has that id or meets the criteria. kPreconditionFailed: the condition; several meet
// criteria; not one meets those of a reference. kConflict: it may be another person. kTooLarge:
// about too many patients; too many meet criteria in part. kGone: a patch of what was deleted.
// kBusy: somebody else wrote meanwhile: begin again with another visit.
Result<PreparedWrite> prepare_write(const WriteContext& context, std::span<const Change> changes,
                                    Bodies bodies);

}  // namespace continuum::service
