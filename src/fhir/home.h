// With which patient a resource belongs.
#pragma once

#include <functional>
#include <string_view>

#include "fhir/types.h"
#include "json/document.h"

namespace continuum::fhir {

// Calls `report` with the text of each reference that places the resource with a patient: the first
// names the home, those after it others concerned (or the same again). They are all of one stage,
// the first of these that has any:
//   1. the Patient compartment's parameters that say whom it is about: subject, patient,
//      beneficiary, individual (AuditEvent: entity.what, then agent.who);
//   2. the compartment's other parameters, in the order of R4's CompartmentDefinition, as far as
//      they may name a Patient;
//   3. the table in home.cc for what R4 leaves out, in its order;
//   4. the encounter.
// Within one path, references that may name a Patient come before those to other types (1, 3, 4:
// Device, RelatedPerson, Observation...), whose own home is then meant. References to shared types
// and Groups are left out: they never lead to one patient. Texts are as sent, in any form
// parse_reference knows or none, and live as long as their call.
//
// SAFETY: when (1) names a Patient or a Group without a reference that leads anywhere (by
// identifier or display alone, or the whole Group), 2 and 3 are passed over: the performer of what
// was observed of another patient is not whose record it belongs in. Only the encounter counts
// then.
//
// SAFETY: when the first reference does not resolve (yet), the resource has no home (yet). A later
// one may name somebody else: a mother who is told of her child's appointment.
//
// A Patient is its own home, and a shared type needs none: nothing is reported for either.
void patient_candidates(TypeNumber type, const json::Node& resource,
                        const std::function<void(std::string_view reference)>& report);

}  // namespace continuum::fhir
