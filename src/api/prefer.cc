#include "api/prefer.h"

#include <algorithm>
#include <array>
#include <string>

#include "api/limits.h"
#include "http/message.h"

namespace continuum::api {
namespace {

constexpr std::string_view kSpaces = " \t";

struct ReturnRow {
  std::string_view value;
  PreferReturn meaning;
};
constexpr std::array<ReturnRow, 3> kReturns{
    {{"minimal", PreferReturn::kMinimal},
     {"representation", PreferReturn::kRepresentation},
     {"OperationOutcome", PreferReturn::kOperationOutcome}}};

struct HandlingRow {
  std::string_view value;
  PreferHandling meaning;
};
constexpr std::array<HandlingRow, 2> kHandlings{
    {{"strict", PreferHandling::kStrict}, {"lenient", PreferHandling::kLenient}}};

bool is_token_character(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
}

// Takes what stands before the next comma off the front, and the comma; commas in quotes are text.
std::string_view take_member(std::string_view& rest) {
  bool in_quotes = false;
  size_t at = 0;
  for (; at < rest.size() && (in_quotes || rest[at] != ','); ++at) {
    if (rest[at] == '"') {
      in_quotes = !in_quotes;
    } else if (in_quotes && rest[at] == '\\') {
      ++at;
    }
  }
  const std::string_view member = rest.substr(0, at);
  rest.remove_prefix(std::min(member.size() + 1, rest.size()));
  return member;
}

std::string_view take_token(std::string_view& text) {
  const auto* end = std::find_if_not(text.begin(), text.end(), is_token_character);
  const std::string_view token = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(token.size());
  return token;
}

// Takes a quoted string off the front, unescaped; nothing when its end is missing.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string out;
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return out;
    }
    at += text[at] == '\\' ? 1 : 0;
    if (at < text.size()) {
      out.push_back(text[at]);
    }
  }
  return std::nullopt;
}

struct Preference {
  std::string_view name;
  std::string value;  // an empty one says the same as none
};

// Nothing for what is malformed.
std::optional<Preference> read_preference(std::string_view text) {
  skip_spaces(text);
  Preference out{.name = take_token(text), .value = {}};
  skip_spaces(text);
  if (text.starts_with('=')) {
    text.remove_prefix(1);
    skip_spaces(text);
    auto value =
        text.starts_with('"') ? take_quoted(text) : std::optional(std::string(take_token(text)));
    if (!value) {
      return std::nullopt;
    }
    out.value = *std::move(value);
    skip_spaces(text);
  }
  const bool is_whole = text.empty() || text.front() == ';';
  return is_whole ? std::optional(std::move(out)) : std::nullopt;
}

template <typename Meaning, typename Rows>
std::optional<Meaning> look_up(const Rows& rows, std::string_view value) {
  for (const auto& row : rows) {
    if (row.value == value) {
      return row.meaning;
    }
  }
  return std::nullopt;
}

}  // namespace

Preferences parse_prefer(std::string_view field) {
  Preferences out;
  bool has_return = false;
  bool has_handling = false;
  for (size_t i = 0; i < kPreferencesMax && !field.empty(); ++i) {
    const auto preference = read_preference(take_member(field));
    if (!preference) {
      continue;
    }
    if (http::equals_ignoring_case(preference->name, "return") && !has_return) {
      has_return = true;
      out.returns = look_up<PreferReturn>(kReturns, preference->value);
    } else if (http::equals_ignoring_case(preference->name, "handling") && !has_handling) {
      has_handling = true;
      out.handling = look_up<PreferHandling>(kHandlings, preference->value);
    } else if (http::equals_ignoring_case(preference->name, "respond-async")) {
      out.respond_async = out.respond_async || preference->value.empty();
    }
  }
  return out;
}

}  // namespace continuum::api
