#include "api/preconditions.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "api/limits.h"

namespace continuum::api {
namespace {

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;
constexpr int64_t kYearsAheadMax = 50;

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

bool is_tag_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7F);
}

tl::unexpected<Error> refuse_tags(std::string what) {
  return fail(ErrorCode::kInvalid, "not a list of entity tags: " + std::move(what));
}

// Takes one tag off the front.
Result<EntityTag> take_tag(std::string_view& text) {
  EntityTag tag;
  if (text.starts_with("W/")) {
    tag.strength = EntityTag::Strength::kWeak;
    text.remove_prefix(2);
  }
  if (!text.starts_with('"')) {
    return refuse_tags("a tag is quoted, with W/ before it when it is weak");
  }
  text.remove_prefix(1);
  const auto* end = std::find_if_not(text.begin(), text.end(), is_tag_character);
  if (end == text.end() || *end != '"') {
    return refuse_tags("a tag has no closing quote, or a space or control character in it");
  }
  tag.opaque.assign(text.begin(), end);
  text.remove_prefix(tag.opaque.size() + 1);
  return tag;
}

// Takes one member off the front, which may be empty, and the comma after it.
Status take_member(std::string_view& text, EntityTags& out) {
  if (text.starts_with('*')) {
    text.remove_prefix(1);
    if (out.is_any) {
      return refuse_tags("* stands alone");
    }
    out.is_any = true;
  } else if (!text.empty() && text.front() != ',') {
    TRY(EntityTag tag, take_tag(text));
    out.tags.push_back(std::move(tag));
  }
  skip_spaces(text);
  if (!text.empty() && text.front() != ',') {
    return refuse_tags("put a comma between two tags");
  }
  text.remove_prefix(text.empty() ? 0 : 1);
  skip_spaces(text);
  return {};
}

bool contains(const EntityTags& field, const EntityTag& current) {
  return field.is_any || std::any_of(field.tags.begin(), field.tags.end(),
                                     [&](const EntityTag& tag) { return tag == current; });
}

// "Sun Nov 22 07:49:00 2026", "Sun Nov  1 07:49:00 2026" as an IMF-fixdate; empty when too short.
std::string from_asctime(std::string_view text) {
  constexpr size_t kSize = 24;
  if (text.size() != kSize) {
    return {};
  }
  std::string day(text.substr(8, 2));
  day[0] = day[0] == ' ' ? '0' : day[0];
  std::string out(text.substr(0, 3));
  out.append(", ").append(day).append(" ").append(text.substr(4, 3));
  out.append(text.substr(19)).append(text.substr(10, 9)).append(" GMT");
  return text[3] == ' ' && text[7] == ' ' ? out : std::string();
}

// "Sunday, 22-Nov-26 07:49:00 GMT" as an IMF-fixdate; empty when it has another shape.
std::string from_rfc850(std::string_view text, Instant now) {
  static constexpr std::array<std::string_view, 7> kDays{
      "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  constexpr size_t kAfterDaySize = 24;
  const std::string_view day = text.substr(0, text.find(','));
  const std::string_view rest = text.substr(day.size());
  if (std::find(kDays.begin(), kDays.end(), day) == kDays.end() || rest.size() != kAfterDaySize ||
      !rest.starts_with(", ") || rest[4] != '-' || rest[8] != '-') {
    return {};
  }
  int64_t year = 0;
  const auto read = std::from_chars(rest.data() + 9, rest.data() + 11, year);
  if (read.ptr != rest.data() + 11 || year < 0) {
    return {};
  }
  const int64_t this_year = civil_from_days(now.micros / kMicrosPerDay).year;
  year += this_year / 100 * 100;
  year -= year > this_year + kYearsAheadMax ? 100 : 0;
  std::string out(day.substr(0, 3));
  out.append(rest.substr(0, 4)).append(" ").append(rest.substr(5, 3)).append(" ");
  return out.append(std::to_string(year)).append(rest.substr(11));
}

}  // namespace

std::optional<uint32_t> EntityTag::version() const {
  uint32_t number = 0;
  const char* end = opaque.data() + opaque.size();
  const auto read = std::from_chars(opaque.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || opaque.front() == '0') {
    return std::nullopt;
  }
  return number;
}

bool EntityTags::name_strongly(const EntityTag& current) const {
  return is_any || (current.strength == EntityTag::Strength::kStrong && contains(*this, current));
}

bool EntityTags::name_weakly(const EntityTag& current) const {
  return is_any || std::any_of(tags.begin(), tags.end(),
                               [&](const EntityTag& tag) { return tag.opaque == current.opaque; });
}

Result<EntityTags> parse_entity_tags(std::string_view field) {
  EntityTags out;
  skip_spaces(field);
  for (size_t members = 0; !field.empty(); ++members) {
    if (members == kEntityTagsMax) {
      return fail(ErrorCode::kTooLarge,
                  "more than " + std::to_string(kEntityTagsMax) + " entity tags in one field");
    }
    TRY(take_member(field, out));
  }
  if (out.is_any != out.tags.empty()) {
    return refuse_tags(out.is_any ? "* stands alone" : "give a tag, or *");
  }
  return out;
}

std::string entity_tag(uint32_t version) {
  return "W/\"" + std::to_string(version) + '"';
}

bool names_version(std::string_view if_none_match, uint32_t version) {
  auto tags = parse_entity_tags(if_none_match);
  return tags && tags->name_weakly({EntityTag::Strength::kWeak, std::to_string(version)});
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

Result<Instant> parse_precondition_date(std::string_view field, Instant now) {
  for (const std::string& form :
       {std::string(field), from_asctime(field), from_rfc850(field, now)}) {
    if (const auto instant = parse_http_date(form)) {
      return *instant;
    }
  }
  return fail(ErrorCode::kInvalid,
              "not an HTTP date: expected the form Sun, 22 Nov 2026 07:49:00 GMT");
}

}  // namespace continuum::api
