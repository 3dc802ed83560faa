#include "access/principal.h"

#include "base/check.h"

namespace continuum::access {

std::string_view to_string(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::kStaff:
      return "staff";
    case PrincipalKind::kCitizen:
      return "citizen";
    case PrincipalKind::kSystem:
      return "system";
    case PrincipalKind::kOperator:
      return "operator";
  }
  CHECK(false);
}

std::optional<PrincipalKind> parse_principal_kind(std::string_view name) {
  for (PrincipalKind kind : {PrincipalKind::kStaff, PrincipalKind::kCitizen, PrincipalKind::kSystem,
                             PrincipalKind::kOperator}) {
    if (to_string(kind) == name) {
      return kind;
    }
  }
  return std::nullopt;
}

}  // namespace continuum::access
