// Numbers as text, compared by what they are worth.
#pragma once

#include <string_view>

namespace continuum::json {

// Whether two JSON numbers have one value: 1, 1.0, 10e-1 and 0.01E+2 are equal, 0 and -0 too. Exact
// at any number of digits; no binary floating point. Both texts: valid JSON numbers.
// SPEC: of numbers with more than kExponentDigitsMax digits in the exponent, only zeros and equal
// texts are equal.
bool same_number(std::string_view a, std::string_view b);

}  // namespace continuum::json
