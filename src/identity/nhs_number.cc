#include "identity/nhs_number.h"

#include <algorithm>

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

// Forms of text: d a digit, x a hexadecimal one, s a hyphen or dot, others themselves.
constexpr std::string_view kPlain = "dddddddddd";
constexpr std::string_view kGrouped = "dddsdddsdddd";
constexpr std::string_view kUuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool fits(char c, char form) {
  switch (form) {
    case 'd':
      return is_digit(c);
    case 'x':
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    case 's':
      return c == '-' || c == '.';
    default:
      return c == form;
  }
}

bool starts_with_form(std::string_view text, std::string_view form) {
  return text.size() >= form.size() &&
         std::equal(form.begin(), form.end(), text.begin(),
                    [](char wanted, char c) { return fits(c, wanted); });
}

}  // namespace

bool may_hold_nhs_number(std::string_view id) {
  if (id.size() == kUuid.size() && starts_with_form(id, kUuid)) {
    return false;
  }
  for (size_t at = 0; at < id.size(); ++at) {
    for (std::string_view form : {kPlain, kGrouped}) {
      std::string_view rest = id.substr(at);
      const bool begins = at == 0 || !is_digit(id[at - 1]);
      const bool ends = rest.size() <= form.size() || !is_digit(rest[form.size()]);
      if (!begins || !ends || !starts_with_form(rest, form)) {
        continue;
      }
      std::string digits(rest.substr(0, form.size()));
      std::erase_if(digits, [](char c) { return !is_digit(c); });
      if (valid_nhs_number(digits)) {
        return true;
      }
    }
  }
  return false;
}

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
