// NHS numbers from the 999 range, which the NHS gives to nobody: safe for invented people.
//
// A number is ten digits; the tenth checks the first nine (weights 10 to 2, modulus 11); one
// prefix in eleven has no check digit and is never used.
// Source: NHS Data Dictionary, "NHS number".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace continuum::synth {

// How many valid numbers start 999. It is prime, which NhsNumbers relies on.
inline constexpr uint32_t kNhsNumbersMax = 909091;

// Ten digits with the right check digit. Knows nothing of ranges.
bool is_valid_nhs_number(std::string_view text);

// A bijection from [0, kNhsNumbersMax) to the valid 999 numbers, chosen by the seed. Thread-safe.
class NhsNumbers {
 public:
  explicit NhsNumbers(uint64_t seed);
  // index < kNhsNumbersMax.
  std::string at(uint32_t index) const;

 private:
  static constexpr uint32_t kBlocks = 1000;
  uint64_t multiplier_;
  uint64_t offset_;
  // How many valid numbers have a smaller fourth to sixth digit.
  std::array<uint32_t, kBlocks + 1> before_{};
};

}  // namespace continuum::synth
