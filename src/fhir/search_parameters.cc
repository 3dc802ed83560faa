#include "fhir/search_parameters.h"

#include <algorithm>

#include "base/check.h"
#include "fhir/definitions.h"

namespace continuum::fhir {

std::span<const Parameter> parameters(TypeNumber type) {
  CHECK(type < definitions::kTypeCount);
  const definitions::TypeRow& row = definitions::kTypes[type];
  return {definitions::kParameters + row.parameters_first, row.parameters_count};
}

const Parameter* parameter(TypeNumber type, std::string_view code) {
  std::span<const Parameter> all = parameters(type);
  auto at = std::lower_bound(all.begin(), all.end(), code,
                             [](const Parameter& p, std::string_view c) { return p.code < c; });
  return at != all.end() && at->code == code ? &*at : nullptr;
}

std::optional<ParameterNumber> parameter_number(TypeNumber type, std::string_view code) {
  const Parameter* found = parameter(type, code);
  return found == nullptr ? std::nullopt : std::optional(number_of(*found));
}

const Parameter& parameter(ParameterNumber number) {
  CHECK(number < definitions::kParameterCount);
  return definitions::kParameters[number];
}

ParameterNumber number_of(const Parameter& parameter) {
  return static_cast<ParameterNumber>(&parameter - definitions::kParameters);
}

size_t parameter_count() {
  return definitions::kParameterCount;
}

std::string_view definitions_fingerprint() {
  return definitions::kFingerprint;
}

}  // namespace continuum::fhir
