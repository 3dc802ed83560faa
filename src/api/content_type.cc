#include "api/content_type.h"

#include <array>
#include <charconv>

#include "api/errors.h"
#include "api/limits.h"

namespace continuum::api {
namespace {

constexpr std::string_view kPlainJson = "application/json; charset=utf-8";
constexpr std::string_view kOurFhirVersion = "4.0";

struct MediaRow {
  std::string_view media;
  std::string_view answer;
};
constexpr std::array<MediaRow, 4> kMedia{{
    {"application/fhir+json", kFhirJson},
    {"application/json", kPlainJson},
    {"application/*", kFhirJson},
    {"*/*", kFhirJson},
}};

std::string_view trim(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes what stands before the next `separator` off the front.
std::string_view take(std::string_view& rest, char separator) {
  size_t at = rest.find(separator);
  std::string_view piece = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return trim(piece);
}

std::string_view unquoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"'
             ? text.substr(1, text.size() - 2)
             : text;
}

struct MediaRange {
  std::string_view media;
  double weight = 1;
};

// Weight 0 for what is malformed or of another FHIR version.
MediaRange parse_range(std::string_view text) {
  MediaRange range{.media = take(text, ';')};
  while (!text.empty()) {
    std::string_view value = take(text, ';');
    std::string_view name = take(value, '=');
    if (http::equals_ignoring_case(name, "q")) {
      auto end = std::from_chars(value.data(), value.data() + value.size(), range.weight);
      if (end.ec != std::errc() || !(range.weight >= 0)) {
        range.weight = 0;
      }
    } else if (http::equals_ignoring_case(name, "fhirVersion") &&
               unquoted(value) != kOurFhirVersion) {
      range.weight = 0;
    }
  }
  return range;
}

std::optional<std::string_view> answer_for(std::string_view media) {
  for (const MediaRow& row : kMedia) {
    if (http::equals_ignoring_case(row.media, media)) {
      return row.answer;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> negotiate(const http::Headers& headers,
                                          std::optional<std::string_view> format) {
  if (format) {
    // A "+" that was not percent-encoded arrives as a space.
    return *format == "json" || *format == "application/fhir json" ? kFhirJson
                                                                   : answer_for(*format);
  }
  std::string accept = headers.joined("Accept");
  if (trim(accept).empty()) {
    return kFhirJson;
  }
  std::string_view rest = accept;
  std::optional<std::string_view> best;
  double best_weight = 0;
  for (size_t i = 0; i < kMediaRangesMax && !rest.empty(); ++i) {
    MediaRange range = parse_range(take(rest, ','));
    auto answer = answer_for(range.media);
    if (answer && range.weight > best_weight) {
      best = answer;
      best_weight = range.weight;
    }
  }
  return best;
}

bool names_our_json(const http::Headers& headers) {
  std::string accept = headers.joined("Accept");
  std::string_view rest = accept;
  for (size_t i = 0; i < kMediaRangesMax && !rest.empty(); ++i) {
    MediaRange range = parse_range(take(rest, ','));
    bool is_range = range.media.ends_with('*');
    if (range.weight > 0 && !is_range && answer_for(range.media)) {
      return true;
    }
  }
  return false;
}

namespace {

bool is_of(const http::Headers& headers, std::string_view type) {
  std::string_view rest = headers.find("Content-Type").value_or("");
  return http::equals_ignoring_case(take(rest, ';'), type);
}

}  // namespace

bool is_form(const http::Headers& headers) {
  return is_of(headers, "application/x-www-form-urlencoded");
}

bool is_json(const http::Headers& headers) {
  return is_of(headers, "application/fhir+json") || is_of(headers, "application/json");
}

bool is_json_patch(const http::Headers& headers) {
  return is_of(headers, "application/json-patch+json");
}

}  // namespace continuum::api
