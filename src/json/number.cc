#include "json/number.h"

#include <cstdint>
#include <optional>
#include <string>

#include "json/limits.h"

namespace continuum::json {
namespace {

// digits * 10^exponent. Digits neither start nor end with 0; zero has none.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::optional<int64_t> exponent = 0;  // nothing: too long to be read
  bool operator==(const Decimal&) const = default;
};

std::optional<int64_t> read_exponent(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const bool negative = text.front() == '-';
  text.remove_prefix(negative || text.front() == '+' ? 1 : 0);
  while (text.starts_with('0')) {
    text.remove_prefix(1);
  }
  if (text.size() > kExponentDigitsMax) {
    return std::nullopt;
  }
  int64_t value = 0;
  for (const char digit : text) {
    value = value * 10 + (digit - '0');
  }
  return negative ? -value : value;
}

Decimal read(std::string_view text) {
  Decimal out;
  out.negative = text.starts_with('-');
  text.remove_prefix(out.negative ? 1 : 0);
  const size_t mark = text.find_first_of("eE");
  std::string_view mantissa = text.substr(0, mark);
  out.exponent =
      read_exponent(mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1));
  const size_t point = mantissa.find('.');
  std::string_view fraction;
  if (point != std::string_view::npos) {
    fraction = mantissa.substr(point + 1);
    mantissa = mantissa.substr(0, point);
  }
  out.digits.append(mantissa).append(fraction);
  out.digits.erase(0, out.digits.find_first_not_of('0'));
  if (out.digits.empty()) {
    return {};
  }
  const size_t kept = out.digits.find_last_not_of('0') + 1;
  if (out.exponent) {
    *out.exponent +=
        static_cast<int64_t>(out.digits.size() - kept) - static_cast<int64_t>(fraction.size());
  }
  out.digits.resize(kept);
  return out;
}

}  // namespace

bool same_number(std::string_view a, std::string_view b) {
  if (a == b) {
    return true;
  }
  const Decimal first = read(a);
  return first.exponent && first == read(b);
}

}  // namespace continuum::json
