// When what a resource tells happened: the order of a patient's timeline.
#pragma once

#include <span>

#include "fhir/search_parameters.h"

namespace continuum::fhir {

// The date parameters that say when what the resource tells happened to the patient, best first;
// the first with a value is meant. Empty for types without. Static storage.
std::span<const ParameterNumber> timeline_parameters(TypeNumber type);

}  // namespace continuum::fhir
