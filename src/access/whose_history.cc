#include "access/whose_history.h"

namespace continuum::access {

Result<HistoryOf> whose_history(const Principal& principal) {
  switch (principal.kind) {
    case PrincipalKind::kSystem:
      return HistoryOf::kOwnSource;
    case PrincipalKind::kCitizen:
      return HistoryOf::kOwnRecord;
    case PrincipalKind::kStaff:
    case PrincipalKind::kOperator:
      break;
  }
  return fail(
      ErrorCode::kForbidden,
      "you may not ask for all changes: only systems may, of their own source, and citizens, "
      "of their own record",
      {{"", "ask for [type]/[id]/_history, or Patient/[id]/$everything with _since"}});
}

}  // namespace continuum::access
