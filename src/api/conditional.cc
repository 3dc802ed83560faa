#include "api/conditional.h"

#include <time.h>

#include "api/limits.h"

namespace continuum::api {

std::string entity_tag(uint32_t version) {
  return "W/\"" + std::to_string(version) + '"';
}

// Our tags hold digits only, so commas separate members whatever stands in others.
bool names_version(std::string_view if_none_match, uint32_t version) {
  const std::string strong = '"' + std::to_string(version) + '"';
  for (size_t i = 0; i < kEntityTagsMax && !if_none_match.empty(); ++i) {
    size_t comma = if_none_match.find(',');
    std::string_view member = if_none_match.substr(0, comma);
    if_none_match =
        comma == std::string_view::npos ? std::string_view() : if_none_match.substr(comma + 1);
    while (member.starts_with(' ') || member.starts_with('\t')) {
      member.remove_prefix(1);
    }
    while (member.ends_with(' ') || member.ends_with('\t')) {
      member.remove_suffix(1);
    }
    if (member == "*") {
      return true;
    }
    if (member.starts_with("W/")) {
      member.remove_prefix(2);
    }
    if (member == strong) {
      return true;
    }
  }
  return false;
}

std::optional<Instant> parse_http_date(std::string_view text) {
  const std::string copy(text);
  struct tm parts = {};
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') {
    return std::nullopt;
  }
  Instant instant{static_cast<int64_t>(timegm(&parts)) * 1'000'000};
  // strptime is lenient; only the one form is a date.
  return to_http_date(instant) == text ? std::optional(instant) : std::nullopt;
}

}  // namespace continuum::api
