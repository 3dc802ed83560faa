// Bounds on what is read from outside.
#pragma once

#include <cstddef>
#include <cstdint>

namespace continuum::json {

inline constexpr size_t kDepthMax = 64;  // nesting of arrays and objects, root = 1
inline constexpr size_t kBytesMax = size_t{256} << 20;

struct Limits {
  size_t depth_max = kDepthMax;
  size_t bytes_max = kBytesMax;
};

inline constexpr size_t kPointerBytesMax = 4'096;
inline constexpr size_t kPointerTokensMax = kDepthMax;
// Numbers with a longer exponent are compared as text.
inline constexpr size_t kExponentDigitsMax = 18;

// What a value weighs: its names and texts, and this for each value in it.
inline constexpr size_t kValueWeight = 64;
// Digits compared as one step: reading a number by value costs more than passing by it.
inline constexpr size_t kDigitsAStep = 4;

// Bounds of a patch; all inclusive.
struct PatchLimits {
  size_t bytes_max = size_t{16} << 20;
  size_t operations_max = 1'000;
  size_t depth_max = kDepthMax;  // of what the document becomes
  // What all operations together may add to the document's memory, in weight. Without it thirty
  // copies make a billion values of one.
  size_t added_weight_max = size_t{32} << 20;
  // Values looked at on the way to a pointer's end, compared or copied; long numbers count more.
  uint64_t steps_max = 100'000'000;
};

}  // namespace continuum::json
