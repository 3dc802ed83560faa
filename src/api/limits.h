// Bounds of the API.
#pragma once

#include <cstddef>
#include <cstdint>

namespace continuum::api {

inline constexpr size_t kMediaRangesMax = 32;   // looked at in one Accept field
inline constexpr size_t kEntityTagsMax = 64;    // looked at in one If-None-Match field
inline constexpr size_t kGzipBytesMin = 1'024;  // smaller answers go as they are
inline constexpr size_t kTokenFileBytesMax = 256;

}  // namespace continuum::api
