// Resource types of FHIR R4 (4.0.1) by number.
//
// Numbers are stored in keys: Patient is 0, the other concrete types follow in alphabetical order.
// They change only with the definitions, which definitions_fingerprint() (search_parameters.h)
// tells. All functions are thread-safe and allocate nothing after their first call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace continuum::fhir {

using TypeNumber = uint8_t;
inline constexpr TypeNumber kPatientType = 0;

// Case-sensitive, as FHIR type names are; nothing for abstract and unknown types.
std::optional<TypeNumber> type_number(std::string_view name);
// `type` < type_count(). Static storage.
std::string_view type_name(TypeNumber type);
size_t type_count();

// Whether resources of this type may be stored without a patient, for everyone (shared_types.cc).
// SAFETY: an allow-list; any type not on it needs a patient to be placed with, or is quarantined.
bool is_shared_type(TypeNumber type);

}  // namespace continuum::fhir
