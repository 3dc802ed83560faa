// A text the strict reader accepts must split, and each part must be accepted by it too.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "json/document.h"
#include "json/split.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto elements = continuum::json::split_array(text);
  auto members = continuum::json::split_object(text);
  continuum::json::Document document;
  if (!document.parse(text)) {
    return 0;
  }
  if (document.root()->is_array()) {
    CHECK(elements.has_value() && elements->size() == document.root()->child_count());
    for (std::string_view element : *elements) {
      CHECK(continuum::json::Document().parse("[" + std::string(element) + "]").has_value());
    }
  }
  if (members) {
    CHECK(members->size() == document.root()->child_count());
  }
  return 0;
}
