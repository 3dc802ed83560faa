// Whatever is read as a date is a range that is not empty.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "fhir/date.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto range = continuum::fhir::parse_date(text)) {
    CHECK(range->low < range->high);
    CHECK(range->low > continuum::fhir::kOpenLow && range->high < continuum::fhir::kOpenHigh);
  }
  return 0;
}
