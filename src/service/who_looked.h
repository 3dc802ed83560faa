// AuditEvent?patient=: who looked at a person's record, when, why and at what kind of items, as the
// ledger has it (http://hl7.org/fhir/R4/auditevent.html, IHE Basic Audit Log Patterns).
//
// A citizen sees every access to their own record, refused ones too, and their own. Staff see what
// they themselves were shown. Everybody else, and staff asking for others' accesses, sees none.
//
// SAFETY: staff are not told of their refused attempts here: for a record that is not there, there
// would be none.
#pragma once

#include "service/answer.h"
#include "service/context.h"

namespace continuum::service {

// A searchset Bundle, newest first. `patient`: an id, or "Patient/" and an id. An access that
// cannot be opened, because its audit key was destroyed, is told without its details.
Result<Answer> who_looked(const Context& context, std::string_view patient, const Address& address,
                          const PageRequest& page);

}  // namespace continuum::service
