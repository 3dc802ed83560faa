// Query strings, forms, paths and Accept-Encoding from arbitrary bytes: no crash, limits kept, and
// what decodes survives encoding again.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/compress.h"
#include "http/query.h"

namespace {

using namespace continuum::http;

void round_trip(std::string_view text) {
  for (const Plus plus : {Plus::kLiteral, Plus::kSpace}) {
    if (const auto decoded = percent_decode(text, plus)) {
      const auto again = percent_decode(percent_encode(*decoded), plus);
      CHECK(again && *again == *decoded);
    }
  }
}

void check_query(std::string_view text) {
  const QueryLimits limits = {.parameters_max = 8, .name_bytes_max = 16, .value_bytes_max = 64};
  const auto parameters = parse_query(text, limits);
  if (!parameters) {
    return;
  }
  CHECK(parameters->size() <= limits.parameters_max);
  std::string rebuilt;
  for (const Parameter& parameter : *parameters) {
    CHECK(!parameter.name.empty() && parameter.name.size() <= limits.name_bytes_max);
    CHECK(parameter.value.size() <= limits.value_bytes_max);
    rebuilt += percent_encode(parameter.name) + "=" + percent_encode(parameter.value) + "&";
  }
  const auto again = parse_form(rebuilt, limits);
  CHECK(again && *again == *parameters);
}

void check_path(std::string_view text) {
  if (const auto segments = split_path(text)) {
    CHECK(segments->size() <= kPathSegmentsMax);
    for (const std::string& segment : *segments) {
      CHECK(!segment.empty() && segment != "." && segment != "..");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static constexpr std::array<std::string_view, 3> kOffered = {"zstd", "gzip", "identity"};
  round_trip(text);
  check_query(text);
  check_path(text);
  const auto chosen = choose_coding(text, kOffered);
  CHECK(!chosen || (*chosen == "zstd" || *chosen == "gzip" || *chosen == "identity"));
  if (const auto whole = gunzip(text, 4096)) {
    CHECK(whole->size() <= 4096);
  }
  return 0;
}
