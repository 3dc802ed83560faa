// What a client would like about the answer (RFC 7240; FHIR R4 adds return=OperationOutcome).
// Wishes only: nothing in the field can fail a request.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace continuum::api {

enum class PreferReturn : uint8_t { kMinimal, kRepresentation, kOperationOutcome };
enum class PreferHandling : uint8_t { kStrict, kLenient };

struct Preferences {
  std::optional<PreferReturn> returns;
  std::optional<PreferHandling> handling;
  bool respond_async = false;
  bool operator==(const Preferences&) const = default;
};

// The value of Prefer, several lines joined with commas. Names compare without case, values with
// it; a value may be quoted; parameters after ';' are passed over. Of a preference given twice the
// first counts, also when its value is none we know. Unknown and malformed members are ignored, and
// members after kPreferencesMax.
Preferences parse_prefer(std::string_view field);

}  // namespace continuum::api
