// Bounds on what is told of a resource from outside.
#pragma once

#include <cstddef>

namespace continuum::fhir {

inline constexpr size_t kStructureIssuesMax = 50;       // then the check stops
inline constexpr size_t kStructureDepthMax = 64;        // elements and resources inside each other
inline constexpr size_t kStructureNamesListedMax = 40;  // of what a message says is allowed
inline constexpr size_t kStringBytesMax = size_t{1} << 20;  // R4: a string is at most 1 MB

}  // namespace continuum::fhir
