#include "identity/exact_match.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/check.h"
#include "base/instant.h"
#include "identity/nhs_number.h"

namespace continuum::identity {
namespace {

bool is_full_date(std::string_view text) {
  return text.size() == 10 && parse_fhir_instant(std::string(text) + "T00:00:00Z").has_value();
}

}  // namespace

const char* describe(MatchObstacle obstacle) {
  switch (obstacle) {
    case MatchObstacle::kNone:
      return "none";
    case MatchObstacle::kNoNhsNumber:
      return "no NHS number";
    case MatchObstacle::kInvalidNhsNumber:
      return "an invalid NHS number";
    case MatchObstacle::kSeveralNhsNumbers:
      return "several NHS numbers";
    case MatchObstacle::kNoFullBirthDate:
      return "no full birth date";
  }
  CHECK(false);
}

ExactMatch exact_match(const json::Node& patient) {
  std::optional<std::string> number;
  bool invalid = false;
  const json::Node* identifiers = patient.find("identifier");
  if (identifiers != nullptr && identifiers->is_array()) {
    for (const json::Node& identifier : children(*identifiers)) {
      if (identifier.string("system") != kNhsNumberSystem || identifier.string("use") == "old" ||
          identifier.string("value").empty()) {
        continue;
      }
      auto valid = valid_nhs_number(identifier.string("value"));
      if (!valid) {
        invalid = true;
      } else if (number && number != valid) {
        return {{}, MatchObstacle::kSeveralNhsNumbers};
      } else {
        number = valid;
      }
    }
  }
  if (!number) {
    return {{}, invalid ? MatchObstacle::kInvalidNhsNumber : MatchObstacle::kNoNhsNumber};
  }
  std::string_view birth_date = patient.string("birthDate");
  if (!is_full_date(birth_date)) {
    return {{}, MatchObstacle::kNoFullBirthDate};
  }
  return {*number + "|" + std::string(birth_date), MatchObstacle::kNone};
}

PersonFacts person_facts(const json::Node& patient) {
  std::hash<std::string> digest;
  PersonFacts facts;
  if (std::string_view born = patient.string("birthDate"); !born.empty()) {
    facts.birth_date = digest(std::string(born)) | 1;
  }
  const json::Node* identifiers = patient.find("identifier");
  if (identifiers != nullptr && identifiers->is_array()) {
    for (const json::Node& identifier : children(*identifiers)) {
      std::string text(identifier.string("system"));
      text.push_back('|');
      text.append(identifier.string("value"));
      facts.identifiers.push_back(digest(text));
    }
  }
  return facts;
}

bool are_other_people(const PersonFacts& a, const PersonFacts& b) {
  if (a.birth_date == 0 || b.birth_date == 0 || a.birth_date == b.birth_date ||
      a.identifiers.empty() || b.identifiers.empty()) {
    return false;
  }
  return std::find_first_of(a.identifiers.begin(), a.identifiers.end(), b.identifiers.begin(),
                            b.identifiers.end()) == a.identifiers.end();
}

}  // namespace continuum::identity
