// Conditional reads (RFC 9110 section 13): answer 304 when the client has this version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"

namespace continuum::api {

// W/"3"
std::string entity_tag(uint32_t version);
// Whether an If-None-Match field names that version: weak comparison, lists, "*".
bool names_version(std::string_view if_none_match, uint32_t version);
// An IMF-fixdate ("Sun, 22 Nov 2026 07:49:00 GMT"); nothing for anything else, which is ignored as
// the RFC asks.
std::optional<Instant> parse_http_date(std::string_view text);

}  // namespace continuum::api
