#include "access/explain.h"

#include <fmt/format.h>

#include <optional>

#include "access/policy_rules.h"

namespace continuum::access {
namespace {

template <typename Table>
std::string names_of(unsigned mask, const Table& table, std::string_view none) {
  std::vector<std::string_view> names;
  for (const auto& [value, name] : table) {
    if ((mask & only(value)) != 0) {
      names.push_back(name);
    }
  }
  return names.empty() ? std::string(none) : fmt::format("{}", fmt::join(names, ", "));
}

std::string list_or(const std::vector<std::string>& words, std::string_view none) {
  return words.empty() ? std::string(none) : fmt::format("{}", fmt::join(words, ", "));
}

std::string ranges_of(const std::vector<CodeRange>& ranges) {
  std::vector<std::string> texts;
  for (const CodeRange& range : ranges) {
    texts.push_back(range.first == range.last
                        ? to_string(range.first)
                        : to_string(range.first) + ".." + to_string(range.last));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

// Why the rule is not for the caller.
std::optional<std::string> who_fails(const ResolvedRule& rule, const Principal& principal,
                                     config::OrganisationKind organisation) {
  const Who& who = rule.rule.who;
  switch (who_fault(rule, principal, organisation)) {
    case WhoFault::kNone:
      return std::nullopt;
    case WhoFault::kKind:
      return fmt::format("it is for {}; the caller is {}", names_of(who.kinds, kPrincipalWords, ""),
                         names_of(only(principal.kind), kPrincipalWords, "unknown"));
    case WhoFault::kRole:
      return fmt::format("it needs a role of {}; the caller has {}", ranges_of(rule.roles),
                         list_or(principal.role_codes, "none"));
    case WhoFault::kActivity:
      return fmt::format("it needs an activity of {}; the caller has {}",
                         ranges_of(rule.activities), list_or(principal.activities, "none"));
    case WhoFault::kOrganisation:
      return fmt::format("it is for organisations of kind {}; the caller's is {}",
                         names_of(who.organisations, config::kOrganisationKinds, ""),
                         to_string(organisation));
    case WhoFault::kPurpose:
      return fmt::format("it is for {}; the purpose is {}", fmt::join(who.purposes, ", "),
                         principal.purpose.empty() ? "not said" : principal.purpose);
  }
  return std::nullopt;
}

constexpr std::array<std::pair<PlaceFacts::Place, std::string_view>, 3> kPlaceWords{{
    {PlaceFacts::kPatient, "a patient's record"},
    {PlaceFacts::kShared, "what is shared"},
    {PlaceFacts::kQuarantined, "a quarantine"},
}};

// Why the rule is not for the place.
std::optional<std::string> place_fails(const When& when, const PlaceFacts& place) {
  if ((when.places & only(place.place)) == 0) {
    return fmt::format("it is about {}; the item is in {}", names_of(when.places, kPlaceWords, ""),
                       names_of(only(place.place), kPlaceWords, ""));
  }
  const bool at_patient = place.place == PlaceFacts::kPatient;
  const RelationshipKinds live = at_patient ? place.related : kNoRelationship;
  if (when.related != kNoRelationship && (when.related & live) == 0) {
    return fmt::format("it needs a live relationship of {}; there is {}",
                       names_of(when.related, kRelationshipKinds, ""),
                       names_of(live, kRelationshipKinds, "none"));
  }
  if (when.self && !(at_patient && place.self)) {
    return "it is about the caller's own record; this is not";
  }
  if (when.own_source && !(place.place != PlaceFacts::kShared && place.own_source)) {
    return "it is about what the caller's system sent; this is not";
  }
  return std::nullopt;
}

// Why the rule is not for the item.
std::optional<std::string> item_fails(const ScopeRule& rule, const ItemFacts& item) {
  if (!rule.types[item.type]) {
    return fmt::format("it does not name {}", item.type < fhir::type_count()
                                                  ? fhir::type_name(item.type)
                                                  : std::string_view("the type"));
  }
  if (!rule.label_classes[item.label_class]) {
    return fmt::format("it does not name label class {}", item.label_class);
  }
  return std::nullopt;
}

}  // namespace

Explanation explain(const Policy& policy, const Principal& principal,
                    config::OrganisationKind organisation, const PlaceFacts& place,
                    const ItemFacts& item) {
  Explanation out{false, "default",
                  fmt::format("policy \"{}\" version {}\n", policy.name(), policy.version())};
  for (const ResolvedRule& each : resolve(policy.document())) {
    auto fault = who_fails(each, principal, organisation);
    fault = fault ? fault : place_fails(each.rule.when, place);
    fault = fault ? fault : item_fails(each.scope_rule, item);
    if (!fault) {
      out.allow = each.scope_rule.allow;
      out.rule = each.rule.name;
      out.text +=
          fmt::format("rule {} (line {}) decides: every condition holds\n{} by {}\n",
                      each.rule.name, each.rule.line, out.allow ? "allow" : "deny", each.rule.name);
      return out;
    }
    out.text += fmt::format("rule {} (line {}) does not hold: {}\n", each.rule.name, each.rule.line,
                            *fault);
  }
  out.text += "deny by default: no rule holds\n";
  return out;
}

}  // namespace continuum::access
