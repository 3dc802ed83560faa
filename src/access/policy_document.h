// A policy as it was read: names, sets, windows and rules, before anybody asks. docs/policy.md has
// the grammar. Made by parse_policy_document, or by hand in tests.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/principal.h"
#include "access/relationship.h"
#include "access/scope.h"
#include "base/result.h"
#include "config/region.h"
#include "fhir/search_parameters.h"
#include "fhir/types.h"

namespace continuum::access {

// A role or activity code: one capital letter, four digits.
struct Code {
  char letter = 'A';
  uint16_t number = 0;  // to 9999
  auto operator<=>(const Code&) const = default;
};
std::string to_string(Code code);
std::optional<Code> parse_code(std::string_view text);

// R9500..R9755: of one letter, both ends included.
struct CodeRange {
  Code first;
  Code last;
  bool contains(Code code) const { return code >= first && code <= last; }
  bool operator==(const CodeRange&) const = default;
};

template <typename Member>
struct NamedSet {
  std::string name;
  std::vector<Member> members;  // as written; not empty
  bool operator==(const NamedSet&) const = default;
};
using CodeSet = NamedSet<CodeRange>;
using TypeSet = NamedSet<fhir::TypeNumber>;

// What a rule names: sets and members. Both empty: the rule has no such condition.
template <typename Member>
struct Choice {
  std::vector<std::string> sets;
  std::vector<Member> members;
  bool empty() const { return sets.empty() && members.empty(); }
  bool operator==(const Choice&) const = default;
};

using PrincipalKinds = uint8_t;  // by bit
constexpr PrincipalKinds only(PrincipalKind kind) {
  return static_cast<PrincipalKinds>(1U << static_cast<unsigned>(kind));
}
inline constexpr PrincipalKinds kEveryPrincipalKind =
    only(PrincipalKind::kStaff) | only(PrincipalKind::kCitizen) | only(PrincipalKind::kSystem) |
    only(PrincipalKind::kOperator);

using OrganisationKinds = uint16_t;  // by bit
constexpr OrganisationKinds only(config::OrganisationKind kind) {
  return static_cast<OrganisationKinds>(1U << static_cast<unsigned>(kind));
}

// All that are not empty must hold.
struct Who {
  PrincipalKinds kinds = kEveryPrincipalKind;
  Choice<CodeRange> roles;
  Choice<CodeRange> activities;
  OrganisationKinds organisations = 0;  // 0: any, or none
  std::vector<std::string> purposes;
  bool operator==(const Who&) const = default;
};

// All must hold.
struct When {
  Places places = kEveryPlace;  // `self` and `related` leave kPatient, `own_source` never kShared
  RelationshipKinds related = kNoRelationship;
  bool self = false;
  bool own_source = false;
  std::vector<uint8_t> label_classes;  // empty: any
  bool operator==(const When&) const = default;
};

enum class Effect : uint8_t { kAllow, kDeny };

struct Rule {
  std::string name;
  uint32_t line = 0;  // of its name in the text
  Who who;
  When when;
  Effect effect = Effect::kDeny;
  Choice<fhir::TypeNumber> types;  // empty: everything
  std::vector<fhir::ParameterNumber> denied_search;
};
// Whether they say the same, wherever they stand.
bool same_rule(const Rule& left, const Rule& right);

struct PolicyDocument {
  std::string name;
  uint32_t version = 1;
  std::vector<CodeSet> roles;
  std::vector<CodeSet> activities;
  std::vector<TypeSet> types;
  Windows windows;
  std::vector<Rule> rules;
};
bool same_policy(const PolicyDocument& left, const PolicyDocument& right);

// The errors of Policy::parse.
Result<PolicyDocument> parse_policy_document(std::string_view text, std::string_view file_name);

// A text from which parse_policy_document makes the same policy, when `document` is valid.
std::string to_text(const PolicyDocument& document);

// The words of a policy for a principal's kind: staff, citizen, system, operator.
inline constexpr std::array<std::pair<PrincipalKind, std::string_view>, 4> kPrincipalWords{{
    {PrincipalKind::kStaff, "staff"},
    {PrincipalKind::kCitizen, "citizen"},
    {PrincipalKind::kSystem, "system"},
    {PrincipalKind::kOperator, "operator"},
}};
// Codes of http://terminology.hl7.org/CodeSystem/v3-ActReason that a policy may name.
inline constexpr std::array<std::string_view, 7> kPurposes{"TREAT",  "ETREAT",  "BTG",    "HRESCH",
                                                           "PATRQT", "HOPERAT", "PUBHLTH"};

}  // namespace continuum::access
