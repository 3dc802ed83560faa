// A Bundle cut into the raw texts of its entries (http://hl7.org/fhir/R4/bundle.html), without a
// tree for the whole.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/split.h"

namespace continuum::fhir {

// The raw members of one entry, whatever the Bundle's type; empty: not there. Views into the text.
struct RawEntry {
  std::string_view full_url;
  std::string_view resource;
  std::string_view request;
  std::string_view response;
  std::string_view search;
  Status status;  // kInvalid: not an object, or a member twice
};

struct RawBundle {
  std::vector<json::Member> members;  // all but an entry that is an array
  std::vector<RawEntry> entries;
};

// Takes any JSON object. kInvalid: no object, or a member twice. kTooLarge: more entries.
Result<RawBundle> cut_bundle(std::string_view text, size_t entries_max);

}  // namespace continuum::fhir
