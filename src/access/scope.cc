#include "access/scope.h"

#include <algorithm>
#include <optional>
#include <set>

#include "access/limits.h"
#include "base/check.h"

namespace continuum::access {
namespace {

bool holds_at(const ScopeRule& rule, const PlaceFacts& place) {
  const bool at_patient = place.place == PlaceFacts::kPatient;
  return (rule.places & only(place.place)) != 0 &&
         (rule.related == kNoRelationship || (at_patient && (rule.related & place.related) != 0)) &&
         (!rule.self || (at_patient && place.self)) &&
         (!rule.own_source || (place.place != PlaceFacts::kShared && place.own_source));
}

bool holds_for(const ScopeRule& rule, const ItemFacts& item) {
  return rule.types[item.type] && rule.label_classes[item.label_class];
}

// The first value of each class of values below `end` that no rule tells apart.
std::vector<uint8_t> representatives(const std::vector<ScopeRule>& rules,
                                     std::bitset<256> ScopeRule::*member, size_t end) {
  std::vector<uint8_t> found;
  std::set<uint64_t> seen;
  for (size_t value = 0; value < end; ++value) {
    uint64_t signature = 0;
    for (const ScopeRule& rule : rules) {
      signature = (signature << 1) | ((rule.*member)[value] ? 1U : 0U);
    }
    if (seen.insert(signature).second) {
      found.push_back(static_cast<uint8_t>(value));
    }
  }
  return found;
}

template <typename Named>
std::string names_of(unsigned mask, const Named& named) {
  std::string out;
  for (const auto& [value, name] : named) {
    if ((mask & only(value)) != 0) {
      out += (out.empty() ? "" : ",") + std::string(name);
    }
  }
  return out;
}

constexpr std::array<std::pair<PlaceFacts::Place, std::string_view>, 3> kPlaceNames{{
    {PlaceFacts::kPatient, "patient"},
    {PlaceFacts::kShared, "shared"},
    {PlaceFacts::kQuarantined, "quarantined"},
}};

std::string types_of(const std::bitset<256>& types) {
  if (types.all()) {
    return "*";
  }
  std::string out;
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    if (types[type]) {
      const auto number = static_cast<fhir::TypeNumber>(type);
      out += (out.empty() ? "" : ",") + std::string(fhir::type_name(number));
    }
  }
  return out;
}

std::string labels_of(const std::bitset<256>& labels) {
  if (labels.all()) {
    return "*";
  }
  std::string out;
  for (size_t label = 0; label < labels.size(); ++label) {
    if (labels[label]) {
      out += (out.empty() ? "" : ",") + std::to_string(label);
    }
  }
  return out;
}

std::string line_of(const ScopeRule& rule) {
  std::string out = (rule.allow ? "allow " : "deny ") + rule.name;
  out += " places=" + names_of(rule.places, kPlaceNames);
  if (rule.related != kNoRelationship) {
    out += " related=" + names_of(rule.related, kRelationshipKinds);
  }
  out += rule.self ? " self" : "";
  out += rule.own_source ? " own-source" : "";
  out += " types=" + types_of(rule.types);
  return out + " labels=" + labels_of(rule.label_classes) + "\n";
}

// Members of `relations` at one of `places`.
OrdSet members_at(Places places, const Relations& relations) {
  OrdSet members;
  if ((places & only(PlaceFacts::kPatient)) != 0) {
    members |= relations.patients;
  }
  if ((places & only(PlaceFacts::kShared)) != 0) {
    members |= relations.shared;
  }
  if ((places & only(PlaceFacts::kQuarantined)) != 0) {
    members |= relations.quarantined;
  }
  return members;
}

// Cuts `members` down to `more`; nothing yet means everything.
void narrow(std::optional<OrdSet>& members, const OrdSet& more) {
  if (members) {
    *members &= more;
  } else {
    members = more;
  }
}

// The places whose whole sets the rule looks at: none when what it names is smaller and at such a
// place by itself.
Places places_looked_at(const ScopeRule& rule) {
  Places possible = kEveryPlace;
  if (rule.related != kNoRelationship || rule.self) {
    possible &= only(PlaceFacts::kPatient);
  }
  if (rule.own_source) {
    possible &= kOwnSourcePlaces;
  }
  const bool names_smaller = possible != kEveryPlace;
  return names_smaller && (possible & ~rule.places) == 0 ? Places{0} : rule.places;
}

// Where the rule's conditions on the place hold.
OrdSet members_for(const ScopeRule& rule, const Relations& relations) {
  std::optional<OrdSet> members;
  if (rule.related != kNoRelationship) {
    OrdSet related;
    for (const auto& [kind, name] : kRelationshipKinds) {
      if ((rule.related & only(kind)) != 0) {
        related |= relations.related[static_cast<size_t>(kind)];
      }
    }
    narrow(members, related);
  }
  if (rule.self) {
    narrow(members, relations.self);
  }
  if (rule.own_source) {
    narrow(members, relations.own_source);
  }
  const Places looked_at = places_looked_at(rule);
  if (!members || looked_at != 0) {
    narrow(members, members_at(looked_at, relations));
  }
  return *std::move(members);
}

}  // namespace

