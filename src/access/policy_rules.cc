#include "access/policy_rules.h"

#include <algorithm>
#include <span>

#include "base/check.h"

namespace continuum::access {
namespace {

template <typename Member>
std::vector<Member> resolve(const Choice<Member>& choice,
                            const std::vector<NamedSet<Member>>& sets) {
  std::vector<Member> members = choice.members;
  for (const std::string& name : choice.sets) {
    const auto found = std::find_if(sets.begin(), sets.end(),
                                    [&](const NamedSet<Member>& set) { return set.name == name; });
    CHECK(found != sets.end());
    members.insert(members.end(), found->members.begin(), found->members.end());
  }
  return members;
}

ScopeRule make_scope_rule(const Rule& rule, const PolicyDocument& document) {
  ScopeRule out{.name = rule.name,
                .allow = rule.effect == Effect::kAllow,
                .places = rule.when.places,
                .related = rule.when.related,
                .self = rule.when.self,
                .own_source = rule.when.own_source,
                .types = {},
                .label_classes = {}};
  if (rule.types.empty()) {
    out.types.set();
  }
  for (const fhir::TypeNumber type : resolve(rule.types, document.types)) {
    out.types.set(type);
  }
  if (rule.when.label_classes.empty()) {
    out.label_classes.set();
  }
  for (const uint8_t label : rule.when.label_classes) {
    out.label_classes.set(label);
  }
  return out;
}

// SAFETY: a code that is none (too long, in lower case) is in no range.
bool any_in(const std::vector<std::string>& codes, std::span<const CodeRange> ranges) {
  return std::any_of(codes.begin(), codes.end(), [&](const std::string& text) {
    const auto code = parse_code(text);
    return code && std::any_of(ranges.begin(), ranges.end(),
                               [&](const CodeRange& range) { return range.contains(*code); });
  });
}

}  // namespace

std::vector<ResolvedRule> resolve(const PolicyDocument& document) {
  std::vector<ResolvedRule> rules;
  for (const Rule& rule : document.rules) {
    rules.push_back({rule, resolve(rule.who.roles, document.roles),
                     resolve(rule.who.activities, document.activities),
                     make_scope_rule(rule, document)});
  }
  return rules;
}

WhoFault who_fault(const ResolvedRule& rule, const Principal& principal,
                   config::OrganisationKind organisation) {
  const Who& who = rule.rule.who;
  if ((who.kinds & only(principal.kind)) == 0) {
    return WhoFault::kKind;
  }
  if (!rule.roles.empty() && !any_in(principal.role_codes, rule.roles)) {
    return WhoFault::kRole;
  }
  if (!rule.activities.empty() && !any_in(principal.activities, rule.activities)) {
    return WhoFault::kActivity;
  }
  if (who.organisations != 0 && (who.organisations & only(organisation)) == 0) {
    return WhoFault::kOrganisation;
  }
  if (!who.purposes.empty() && std::find(who.purposes.begin(), who.purposes.end(),
                                         principal.purpose) == who.purposes.end()) {
    return WhoFault::kPurpose;
  }
  return WhoFault::kNone;
}

}  // namespace continuum::access
