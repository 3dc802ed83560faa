// From a path to what is asked for. One row of a table for each pattern.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fhir/types.h"

namespace continuum::api {

enum class Interaction : uint8_t {
  kUnknown,  // no such path
  kHealth,
  kReady,
  kMetrics,
  kMetadata,
  kSystem,      // the base itself
  kSearch,      // [type]
  kSearchForm,  // [type]/_search
  kRead,        // [type]/[id]
  kHistory,     // [type]/[id]/_history
  kVread,       // [type]/[id]/_history/[vid]
  kEverything,  // Patient/[id]/$everything
  kLedgerCheckpoint,
  kLedgerProof,
  kLedgerTile,     // Route::id is what follows /ledger/
  kCreate,         // POST [type]
  kUpdate,         // PUT [type]/[id]
  kDelete,         // DELETE [type]/[id]
  kPatch,          // PATCH [type]/[id]
  kTransaction,    // POST to the base
  kUpdateIf,       // PUT [type]?criteria
  kDeleteIf,       // DELETE [type]?criteria
  kPatchIf,        // PATCH [type]?criteria
  kBatch,          // a transaction's path, with a batch
  kHistoryType,    // [type]/_history
  kHistorySystem,  // _history
  kErase,          // Patient/[id]/$erase
};
inline constexpr size_t kInteractionCount = 27;

struct Route {
  Interaction interaction = Interaction::kUnknown;
  fhir::TypeNumber type = 0;
  std::string id;
  std::string version;
};

// "/fhir/[type]/[id]" and so on: what may be logged of a path.
std::string_view pattern(Interaction interaction);
// "read", "everything"...: how the ledger calls it.
std::string_view name_of(Interaction interaction);
// Whether it is answered without asking who asks: what it says is the same for everybody, and
// nothing of any record.
bool is_open(Interaction interaction);
// Whether what it shows is of records and directories.
bool tells_of_records(Interaction interaction);
// Whether it changes what is stored.
bool writes(Interaction interaction);
// Whether its query says which resource is meant.
bool is_conditional(Interaction interaction);
// The methods that its path takes, as an Allow field has them; empty for kUnknown.
std::string_view allowed_methods(Interaction interaction);
// Whether it is what its path and that method ask for.
bool allows(Interaction interaction, std::string_view method);

// The path of the FHIR base: "http://host:8080/fhir" -> "/fhir".
std::string path_of(std::string_view base_url);
// `base_path`: of the FHIR base, without a slash at the end ("/fhir").
Route find_route(std::string_view base_path, std::string_view path, std::string_view method);

}  // namespace continuum::api
