#include "fhir/primitive.h"

#include <cstring>

#include "base/check.h"
#include "fhir/limits.h"
#include "fhir/reference.h"

namespace continuum::fhir {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads a text from the left; each step tells whether it found what it looks for.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  bool literal(char c) {
    if (at_end() || text_[at_] != c) {
      return false;
    }
    ++at_;
    return true;
  }
  bool literal(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) {
      return false;
    }
    at_ += expected.size();
    return true;
  }
  // Exactly two digits, low to high inclusive.
  bool two_digits(int low, int high) {
    if (text_.size() - at_ < 2 || !is_digit(text_[at_]) || !is_digit(text_[at_ + 1])) {
      return false;
    }
    last_ = (text_[at_] - '0') * 10 + (text_[at_ + 1] - '0');
    at_ += 2;
    return last_ >= low && last_ <= high;
  }
  // What two_digits() read.
  int last() const { return last_; }
  // One digit or more.
  bool digits() {
    const size_t from = at_;
    while (!at_end() && is_digit(text_[at_])) {
      ++at_;
    }
    return at_ > from;
  }
  // 0, or digits that do not start with it.
  bool whole_number() { return literal('0') || (!at_end() && text_[at_] != '0' && digits()); }
  bool lower_hex(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (at_end() || !(is_digit(text_[at_]) || (text_[at_] >= 'a' && text_[at_] <= 'f'))) {
        return false;
      }
      ++at_;
    }
    return true;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
  int last_ = 0;
};

int days_of(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// 1 to 3 for a year, a month or a day; 0 for no date. Leaves what follows.
int scan_date(Scanner& in) {
  if (!in.two_digits(0, 99)) {
    return 0;
  }
  int year = in.last() * 100;
  if (!in.two_digits(0, 99)) {
    return 0;
  }
  year += in.last();
  if (year == 0) {
    return 0;
  }
  if (!in.literal('-')) {
    return 1;
  }
  if (!in.two_digits(1, 12)) {
    return 0;
  }
  const int month = in.last();
  if (!in.literal('-')) {
    return 2;
  }
  return in.two_digits(1, days_of(year, month)) ? 3 : 0;
}

// hh:mm:ss, with a fraction or without.
bool scan_time(Scanner& in) {
  return in.two_digits(0, 23) && in.literal(':') && in.two_digits(0, 59) && in.literal(':') &&
         in.two_digits(0, 60) && (!in.literal('.') || in.digits());
}

bool scan_zone(Scanner& in) {
  if (in.literal('Z')) {
    return true;
  }
  if (!(in.literal('+') || in.literal('-')) || !in.two_digits(0, 14)) {
    return false;
  }
  const int minutes_max = in.last() == 14 ? 0 : 59;
  return in.literal(':') && in.two_digits(0, minutes_max);
}

bool is_date(std::string_view text) {
  Scanner in(text);
  return scan_date(in) != 0 && in.at_end();
}

enum class Precision : uint8_t { kAny, kTime };

bool is_date_time(std::string_view text, Precision precision) {
  Scanner in(text);
  const int parts = scan_date(in);
  if (parts != 0 && in.at_end()) {
    return precision == Precision::kAny;
  }
  return parts == 3 && in.literal('T') && scan_time(in) && scan_zone(in) && in.at_end();
}

bool is_time(std::string_view text) {
  Scanner in(text);
  return scan_time(in) && in.at_end();
}

// Groups of four, with white space between them.
bool is_base64(std::string_view text) {
  size_t in_group = 0;
  for (char c : text) {
    const bool symbol = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        c == '+' || c == '/' || c == '=';
    if (symbol) {
      in_group = (in_group + 1) % 4;
    } else if (!is_space(c) || in_group != 0) {
      return false;
    }
  }
  return in_group == 0 && text.find_first_not_of(" \t\n\v\f\r") != std::string_view::npos;
}

// No space at either end, and never two together.
bool is_code(std::string_view text) {
  bool space_before = true;
  for (char c : text) {
    if (is_space(c) && space_before) {
      return false;
    }
    space_before = is_space(c);
  }
  return !space_before;
}

bool is_uri(std::string_view text) {
  for (char c : text) {
    if (is_space(c)) {
      return false;
    }
  }
  return !text.empty();
}

bool is_oid(std::string_view text) {
  Scanner in(text);
  if (!in.literal("urn:oid:") || !(in.literal('0') || in.literal('1') || in.literal('2'))) {
    return false;
  }
  do {
    if (!in.literal('.') || !in.whole_number()) {
      return false;
    }
  } while (!in.at_end());
  return true;
}

bool is_uuid(std::string_view text) {
  Scanner in(text);
  return in.literal("urn:uuid:") && in.lower_hex(8) && in.literal('-') && in.lower_hex(4) &&
         in.literal('-') && in.lower_hex(4) && in.literal('-') && in.lower_hex(4) &&
         in.literal('-') && in.lower_hex(12) && in.at_end();
}

bool is_string(std::string_view text) {
  return !text.empty() && text.size() <= kStringBytesMax &&
         std::memchr(text.data(), '\v', text.size()) == nullptr &&
         std::memchr(text.data(), '\f', text.size()) == nullptr;
}

// R4 gives markdown no rule but the size of a string.
bool is_markdown(std::string_view text) {
  return !text.empty() && text.size() <= kStringBytesMax;
}

// An integer of 32 bits, of at least `least`. `text` is a JSON number.
bool is_integer(std::string_view text, int64_t least) {
  constexpr int64_t kLargest = 2147483647;
  const bool negative = text.starts_with('-');
  int64_t value = 0;
  for (char c : text.substr(negative ? 1 : 0)) {
    if (!is_digit(c) || value > kLargest) {
      return false;
    }
    value = value * 10 + (c - '0');
  }
  value = negative ? -value : value;
  return value >= least && value <= kLargest && (least < 0 || !negative);
}

bool is_div(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  if (!text.starts_with("<div") || text.size() < 5) {
    return false;
  }
  return is_space(text[4]) || text[4] == '>' || text[4] == '/';
}

}  // namespace

