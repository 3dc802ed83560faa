#include "identity/nhs_number.h"

namespace continuum::identity {
namespace {

constexpr size_t kDigits = 10;

// 11 minus the weighted sum modulo 11; 11 counts as 0, and 10 means that no such number is issued.
int check_digit(std::string_view digits) {
  int sum = 0;
  for (size_t i = 0; i + 1 < kDigits; ++i) {
    sum += (digits[i] - '0') * static_cast<int>(kDigits - i);
  }
  int digit = 11 - sum % 11;
  return digit == 11 ? 0 : digit;
}

}  // namespace

std::optional<std::string> valid_nhs_number(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c >= '0' && c <= '9') {
      digits.push_back(c);
    } else if (c != ' ' && c != '-') {
      return std::nullopt;
    }
  }
  bool well_formed =
      digits.size() == kDigits && digits.find_first_not_of(digits.front()) != std::string::npos;
  if (!well_formed || check_digit(digits) != digits.back() - '0') {
    return std::nullopt;
  }
  return digits;
}

}  // namespace continuum::identity
