#include "synth/nhs_number.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace continuum::synth {
namespace {

constexpr uint32_t kNoCheckDigit = 10;

// The check digit of 999 followed by the six digits of `tail`, or kNoCheckDigit.
uint32_t check_digit(uint32_t tail) {
  uint32_t sum = 9 * (10 + 9 + 8);
  for (uint32_t weight = 2; weight <= 7; ++weight) {
    sum += weight * (tail % 10);
    tail /= 10;
  }
  uint32_t digit = 11 - sum % 11;
  return digit == 11 ? 0 : digit;
}

}  // namespace

bool is_valid_nhs_number(std::string_view text) {
  if (text.size() != 10) {
    return false;
  }
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 10; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return false;
    }
    uint32_t weight = i == 9 ? 1 : 10 - i;
    sum += weight * static_cast<uint32_t>(text[i] - '0');
  }
  return sum % 11 == 0;
}

NhsNumbers::NhsNumbers(uint64_t seed) {
  SeededRandom random(seed);
  multiplier_ = 1 + random.below(kNhsNumbersMax - 1);
  offset_ = random.below(kNhsNumbersMax);
  for (uint32_t block = 0; block < kBlocks; ++block) {
    uint32_t valid = 0;
    for (uint32_t low = 0; low < 1000; ++low) {
      valid += check_digit(block * 1000 + low) != kNoCheckDigit ? 1U : 0U;
    }
    before_[block + 1] = before_[block] + valid;
  }
  CHECK(before_[kBlocks] == kNhsNumbersMax);
}

std::string NhsNumbers::at(uint32_t index) const {
  CHECK(index < kNhsNumbersMax);
  auto rank = static_cast<uint32_t>((index * multiplier_ + offset_) % kNhsNumbersMax);
  auto above = std::upper_bound(before_.begin(), before_.end(), rank);
  auto block = static_cast<uint32_t>(above - before_.begin()) - 1;
  uint32_t left = rank - before_[block];
  uint32_t tail = block * 1000;
  for (;; ++tail) {
    if (check_digit(tail) == kNoCheckDigit) {
      continue;
    }
    if (left == 0) {
      break;
    }
    --left;
  }
  std::string number = "9990000000";
  number[9] = static_cast<char>('0' + check_digit(tail));
  for (size_t place = 8; place >= 3; --place) {
    number[place] = static_cast<char>('0' + tail % 10);
    tail /= 10;
  }
  return number;
}

}  // namespace continuum::synth
