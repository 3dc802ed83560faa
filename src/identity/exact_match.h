// Linking, first form: two source patients are one person only when both carry the same valid NHS
// number and the same full birth date. Everything else stays apart.
//
// SAFETY: the wrong-person hazard is worse than the missing-item hazard. An NHS number alone is not
// enough (a mistyped one that is valid belongs to somebody else), and names are not looked at yet.
#pragma once

#include <string>
#include <vector>

#include "json/document.h"

namespace continuum::identity {

enum class MatchObstacle : uint8_t {
  kNone,
  kNoNhsNumber,
  kInvalidNhsNumber,
  kSeveralNhsNumbers,  // different valid ones
  kNoFullBirthDate,
};
// For lists and logs: "no NHS number", ...
const char* describe(MatchObstacle obstacle);

struct ExactMatch {
  // "9991234567|1980-01-31"; empty when the patient can't be matched, and then `obstacle` says why.
  std::string key;
  MatchObstacle obstacle = MatchObstacle::kNone;
};

// `patient`: a Patient resource. Identifiers marked old (use = "old") are not looked at.
ExactMatch exact_match(const json::Node& patient);

// What tells two Patients of one id apart, as digests: small, and good for comparing only.
struct PersonFacts {
  uint64_t birth_date = 0;  // 0: none
  std::vector<uint64_t> identifiers;
};
PersonFacts person_facts(const json::Node& patient);

// Whether two Patients can't be of one person: both have identifiers and none in common, and both
// have a birth date and not the same.
bool are_other_people(const PersonFacts& a, const PersonFacts& b);

}  // namespace continuum::identity
