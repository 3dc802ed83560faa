#include "access/may_write.h"

namespace continuum::access {

Result<MayWrite> may_write(const Principal& principal, fhir::TypeNumber type) {
  if (principal.kind != PrincipalKind::kSystem) {
    return fail(ErrorCode::kForbidden, "you may not write: only systems may, for their own source");
  }
  // Accesses are in the ledger, which writes them itself.
  if (fhir::type_name(type) == "AuditEvent") {
    return fail(ErrorCode::kForbidden, "an AuditEvent cannot be written: the server makes them");
  }
  return MayWrite{principal.source, "write-own-source"};
}

}  // namespace continuum::access
