// Bounds of what one answer gathers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace continuum::service {

inline constexpr size_t kPatientsFoundMax = 1'000;  // one identifier search; more is an error
inline constexpr size_t kReasonsToldMax = 5;        // of refusals, for each source
inline constexpr size_t kPageTokenBytesMax = 1'024;
// What an answer's buffer starts with, and what an entry needs beside its resource.
inline constexpr size_t kAnswerBytesFirst = size_t{32} << 10;
inline constexpr size_t kEntryBytes = 512;

}  // namespace continuum::service
