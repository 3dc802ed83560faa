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

}  // namespace continuum::access