JsonForm json_form(ValueKind kind) {
  switch (kind) {
    case ValueKind::kBoolean:
      return JsonForm::kBoolean;
    case ValueKind::kDecimal:
    case ValueKind::kInteger:
    case ValueKind::kPositiveInt:
    case ValueKind::kUnsignedInt:
      return JsonForm::kNumber;
    default:
      return JsonForm::kString;
  }
}

std::string_view form_rule(ValueKind kind) {
  switch (kind) {
    case ValueKind::kBase64Binary:
      return "base64Binary: a string of groups of four base64 characters";
    case ValueKind::kBoolean:
      return "boolean: true or false";
    case ValueKind::kCanonical:
      return "canonical: a string without white space, not empty";
    case ValueKind::kCode:
      return "code: a string, not empty, without white space but single spaces inside";
    case ValueKind::kDate:
      return "date: a string of the form YYYY, YYYY-MM or YYYY-MM-DD";
    case ValueKind::kDateTime:
      return "dateTime: a string of the form YYYY, YYYY-MM, YYYY-MM-DD or "
             "YYYY-MM-DDThh:mm:ss with a zone (Z or +hh:mm)";
    case ValueKind::kDecimal:
      return "decimal: a number";
    case ValueKind::kId:
      return "id: a string of 1 to 64 of A-Z, a-z, 0-9, - and .";
    case ValueKind::kInstant:
      return "instant: a string of the form YYYY-MM-DDThh:mm:ss with a zone (Z or +hh:mm)";
    case ValueKind::kInteger:
      return "integer: a whole number of 32 bits";
    case ValueKind::kMarkdown:
      return "markdown: a string, not empty, of at most 1 MB";
    case ValueKind::kOid:
      return "oid: a string of the form urn:oid:1.2.3";
    case ValueKind::kPositiveInt:
      return "positiveInt: a whole number from 1 to 2147483647";
    case ValueKind::kString:
      return "string: a string, not empty, of at most 1 MB";
    case ValueKind::kTime:
      return "time: a string of the form hh:mm:ss";
    case ValueKind::kUnsignedInt:
      return "unsignedInt: a whole number from 0 to 2147483647";
    case ValueKind::kUri:
      return "uri: a string without white space, not empty";
    case ValueKind::kUrl:
      return "url: a string without white space, not empty";
    case ValueKind::kUuid:
      return "uuid: a string of the form urn:uuid: and a UUID in lower case";
    case ValueKind::kXhtml:
      return "xhtml: a string that starts with <div";
    case ValueKind::kComplex:
    case ValueKind::kResource:
    case ValueKind::kContained:
      break;
  }
  CHECK(is_primitive(kind));
  return {};
}

bool is_valid_primitive(ValueKind kind, const json::Node& value) {
  const std::string_view text = value.text;
  switch (kind) {
    case ValueKind::kBase64Binary:
      return is_base64(text);
    case ValueKind::kBoolean:
    case ValueKind::kDecimal:
      return true;
    case ValueKind::kCode:
      return is_code(text);
    case ValueKind::kDate:
      return is_date(text);
    case ValueKind::kDateTime:
      return is_date_time(text, Precision::kAny);
    case ValueKind::kId:
      return is_valid_id(text);
    case ValueKind::kInstant:
      return is_date_time(text, Precision::kTime);
    case ValueKind::kInteger:
      return is_integer(text, -2147483648LL);
    case ValueKind::kMarkdown:
      return is_markdown(text);
    case ValueKind::kOid:
      return is_oid(text);
    case ValueKind::kPositiveInt:
      return is_integer(text, 1);
    case ValueKind::kString:
      return is_string(text);
    case ValueKind::kTime:
      return is_time(text);
    case ValueKind::kUnsignedInt:
      return is_integer(text, 0);
    case ValueKind::kCanonical:
    case ValueKind::kUri:
    case ValueKind::kUrl:
      return is_uri(text);
    case ValueKind::kUuid:
      return is_uuid(text);
    case ValueKind::kXhtml:
      return is_div(text);
    case ValueKind::kComplex:
    case ValueKind::kResource:
    case ValueKind::kContained:
      break;
  }
  CHECK(is_primitive(kind));
  return false;
}

}  // namespace continuum::fhir
