// The parts of a reference, put together again, are the reference.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "fhir/reference.h"

namespace {

using continuum::fhir::ParsedReference;
using continuum::fhir::ReferenceKind;

std::string put_together(const ParsedReference& parsed) {
  std::string out(parsed.base);
  out += parsed.base.empty() ? "" : "/";
  out += continuum::fhir::type_name(*parsed.type);
  if (parsed.kind == ReferenceKind::kConditional) {
    return out + "?" + std::string(parsed.query);
  }
  out += "/" + std::string(parsed.id);
  return parsed.version.empty() ? out : out + "/_history/" + std::string(parsed.version);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ParsedReference parsed = continuum::fhir::parse_reference(text);
  CHECK(parsed.text == text);
  if (parsed.type) {
    CHECK(put_together(parsed) == text);
  }
  return 0;
}
