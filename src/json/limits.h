// Bounds on what is read from outside.
#pragma once

#include <cstddef>

namespace continuum::json {

inline constexpr size_t kDepthMax = 64;  // nesting of arrays and objects, root = 1
inline constexpr size_t kBytesMax = size_t{256} << 20;

struct Limits {
  size_t depth_max = kDepthMax;
  size_t bytes_max = kBytesMax;
};

}  // namespace continuum::json
