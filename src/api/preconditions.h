// Conditions a client puts on its own request (RFC 9110 section 13): If-Match, If-None-Match and
// the dates, read strictly. Who guards a change must not have half of the condition overlooked; who
// reads on a condition that can't be read gets the whole answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"

namespace continuum::api {

// W/"3"
std::string entity_tag(uint32_t version);
// Whether an If-None-Match field names that version: weak comparison, lists, "*"; not when it can't
// be read.
bool names_version(std::string_view if_none_match, uint32_t version);
// An IMF-fixdate ("Sun, 22 Nov 2026 07:49:00 GMT"); nothing for anything else.
std::optional<Instant> parse_http_date(std::string_view text);

struct EntityTag {
  enum class Strength : uint8_t { kStrong, kWeak };
  Strength strength = Strength::kStrong;
  std::string opaque;  // what stands between the quotes, as sent

  bool operator==(const EntityTag&) const = default;
  // The version a tag of ours names: W/"3" and "3" are 3. Nothing for what we never sent: other
  // text, 0, leading zeros, over 32 bits.
  std::optional<uint32_t> version() const;
};

// A field of tags: "*", or one tag or more.
struct EntityTags {
  bool is_any = false;  // "*": whatever is there now
  std::vector<EntityTag> tags;

  // Whether the field names the tag of what is there now. Strongly: the same text, and neither tag
  // weak. Weakly: the same text. Both are true for "*".
  // RFC 9110 compares If-Match strongly. SPEC: FHIR puts weak tags into If-Match, which then could
  // never match; compare ours weakly.
  bool name_strongly(const EntityTag& current) const;
  bool name_weakly(const EntityTag& current) const;
};

// The value of If-Match or If-None-Match, several lines joined with commas. Empty members are
// skipped, as RFC 9110 asks. kInvalid: no member, "*" beside others, a tag without its quotes or
// with a space or control character, "w/" for "W/". kTooLarge: more than kEntityTagsMax members.
Result<EntityTags> parse_entity_tags(std::string_view field);

// The value of If-Unmodified-Since or If-Modified-Since, in any of HTTP's three forms:
// "Sun, 22 Nov 2026 07:49:00 GMT", "Sunday, 22-Nov-26 07:49:00 GMT" (a year that would be more than
// 50 after `now` is of the century before), "Sun Nov 22 07:49:00 2026". kInvalid for anything else,
// a weekday that does not fit included.
// SPEC: RFC 9110 has dates that cannot be read ignored. That is for the caller to do, knowingly.
Result<Instant> parse_precondition_date(std::string_view field, Instant now);

}  // namespace continuum::api
