// Any JSON, taken as any type, gives values that keep the sink's promises.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "fhir/home.h"
#include "fhir/search_values.h"

namespace {

using namespace continuum::fhir;

class CheckingSink final : public SearchValueSink {
 public:
  void token(ParameterNumber, std::string_view system, std::string_view code) override {
    CHECK(!system.empty() || !code.empty());
  }
  void string(ParameterNumber, std::string_view text) override { CHECK(!text.empty()); }
  void reference(ParameterNumber, std::string_view reference, std::string_view system,
                 std::string_view value) override {
    CHECK(!reference.empty() || !system.empty() || !value.empty());
  }
  void date(ParameterNumber, const DateRange& range) override { CHECK(range.low < range.high); }
  void number(ParameterNumber, std::string_view decimal) override { CHECK(!decimal.empty()); }
  void quantity(ParameterNumber, const QuantityValue& value) override {
    CHECK(!value.value.empty());
  }
  void uri(ParameterNumber, std::string_view text) override { CHECK(!text.empty()); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  auto type = static_cast<TypeNumber>(data[0] % type_count());
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  continuum::json::Document document;
  if (!document.parse(text)) {
    return 0;
  }
  CheckingSink sink;
  extract_search_values(type, *document.root(), sink);
  patient_candidates(type, *document.root(), [](std::string_view text) { CHECK(!text.empty()); });
  return 0;
}
