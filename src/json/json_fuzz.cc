// Whatever is accepted must survive: text -> tree -> canonical text -> the same tree and bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/writer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  continuum::json::Document first;
  if (!first.parse(text)) {
    return 0;
  }
  std::string canonical = continuum::json::write(*first.root());
  continuum::json::Document second;
  CHECK(second.parse(canonical).has_value());
  CHECK(continuum::json::equal(*first.root(), *second.root()));
  CHECK(continuum::json::write(*second.root()) == canonical);
  return 0;
}
