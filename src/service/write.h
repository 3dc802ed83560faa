// create, update and delete of one resource (http://hl7.org/fhir/R4/http.html), up to its commit.
//
// A caller writes for one source (access::may_write), and changes only what that source sent. What
// is another source's looks like what is not there.
//
// SAFETY: a resource goes to the patient it names first, who must be that source's own; one that
// names a patient who is not is refused, whoever that may be. A Patient that has nothing in common
// with the one stored is refused: it may be another person.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/may_write.h"
#include "access/visit.h"
#include "config/region.h"
#include "record/canonical.h"
#include "record/store.h"

namespace continuum::service {

struct WriteContext {
  record::Store& store;
  access::Visit& visit;
  const config::Region& region;
};

struct Write {
  enum class Kind : uint8_t { kCreate, kUpdate, kDelete };
  Kind kind = Kind::kCreate;
  fhir::TypeNumber type = 0;
  std::string_view id;    // of an update or a delete
  std::string_view body;  // JSON; of a create or an update
  // If-Match: whether the version there now is one that may be changed. Null: any, or none.
  std::function<bool(uint32_t version)> condition = nullptr;
};

// A write that is ready but for its commit (access::Door::commit), and noted in the visit.
struct PreparedWrite {
  record::Prepared item;
  std::string id;  // regional
  bool is_new = false;
  // Empty for a deletion. The version as it leaves, once it is committed: record::append_spliced.
  record::Canonical canonical;
  // What is there already, when nothing changes.
  std::optional<record::RowHeader> unchanged;

  uint32_t version() const;
  Instant instant() const;
};

// kForbidden: may_write. kInvalid: the body. kNotFound: nothing of this source has that id.
// kPreconditionFailed: the condition. kConflict: it may be another person.
Result<PreparedWrite> prepare_write(const WriteContext& context, const Write& write);

}  // namespace continuum::service
