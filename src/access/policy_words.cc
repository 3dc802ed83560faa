#include "access/policy_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "access/limits.h"
#include "access/policy_document.h"
#include "access/policy_problems.h"
#include "config/shapes.h"

namespace continuum::access {
namespace {

tl::unexpected<Error> refuse(std::string_view word, std::string_view expected,
                             std::span<const std::string_view> known = {}) {
  return fail(ErrorCode::kInvalid, fmt::format("found {}, expected {}{}", shown_in_policy(word),
                                               expected, suggestion(word, known)));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

Result<std::vector<std::string_view>> split_words(std::string_view text) {
  std::vector<std::string_view> words = split(text, ' ');
  words.erase(std::remove(words.begin(), words.end(), std::string_view()), words.end());
  if (words.empty() || words.size() > kPolicyCaseWordsMax) {
    return fail(ErrorCode::kInvalid, fmt::format("expected 1 to {} words", kPolicyCaseWordsMax));
  }
  return words;
}

// A word after the first: "key" or "key=value".
struct Setting {
  std::string_view key;
  std::string_view value;
};

// Each key once.
Result<std::vector<Setting>> read_settings(std::span<const std::string_view> words) {
  std::vector<Setting> settings;
  std::set<std::string_view> seen;
  for (const std::string_view word : words) {
    const size_t equals = word.find('=');
    const std::string_view key = word.substr(0, equals);
    if (!seen.insert(key).second) {
      return fail(ErrorCode::kInvalid, fmt::format("{} is there twice", shown_in_policy(key)));
    }
    settings.push_back(
        {key, equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1)});
  }
  return settings;
}

template <typename Value, size_t Count>
Result<Value> find_name(std::string_view word, std::string_view expected,
                        const std::array<std::pair<Value, std::string_view>, Count>& table) {
  std::vector<std::string_view> names;
  for (const auto& [value, name] : table) {
    if (name == word) {
      return value;
    }
    names.push_back(name);
  }
  return refuse(word, expected, names);
}

Result<std::vector<std::string>> read_codes(std::string_view value) {
  std::vector<std::string> codes;
  for (const std::string_view text : split(value, ',')) {
    if (!parse_code(text)) {
      return refuse(text, "a code such as R8000");
    }
    codes.emplace_back(text);
  }
  return codes;
}

constexpr std::string_view kSettings[] = {"role", "activity", "org", "kind", "purpose", "source"};

Status apply(const Setting& setting, CallerInWords& caller) {
  if (setting.key == "role") {
    TRY(caller.principal.role_codes, read_codes(setting.value));
  } else if (setting.key == "activity") {
    TRY(caller.principal.activities, read_codes(setting.value));
  } else if (setting.key == "org") {
    if (!config::is_ods_code(setting.value)) {
      return refuse(setting.value, config::kOdsCode.expected);
    }
    caller.principal.organisation = std::string(setting.value);
  } else if (setting.key == "kind") {
    TRY(caller.organisation,
        find_name(setting.value, "a kind of organisation", config::kOrganisationKinds));
  } else if (setting.key == "purpose") {
    if (std::find(kPurposes.begin(), kPurposes.end(), setting.value) == kPurposes.end()) {
      return refuse(setting.value, "a purpose such as TREAT", kPurposes);
    }
    caller.principal.purpose = std::string(setting.value);
  } else if (setting.key == "source") {
    if (!config::is_source_name(setting.value)) {
      return refuse(setting.value, config::kSourceName.expected);
    }
    caller.principal.source = std::string(setting.value);
  } else {
    return refuse(setting.key, "role, activity, org, kind, purpose or source", kSettings);
  }
  return {};
}

std::string_view purpose_of(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::kStaff:
      return "TREAT";
    case PrincipalKind::kCitizen:
      return "PATRQT";
    case PrincipalKind::kSystem:
    case PrincipalKind::kOperator:
      return "HOPERAT";
  }
  return "";
}

Result<RelationshipKinds> read_relationships(std::string_view value) {
  RelationshipKinds kinds = kNoRelationship;
  for (const std::string_view name : split(value, ',')) {
    TRY(const RelationshipKind kind, find_name(name, "a kind of relationship", kRelationshipKinds));
    kinds |= only(kind);
  }
  return kinds;
}

constexpr std::array<std::pair<PlaceFacts::Place, std::string_view>, 3> kPlaces{{
    {PlaceFacts::kPatient, "patient"},
    {PlaceFacts::kShared, "shared"},
    {PlaceFacts::kQuarantined, "quarantined"},
}};

}  // namespace

Result<CallerInWords> parse_caller(std::string_view words) {
  TRY(const auto parts, split_words(words));
  CallerInWords caller;
  TRY(caller.principal.kind,
      find_name(parts.front(), "staff, citizen, system or operator", kPrincipalWords));
  caller.principal.purpose = std::string(purpose_of(caller.principal.kind));
  TRY(const auto settings, read_settings(std::span(parts).subspan(1)));
  for (const Setting& setting : settings) {
    TRY(apply(setting, caller));
  }
  return caller;
}

Result<PlaceFacts> parse_place(std::string_view words) {
  TRY(const auto parts, split_words(words));
  PlaceFacts facts;
  TRY(facts.place, find_name(parts.front(), "patient, shared or quarantined", kPlaces));
  TRY(const auto settings, read_settings(std::span(parts).subspan(1)));
  const bool at_patient = facts.place == PlaceFacts::kPatient;
  for (const Setting& setting : settings) {
    if (setting.key == "related" && at_patient) {
      TRY(facts.related, read_relationships(setting.value));
    } else if (setting.key == "self" && setting.value.empty() && at_patient) {
      facts.self = true;
    } else if (setting.key == "own-source" && setting.value.empty() &&
               facts.place != PlaceFacts::kShared) {
      facts.own_source = true;
    } else {
      return refuse(setting.key, at_patient ? "related=KINDS, self or own-source"
                                 : facts.place == PlaceFacts::kShared
                                     ? "nothing after 'shared'"
                                     : "own-source or nothing after 'quarantined'");
    }
  }
  return facts;
}

}  // namespace continuum::access
