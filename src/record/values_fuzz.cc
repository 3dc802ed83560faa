// Terms keep order and come back; numbers keep order with their double and are skipped whole;
// folding agrees with itself. The input is two texts, parted by a line end.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/document.h"
#include "record/kv/values.h"
#include "record/limits.h"

namespace {

using namespace continuum;
using namespace continuum::record;

int sign(int value) {
  return (value > 0) - (value < 0);
}

std::string term(std::string_view text) {
  std::string out;
  put_term(out, text);
  return out;
}

std::string decimal(std::string_view text) {
  std::string out;
  put_sortable_decimal(out, text);
  return out;
}

std::string folded(std::string_view text) {
  std::string out;
  put_folded(out, text);
  return out;
}

void check_terms(const std::string& a, const std::string& b) {
  std::string bytes = term(a) + b;
  ByteReader reader(bytes);
  auto taken = take_term(reader);
  CHECK(taken.has_value());
  CHECK(taken->text == a.substr(0, taken->shortened ? kTermStartBytes : a.size()));
  CHECK(reader.rest() == b);
  if (a.size() <= kTermBytesMax && b.size() <= kTermBytesMax) {
    CHECK(sign(term(a).compare(term(b))) == sign(a.compare(b)));
  }
  ByteReader any(a);
  static_cast<void>(take_term(any));
}

bool is_number(const std::string& text) {
  json::Document document;
  return document.parse("[" + text + "]").has_value() && document.root()->child_count() == 1 &&
         document.root()->first->text == text;
}

void check_decimals(const std::string& a, const std::string& b) {
  if (is_number(a)) {
    std::string bytes = decimal(a) + b;
    ByteReader reader(bytes);
    CHECK(skip_sortable_decimal(reader).has_value());
    CHECK(reader.rest() == b);
    if (is_number(b)) {
      double x = std::strtod(a.c_str(), nullptr);
      double y = std::strtod(b.c_str(), nullptr);
      // A double knows less, but never the opposite.
      CHECK(!(x < y) || decimal(a) <= decimal(b));
      CHECK(!(x > y) || decimal(a) >= decimal(b));
    }
  }
  ByteReader any(a);
  static_cast<void>(skip_sortable_decimal(any));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  size_t end = std::min(text.find('\n'), text.size());
  std::string a = text.substr(0, end);
  std::string b = end < text.size() ? text.substr(end + 1) : std::string();
  check_terms(a, b);
  check_decimals(a, b);
  std::string once = folded(a);
  CHECK(once.size() <= kFoldedBytesMax);
  CHECK(folded(once) == once || a.size() > kFoldedBytesMax / 4);
  return 0;
}
