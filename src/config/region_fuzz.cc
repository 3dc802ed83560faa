// Any bytes are refused or give a region that survives being written and read again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "config/region.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace continuum::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto region = parse_region(text, "region.toml");
  if (!region) {
    const bool silent = region.error().message.empty();
    CHECK(!silent);
    return 0;
  }
  const auto again = parse_region(to_toml(*region), "again.toml");
  CHECK(again && *again == *region);
  return 0;
}
