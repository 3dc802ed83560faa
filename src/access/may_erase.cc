#include "access/may_erase.h"

#include <algorithm>

namespace continuum::access {

Status may_erase(const Principal& principal, const config::Region& region) {
  const auto& roles = principal.role_codes;
  const bool is_allowed =
      principal.kind == PrincipalKind::kStaff &&
      std::any_of(region.erasure_roles.begin(), region.erasure_roles.end(),
                  [&roles](const std::string& role) {
                    return std::find(roles.begin(), roles.end(), role) != roles.end();
                  });
  return is_allowed ? Status() : fail(ErrorCode::kForbidden, "you may not have records erased");
}

}  // namespace continuum::access
