// Who may write what, and as whose. Deny by default.
//
// Systems write for the source they are bound to: what its feeds could have brought. Staff and
// citizens write in their own name, a few types, under a source of authors that no feed can have:
// one for each organisation whose staff write, and one for all citizens. What is written so belongs
// to nobody else: neither a feed nor a system changes it.
//
// SAFETY: a write gives nobody a relationship that the source's feed would not have given: no type
// that authors may write tells of care (fhir/care_events.h), and no organisation has an authors'
// source among its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/principal.h"
#include "access/scope.h"
#include "base/result.h"
#include "fhir/types.h"

namespace continuum::access {

// Source names of region.toml start with a letter or digit (config/shapes.h).
inline constexpr std::string_view kCitizenSource = "-citizen";
// "-staff-a81001". ODS codes have no small letters, so two never share one.
std::string staff_source(std::string_view ods_code);
// Whether it is one of those two.
bool is_author_source(std::string_view name);
// The ODS code in the name of a staff's source; nothing for other names.
std::optional<std::string> organisation_of_staff(std::string_view source);

struct MayWrite {
  std::string source;     // whose resource it becomes, or must be
  std::string_view rule;  // for the ledger; static
};

// kForbidden: this caller writes nothing, or nothing of that type. Staff and citizens write only
// what their scope could let them see of somebody; of whom is to be asked (Visit::may_author). Says
// nothing of what is stored.
Result<MayWrite> may_write(const Principal& principal, const Scope& scope, fhir::TypeNumber type);
// kForbidden when there is no type that they may.
Status may_write_anything(const Principal& principal, const Scope& scope);

}  // namespace continuum::access
