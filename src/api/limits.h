// Bounds of the API.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace continuum::api {

inline constexpr size_t kMediaRangesMax = 32;   // looked at in one Accept field
inline constexpr size_t kEntityTagsMax = 64;    // in one If-Match or If-None-Match field
inline constexpr size_t kPreferencesMax = 32;   // looked at in one Prefer field
inline constexpr size_t kGzipBytesMin = 1'024;  // smaller answers go as they are
// What shows nothing leaves a whole number of these after it came.
inline constexpr std::chrono::microseconds kNothingShownStep{5'000};
inline constexpr size_t kBatchEntriesMax = 1'000;
inline constexpr unsigned kWriteAttemptsMax = 8;  // while others change the same resource

}  // namespace continuum::api
