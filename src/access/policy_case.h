// Case files: what a policy must and must not allow, in rows that anybody can read.
//
//   staff role=R8000 | patient related=admission | Observation | - | allow by clinical-record
//   staff role=R8009/R8010 | patient related=admission | all but Patient | - | deny by default
//   window | admission ended 28 days ago | live
//   window | outpatient starts in 15 days | over
//   search | staff role=R8010 | Patient address | deny
//
// Cells are parted by '|': who asks, where the item is (policy_words.h), its type, its label class
// ('-': none), and what must come of it. In a word or a cell of types or labels, '/' parts
// alternatives: the row stands for each combination. '#' starts a comment line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "access/policy.h"
#include "access/policy_words.h"
#include "base/result.h"

namespace continuum::access {

struct DecisionCase {
  std::string caller_words;
  CallerInWords caller;
  PlaceFacts place;
  ItemFacts item;
  bool allow = false;
  std::string rule;  // "default": none
};

// An event that starts in, or ended, so many days ago.
struct WindowCase {
  enum class When : uint8_t { kStartsIn, kEndedAgo };
  RelationshipKind kind = RelationshipKind::kRegistration;
  When when = When::kEndedAgo;
  int32_t days = 0;
  bool live = false;
};

struct SearchCase {
  std::string caller_words;
  CallerInWords caller;
  fhir::ParameterNumber parameter = 0;
  bool allow = false;
};

struct PolicyCase {
  size_t line = 0;
  std::string question;  // in words, one of the row's combinations
  std::variant<DecisionCase, WindowCase, SearchCase> asks;
};

// Every problem found is one ErrorDetail {where "FILE:LINE:COLUMN", what}. kInvalid, or kTooLarge
// over the bounds of limits.h.
Result<std::vector<PolicyCase>> parse_policy_cases(std::string_view text,
                                                   std::string_view file_name);

struct PolicyCaseFailure {
  size_t line = 0;
  std::string what;  // the question, what was expected and what came
};

// In order; empty when the policy is as the cases want it. At most `failures_max`, then it stops.
std::vector<PolicyCaseFailure> run_policy_cases(const Policy& policy,
                                                std::span<const PolicyCase> cases,
                                                size_t failures_max);

}  // namespace continuum::access
