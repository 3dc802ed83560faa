// NHS numbers (NHS Data Dictionary, NHS NUMBER): ten digits, the last a modulus 11 check digit.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace continuum::identity {

inline constexpr std::string_view kNhsNumberSystem = "https://fhir.nhs.uk/Id/nhs-number";

// The ten digits, spaces and hyphens between groups removed; nothing when the check digit is wrong,
// the length is not ten, all digits are the same, or there is any other character.
std::optional<std::string> valid_nhs_number(std::string_view text);

// Whether an id shows what may be a valid number: ten digits in a row with no more beside them, or
// three, three and four with hyphens or dots between. A UUID's digits are no number.
bool may_hold_nhs_number(std::string_view id);

}  // namespace continuum::identity