struct Scope::Compiled {
  std::vector<ScopeRule> rules;
  std::vector<fhir::ParameterNumber> denied_search;  // sorted
  std::vector<ItemFacts> items;                      // one of each kind that rules tell apart
  RelationshipKinds kinds_that_matter = kNoRelationship;
  bool self_matters = false;
  bool own_source_matters = false;
  bool sees_person_records = false;
  Places places_that_matter = 0;
  std::string canonical = "scope 1\n";
  crypto::Digest digest{};

  Compiled(std::vector<ScopeRule> given, std::vector<fhir::ParameterNumber> denied)
      : rules(std::move(given)), denied_search(std::move(denied)) {
    CHECK(rules.size() <= kPolicyRulesMax);
    for (const ScopeRule& rule : rules) {
      kinds_that_matter |= rule.related;
      self_matters = self_matters || rule.self;
      own_source_matters = own_source_matters || rule.own_source;
      const bool of_patients = (rule.places & only(PlaceFacts::kPatient)) != 0;
      sees_person_records = sees_person_records || (rule.allow && of_patients);
      places_that_matter |= places_looked_at(rule);
      canonical += line_of(rule);
    }
    make_items();
    std::sort(denied_search.begin(), denied_search.end());
    denied_search.erase(std::unique(denied_search.begin(), denied_search.end()),
                        denied_search.end());
    for (const fhir::ParameterNumber number : denied_search) {
      const fhir::Parameter& parameter = fhir::parameter(number);
      canonical += "deny-search " + std::string(fhir::type_name(parameter.type)) + " " +
                   std::string(parameter.code) + "\n";
    }
    digest = crypto::sha256(canonical);
  }

  void make_items() {
    const std::vector<uint8_t> labels = representatives(rules, &ScopeRule::label_classes, 256);
    for (const uint8_t type : representatives(rules, &ScopeRule::types, fhir::type_count())) {
      for (const uint8_t label : labels) {
        items.push_back({.type = type, .label_class = label});
      }
    }
  }

  Decision decide(const PlaceFacts& place, const ItemFacts& item) const {
    for (const ScopeRule& rule : rules) {
      if (holds_at(rule, place) && holds_for(rule, item)) {
        return {.allow = rule.allow, .rule = rule.name};
      }
    }
    return {};
  }
};

Scope::Scope() : Scope({}, {}) {}

Scope::Scope(std::vector<ScopeRule> rules, std::vector<fhir::ParameterNumber> denied_search)
    : compiled_(std::make_shared<const Compiled>(std::move(rules), std::move(denied_search))) {}

Decision Scope::decide(const PlaceFacts& place, const ItemFacts& item) const {
  return compiled_->decide(place, item);
}

OrdSet Scope::visible(fhir::TypeNumber type, uint8_t label_class,
                      const Relations& relations) const {
  OrdSet allowed;
  OrdSet decided;
  for (const ScopeRule& rule : compiled_->rules) {
    if (!holds_for(rule, {.type = type, .label_class = label_class})) {
      continue;
    }
    OrdSet members = members_for(rule, relations);
    members -= decided;
    decided |= members;
    if (rule.allow) {
      allowed |= members;
    }
  }
  return allowed;
}

bool Scope::may_see_anything_of(const PlaceFacts& place) const {
  return std::any_of(compiled_->items.begin(), compiled_->items.end(),
                     [&](const ItemFacts& item) { return compiled_->decide(place, item).allow; });
}

bool Scope::sees_person_records() const {
  return compiled_->sees_person_records;
}

RelationshipKinds Scope::kinds_that_matter() const {
  return compiled_->kinds_that_matter;
}

bool Scope::is_settled_by(RelationshipKinds related) const {
  return std::all_of(compiled_->rules.begin(), compiled_->rules.end(), [&](const ScopeRule& rule) {
    return rule.related == kNoRelationship || (rule.related & related) != 0;
  });
}

bool Scope::self_matters() const {
  return compiled_->self_matters;
}

bool Scope::own_source_matters() const {
  return compiled_->own_source_matters;
}

Places Scope::places_that_matter() const {
  return compiled_->places_that_matter;
}

bool Scope::may_search(fhir::ParameterNumber parameter) const {
  return !std::binary_search(compiled_->denied_search.begin(), compiled_->denied_search.end(),
                             parameter);
}

const std::string& Scope::canonical() const {
  return compiled_->canonical;
}

const crypto::Digest& Scope::digest() const {
  return compiled_->digest;
}

}  // namespace continuum::access
