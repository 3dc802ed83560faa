#include <fmt/format.h>

#include <span>

#include "access/policy_document.h"

namespace continuum::access {
namespace {

constexpr size_t kMembersPerLine = 10;

std::string text_of(const CodeRange& range) {
  return range.first == range.last ? to_string(range.first)
                                   : to_string(range.first) + ".." + to_string(range.last);
}
std::string text_of(fhir::TypeNumber type) {
  return std::string(fhir::type_name(type));
}

// "a, b or c"
std::string list_of(std::span<const std::string> words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    out += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

template <typename Member>
std::string list_of(const Choice<Member>& choice) {
  std::vector<std::string> words = choice.sets;
  for (const Member& member : choice.members) {
    words.push_back(text_of(member));
  }
  return list_of(words);
}

template <typename Table>
std::string list_of(unsigned mask, const Table& table) {
  std::vector<std::string> words;
  for (const auto& [value, name] : table) {
    if ((mask & only(value)) != 0) {
      words.emplace_back(name);
    }
  }
  return list_of(words);
}

template <typename Member>
void write_sets(std::string& out, std::string_view keyword,
                const std::vector<NamedSet<Member>>& sets) {
  for (const NamedSet<Member>& set : sets) {
    out += fmt::format("{} {} =", keyword, set.name);
    for (size_t i = 0; i < set.members.size(); ++i) {
      out += (i % kMembersPerLine == 0 ? "\n  " : " ") + text_of(set.members[i]);
    }
    out += '\n';
  }
}

std::string who_text(const Who& who) {
  std::string out =
      who.kinds == kEveryPrincipalKind ? "anyone signed in" : list_of(who.kinds, kPrincipalWords);
  if (!who.roles.empty()) {
    out += " with role " + list_of(who.roles);
  }
  if (!who.activities.empty()) {
    out += " with activity " + list_of(who.activities);
  }
  if (who.organisations != 0) {
    out += " of " + list_of(who.organisations, config::kOrganisationKinds);
  }
  if (!who.purposes.empty()) {
    out += " for " + list_of(who.purposes);
  }
  return out;
}

std::string when_text(const When& when) {
  std::vector<std::string> terms;
  Places implied = kEveryPlace;
  if (when.related != kNoRelationship) {
    terms.push_back("related by " + list_of(when.related, kRelationshipKinds));
    implied &= only(PlaceFacts::kPatient);
  }
  if (when.self) {
    terms.emplace_back("self");
    implied &= only(PlaceFacts::kPatient);
  }
  if (when.own_source) {
    terms.emplace_back("own source");
    implied &= kOwnSourcePlaces;
  }
  if (when.places != implied) {
    terms.emplace_back(when.places == only(PlaceFacts::kPatient)  ? "any patient"
                       : when.places == only(PlaceFacts::kShared) ? "shared"
                                                                  : "quarantined");
  } else if (terms.empty()) {
    terms.emplace_back("any place");
  }
  if (!when.label_classes.empty()) {
    std::vector<std::string> labels;
    for (const uint8_t label : when.label_classes) {
      labels.push_back(std::to_string(label));
    }
    terms.push_back("labelled " + list_of(labels));
  }
  return fmt::format("{}", fmt::join(terms, " and "));
}

void write_rule(std::string& out, const Rule& rule) {
  out += fmt::format("rule {}\n  who {}\n  when {}\n  {} {}\n", rule.name, who_text(rule.who),
                     when_text(rule.when), rule.effect == Effect::kAllow ? "allow" : "deny",
                     rule.types.empty() ? "everything" : "types " + list_of(rule.types));
  const std::vector<fhir::ParameterNumber>& denied = rule.denied_search;
  for (size_t i = 0; i < denied.size();) {
    const fhir::TypeNumber type = fhir::parameter(denied[i]).type;
    std::vector<std::string> codes;
    for (; i < denied.size() && fhir::parameter(denied[i]).type == type &&
           codes.size() < kMembersPerLine;
         ++i) {
      codes.emplace_back(fhir::parameter(denied[i]).code);
    }
    out += fmt::format("  deny search {} {}\n", fhir::type_name(type), list_of(codes));
  }
}

}  // namespace

bool same_rule(const Rule& left, const Rule& right) {
  return left.name == right.name && left.who == right.who && left.when == right.when &&
         left.effect == right.effect && left.types == right.types &&
         left.denied_search == right.denied_search;
}

bool same_policy(const PolicyDocument& left, const PolicyDocument& right) {
  return left.name == right.name && left.version == right.version && left.roles == right.roles &&
         left.activities == right.activities && left.types == right.types &&
         left.windows == right.windows &&
         std::equal(left.rules.begin(), left.rules.end(), right.rules.begin(), right.rules.end(),
                    same_rule);
}

std::string to_text(const PolicyDocument& document) {
  std::string out = fmt::format("policy \"{}\" version {}\n", document.name, document.version);
  write_sets(out, "roles", document.roles);
  write_sets(out, "activities", document.activities);
  write_sets(out, "types", document.types);
  for (const auto& [kind, name] : kRelationshipKinds) {
    const Window& window = document.windows[static_cast<size_t>(kind)];
    out += fmt::format("window {} {} days before start {} days after end\n", name,
                       window.days_before_start, window.days_after_end);
  }
  for (const Rule& rule : document.rules) {
    write_rule(out, rule);
  }
  return out;
}

}  // namespace continuum::access
