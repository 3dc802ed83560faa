// Who may write what. Deny by default.
//
// Systems write for the source they are bound to: what its feeds could have brought. A write gives
// nobody a relationship that the source's feed would not have given.
#pragma once

#include <string_view>

#include "access/principal.h"
#include "base/result.h"
#include "fhir/types.h"

namespace continuum::access {

struct MayWrite {
  std::string_view source;  // whose resource it becomes, or must be; lives as long as the principal
  std::string_view rule;    // for the ledger
};

// kForbidden: this caller writes nothing, or nothing of that type. Says nothing of what is stored.
Result<MayWrite> may_write(const Principal& principal, fhir::TypeNumber type);

}  // namespace continuum::access
