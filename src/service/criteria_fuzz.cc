// Any query is read as criteria of any type, or refused by name; what is read can be looked for.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/query.h"
#include "record/criteria.h"
#include "record/store.h"
#include "service/criteria.h"
#include "service/limits.h"

// The first byte is the type.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace continuum;
  if (size == 0) {
    return 0;
  }
  auto type = static_cast<fhir::TypeNumber>(data[0] % fhir::type_count());
  auto parameters =
      http::parse_query(std::string_view(reinterpret_cast<const char*>(data), size).substr(1));
  if (!parameters) {
    return 0;
  }
  auto criteria = service::parse_criteria(
      type, record::SourceNumber{1}, *parameters,
      [](std::string_view reference) -> Result<std::optional<record::ResourceKey>> {
        CHECK(!reference.empty());
        return std::optional<record::ResourceKey>();
      });
  if (!criteria) {
    CHECK(criteria.error().code == ErrorCode::kInvalid && !criteria.error().details.empty());
    return 0;
  }
  CHECK(criteria->all_of.size() == parameters->size());
  for (const record::Criterion& criterion : criteria->all_of) {
    CHECK(fhir::parameter(criterion.parameter).type == type);
    CHECK(!criterion.any_of.empty() && criterion.any_of.size() <= service::kCriteriaMax);
  }
  // Nothing is there to meet them; to ask must be safe all the same.
  record::StagedItems staged;
  CHECK(staged.meeting(*criteria).empty());
  return 0;
}
