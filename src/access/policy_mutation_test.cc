// Every small change of a policy must be noticed by its case files: what no case notices, nobody
// decided. A change that changes nothing (a code added that a range holds already, or that an
// earlier rule decides for) does not count.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "access/limits.h"
#include "access/policy.h"
#include "access/policy_case.h"
#include "access/policy_rules.h"
#include "base/file_system.h"

namespace continuum::access {
namespace {

constexpr size_t kFailuresShownMax = 20;

struct Mutant {
  std::string what;
  PolicyDocument document;
};

std::string text_of(const CodeRange& range) {
  return to_string(range.first) + ".." + to_string(range.last);
}
std::string text_of(fhir::TypeNumber type) {
  return std::string(fhir::type_name(type));
}

std::string codes_text(const std::vector<CodeRange>& ranges) {
  std::set<Code> codes;
  for (const CodeRange& range : ranges) {
    for (Code code = range.first; code <= range.last; ++code.number) {
      codes.insert(code);
    }
  }
  std::string out = ranges.empty() ? "any" : "";
  for (const Code code : codes) {
    out += to_string(code) + ",";
  }
  return out;
}

// Equal for policies that decide alike in every case, as far as each rule by itself tells.
std::string meaning(const PolicyDocument& document) {
  std::string out;
  for (const ResolvedRule& each : resolve(document)) {
    const Who& who = each.rule.who;
    out += std::to_string(who.kinds) + " " + codes_text(each.roles) + " " +
           codes_text(each.activities) + " " + std::to_string(who.organisations);
    for (const std::string& purpose : std::set(who.purposes.begin(), who.purposes.end())) {
      out += " " + purpose;
    }
    out += "\n" + Scope({each.scope_rule}, each.rule.denied_search).canonical();
  }
  for (const Window& window : document.windows) {
    out += std::to_string(window.days_before_start) + "-" + std::to_string(window.days_after_end) +
           " ";
  }
  return out;
}

// The ends of every range a policy names, and the codes just outside.
std::set<Code> codes_about(const PolicyDocument& document) {
  std::set<Code> codes;
  const auto collect = [&](const std::vector<CodeRange>& ranges) {
    for (const CodeRange& range : ranges) {
      Code before = range.first;
      Code after = range.last;
      --before.number;
      ++after.number;
      codes.insert({range.first, range.last, before, after});
    }
  };
  for (const ResolvedRule& each : resolve(document)) {
    collect(each.roles);
    collect(each.activities);
  }
  return codes;
}

class MutantMaker {
 public:
  explicit MutantMaker(const PolicyDocument& original)
      : original_(original), meaning_(meaning(original)) {}

  std::vector<Mutant> make() {
    change_windows();
    change_sets(&PolicyDocument::roles, "roles");
    change_sets(&PolicyDocument::activities, "activities");
    change_type_sets();
    for (size_t i = 0; i < original_.rules.size(); ++i) {
      change_rule(i);
    }
    return std::move(mutants_);
  }

 private:
  void add(const std::string& what, const std::function<void(PolicyDocument&)>& change) {
    PolicyDocument changed = original_;
    change(changed);
    if (seen_.insert(what).second && meaning(changed) != meaning_) {
      mutants_.push_back({what, std::move(changed)});
    }
  }

  void change_windows() {
    for (const auto& [kind, name] : kRelationshipKinds) {
      const auto at = static_cast<size_t>(kind);
      for (int32_t Window::*bound : {&Window::days_before_start, &Window::days_after_end}) {
        for (const int32_t step : {-1, 1}) {
          if (original_.windows[at].*bound + step >= 0) {
            add("window " + std::string(name) + (step < 0 ? " shorter" : " longer"),
                [&](PolicyDocument& document) { document.windows[at].*bound += step; });
          }
        }
      }
    }
  }

  // Each with one code less or one code more; `members` finds them in a document.
  void change_codes(const std::string& where,
                    const std::function<std::vector<CodeRange>&(PolicyDocument&)>& members) {
    PolicyDocument copy = original_;
    const std::vector<CodeRange> now = members(copy);
    for (size_t i = 0; i < now.size(); ++i) {
      if (now.size() > 1) {
        add(where + " without " + text_of(now[i]), [&](PolicyDocument& document) {
          members(document).erase(members(document).begin() + static_cast<std::ptrdiff_t>(i));
        });
      }
      if (now[i].first != now[i].last) {
        add(where + " without the first of " + text_of(now[i]),
            [&](PolicyDocument& document) { ++members(document)[i].first.number; });
        add(where + " without the last of " + text_of(now[i]),
            [&](PolicyDocument& document) { --members(document)[i].last.number; });
      }
    }
    for (const Code more : codes_about(original_)) {
      add(where + " with " + to_string(more), [&](PolicyDocument& document) {
        members(document).push_back({more, more});
      });
    }
  }

  void change_sets(std::vector<CodeSet> PolicyDocument::*sets, const std::string& kind) {
    for (size_t i = 0; i < (original_.*sets).size(); ++i) {
      change_codes(
          kind + " " + (original_.*sets)[i].name, [=](PolicyDocument & document) -> auto& {
            return (document.*sets)[i].members;
          });
    }
  }

  void change_types(const std::string& where,
                    const std::function<std::vector<fhir::TypeNumber>&(PolicyDocument&)>& members) {
    PolicyDocument copy = original_;
    const std::vector<fhir::TypeNumber> now = members(copy);
    for (size_t i = 0; now.size() > 1 && i < now.size(); ++i) {
      add(where + " without " + text_of(now[i]), [&](PolicyDocument& document) {
        members(document).erase(members(document).begin() + static_cast<std::ptrdiff_t>(i));
      });
    }
    for (size_t type = 0; type < fhir::type_count(); ++type) {
      const auto more = static_cast<fhir::TypeNumber>(type);
      add(where + " with " + text_of(more),
          [&](PolicyDocument& document) { members(document).push_back(more); });
    }
  }

  void change_type_sets() {
    for (size_t i = 0; i < original_.types.size(); ++i) {
      change_types(
          "types " + original_.types[i].name, [=](PolicyDocument & document) -> auto& {
            return document.types[i].members;
          });
    }
  }

  void change_rule(size_t i) {
    const Rule& rule = original_.rules[i];
    const std::string where = "rule " + rule.name;
    add(where + " turned round", [&](PolicyDocument& document) {
      document.rules[i].effect = rule.effect == Effect::kAllow ? Effect::kDeny : Effect::kAllow;
    });
    if (original_.rules.size() > 1) {
      add(where + " removed", [&](PolicyDocument& document) {
        document.rules.erase(document.rules.begin() + static_cast<std::ptrdiff_t>(i));
      });
    }
    change_who(i, where);
    change_when(i, where);
    change_choice_of_types(i, where);
    for (size_t j = 0; j < rule.denied_search.size(); ++j) {
      add(where + " without a denied search", [&](PolicyDocument& document) {
        auto& denied = document.rules[i].denied_search;
        denied.erase(denied.begin() + static_cast<std::ptrdiff_t>(j));
      });
    }
  }

  // A mask with each bit turned; never an empty one, which would mean another thing.
  template <typename Mask, typename Table>
  void change_mask(const std::string& where, const Table& table,
                   const std::function<Mask&(PolicyDocument&)>& mask) {
    PolicyDocument copy = original_;
    const Mask now = mask(copy);
    for (const auto& [value, name] : table) {
      const auto turned = static_cast<Mask>(now ^ only(value));
      if (turned != 0) {
        add(where + ((now & only(value)) != 0 ? " without " : " with ") + std::string(name),
            [&](PolicyDocument& document) { mask(document) = turned; });
      }
    }
  }

  template <typename Member>
  void change_set_names(const std::string& where,
                        const std::function<Choice<Member>&(PolicyDocument&)>& choice) {
    PolicyDocument copy = original_;
    const Choice<Member> now = choice(copy);
    for (size_t j = 0; now.sets.size() + now.members.size() > 1 && j < now.sets.size(); ++j) {
      add(where + " without " + now.sets[j], [&](PolicyDocument& document) {
        auto& sets = choice(document).sets;
        sets.erase(sets.begin() + static_cast<std::ptrdiff_t>(j));
      });
    }
    add(where + ": dropped", [&](PolicyDocument& document) { choice(document) = {}; });
  }

  void change_codes_of_rule(size_t i, Choice<CodeRange> Who::*choice, const std::string& where) {
    if ((original_.rules[i].who.*choice).empty()) {
      return;
    }
    change_set_names<CodeRange>(
        where, [=](PolicyDocument & document) -> auto& { return document.rules[i].who.*choice; });
    change_codes(
        where, [=](PolicyDocument & document) -> auto& {
          return (document.rules[i].who.*choice).members;
        });
  }

  void change_who(size_t i, const std::string& where) {
    const Who& who = original_.rules[i].who;
    add(where + " for anyone",
        [&](PolicyDocument& document) { document.rules[i].who.kinds = kEveryPrincipalKind; });
    change_mask<PrincipalKinds>(
        where + " who", kPrincipalWords, [=](PolicyDocument & document) -> auto& {
          return document.rules[i].who.kinds;
        });
    change_codes_of_rule(i, &Who::roles, where + " role");
    change_codes_of_rule(i, &Who::activities, where + " activity");
    if (who.organisations != 0) {
      add(where + " of any organisation",
          [&](PolicyDocument& document) { document.rules[i].who.organisations = 0; });
      change_mask<OrganisationKinds>(
          where + " of", config::kOrganisationKinds, [=](PolicyDocument & document) -> auto& {
            return document.rules[i].who.organisations;
          });
    }
    change_purposes(i, where);
  }

  void change_purposes(size_t i, const std::string& where) {
    const std::vector<std::string>& now = original_.rules[i].who.purposes;
    if (now.empty()) {
      return;
    }
    add(where + " for any purpose",
        [&](PolicyDocument& document) { document.rules[i].who.purposes.clear(); });
    for (size_t j = 0; now.size() > 1 && j < now.size(); ++j) {
      add(where + " not for " + now[j], [&](PolicyDocument& document) {
        auto& purposes = document.rules[i].who.purposes;
        purposes.erase(purposes.begin() + static_cast<std::ptrdiff_t>(j));
      });
    }
    for (const std::string_view more : kPurposes) {
      if (std::find(now.begin(), now.end(), more) == now.end()) {
        add(where + " for " + std::string(more),
            [&](PolicyDocument& document) { document.rules[i].who.purposes.emplace_back(more); });
      }
    }
  }

  static Places implied_places(const When& when) {
    Places places = kEveryPlace;
    places &= when.related != kNoRelationship || when.self ? only(PlaceFacts::kPatient) : places;
    return when.own_source ? static_cast<Places>(places & kOwnSourcePlaces) : places;
  }

  // Drops a condition; the places are left as they are, and as they would be without it.
  void drop(size_t i, const std::string& what, const std::function<void(When&)>& change) {
    add(what + ": dropped", [&](PolicyDocument& document) { change(document.rules[i].when); });
    add(what + ": dropped, with its place", [&](PolicyDocument& document) {
      When& when = document.rules[i].when;
      change(when);
      when.places = implied_places(when);
    });
  }

  void change_when(size_t i, const std::string& where) {
    const When& when = original_.rules[i].when;
    if (when.related != kNoRelationship) {
      drop(i, where + " related", [](When& each) { each.related = kNoRelationship; });
      change_mask<RelationshipKinds>(
          where + " related", kRelationshipKinds, [=](PolicyDocument & document) -> auto& {
            return document.rules[i].when.related;
          });
    }
    if (when.self) {
      drop(i, where + " self", [](When& each) { each.self = false; });
    }
    if (when.own_source) {
      drop(i, where + " own source", [](When& each) { each.own_source = false; });
    }
    add(where + " at any place", [&](PolicyDocument& document) {
      document.rules[i].when.places = implied_places(document.rules[i].when);
    });
    for (const auto place : {PlaceFacts::kPatient, PlaceFacts::kShared, PlaceFacts::kQuarantined}) {
      if ((when.places & only(place)) != 0 && when.places != only(place)) {
        add(where + " without a place", [&](PolicyDocument& document) {
          document.rules[i].when.places =
              static_cast<Places>(when.places & static_cast<Places>(~only(place)));
        });
      }
    }
    change_labels(i, where);
  }

  void change_labels(size_t i, const std::string& where) {
    const std::vector<uint8_t>& now = original_.rules[i].when.label_classes;
    if (now.empty()) {
      return;
    }
    add(where + " with any label",
        [&](PolicyDocument& document) { document.rules[i].when.label_classes.clear(); });
    for (size_t j = 0; j < now.size(); ++j) {
      if (now.size() > 1) {
        add(where + " without label " + std::to_string(now[j]), [&](PolicyDocument& document) {
          auto& labels = document.rules[i].when.label_classes;
          labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(j));
        });
      }
      for (const int step : {-1, 1}) {
        const int more = now[j] + step;
        if (more >= 0 && more < 256) {
          add(where + " with label " + std::to_string(more), [&](PolicyDocument& document) {
            document.rules[i].when.label_classes.push_back(static_cast<uint8_t>(more));
          });
        }
      }
    }
  }

  void change_choice_of_types(size_t i, const std::string& where) {
    if (original_.rules[i].types.empty()) {
      return;
    }
    change_set_names<fhir::TypeNumber>(
        where + " types", [=](PolicyDocument & document) -> auto& {
          return document.rules[i].types;
        });
    change_types(
        where + " types", [=](PolicyDocument & document) -> auto& {
          return document.rules[i].types.members;
        });
  }

  const PolicyDocument& original_;
  std::string meaning_;
  std::set<std::string> seen_;
  std::vector<Mutant> mutants_;
};

// Callers that a policy may tell apart, one code each.
std::vector<CallerInWords> callers_about(const PolicyDocument& document) {
  std::vector<CallerInWords> callers;
  for (const auto& [kind, word] : kPrincipalWords) {
    for (const Code code : codes_about(document)) {
      for (const auto& [organisation, name] : config::kOrganisationKinds) {
        for (const std::string_view purpose : kPurposes) {
          CallerInWords caller;
          caller.principal.kind = kind;
          caller.principal.role_codes = {to_string(code)};
          caller.principal.activities = {to_string(code)};
          caller.principal.purpose = std::string(purpose);
          caller.organisation = organisation;
          callers.push_back(std::move(caller));
        }
      }
    }
  }
  return callers;
}

std::vector<PlaceFacts> places_about() {
  std::vector<PlaceFacts> places{{.place = PlaceFacts::kShared},
                                 {.place = PlaceFacts::kQuarantined},
                                 {.place = PlaceFacts::kQuarantined, .own_source = true}};
  std::vector<RelationshipKinds> related{kNoRelationship, kEveryRelationship};
  for (const auto& [kind, name] : kRelationshipKinds) {
    related.push_back(only(kind));
  }
  for (const RelationshipKinds kinds : related) {
    for (const bool self : {false, true}) {
      for (const bool own_source : {false, true}) {
        places.push_back({.related = kinds, .self = self, .own_source = own_source});
      }
    }
  }
  return places;
}

// Whether two scopes decide every item at every place alike, naming the same rules.
bool decide_alike(const Scope& left, const Scope& right) {
  static const std::vector<PlaceFacts> places = places_about();
  for (const PlaceFacts& place : places) {
    for (size_t type = 0; type < fhir::type_count(); ++type) {
      for (uint8_t label = 0; label < 10; ++label) {
        const ItemFacts item{static_cast<fhir::TypeNumber>(type), label};
        if (left.decide(place, item) != right.decide(place, item)) {
          return false;
        }
      }
    }
  }
  return true;
}

// Whether a change is none: a code given to a rule that an earlier one decides for anyway. Windows
// and denied searches are never weighed up this way.
bool same_for_everyone(const Policy& left, const Policy& right) {
  if (left.windows() != right.windows()) {
    return false;
  }
  std::set<std::string> compared;
  for (const CallerInWords& caller : callers_about(left.document())) {
    const Scope before = left.compile(caller.principal, caller.organisation);
    const Scope after = right.compile(caller.principal, caller.organisation);
    if (before.digest() == after.digest() ||
        !compared.insert(before.canonical() + after.canonical()).second) {
      continue;
    }
    const bool searches = before.canonical().find("deny-search") != std::string::npos ||
                          after.canonical().find("deny-search") != std::string::npos;
    if (searches || !decide_alike(before, after)) {
      return false;
    }
  }
  return true;
}

struct Files {
  const char* policy;
  const char* cases;
  size_t mutants_min;  // that the maker is known to make
};

class PolicyCases : public ::testing::TestWithParam<Files> {
 protected:
  void SetUp() override {
    auto policy = Policy::load(posix_files(), GetParam().policy);
    ASSERT_TRUE(policy.has_value()) << policy.error().text();
    policy_.emplace(*policy);
    auto text = read_file(posix_files(), GetParam().cases, kPolicyCaseBytesMax);
    ASSERT_TRUE(text.has_value()) << text.error().text();
    auto cases = parse_policy_cases(*text, GetParam().cases);
    ASSERT_TRUE(cases.has_value()) << cases.error().text();
    cases_ = *std::move(cases);
  }

  std::optional<Policy> policy_;
  std::vector<PolicyCase> cases_;
};

TEST_P(PolicyCases, Hold) {
  for (const auto& failure : run_policy_cases(*policy_, cases_, kFailuresShownMax)) {
    ADD_FAILURE() << GetParam().cases << ":" << failure.line << ": " << failure.what;
  }
}

TEST_P(PolicyCases, NameEveryRule) {
  for (const Rule& rule : policy_->rules()) {
    EXPECT_TRUE(std::any_of(cases_.begin(), cases_.end(),
                            [&](const PolicyCase& each) {
                              const auto* asks = std::get_if<DecisionCase>(&each.asks);
                              return asks != nullptr && asks->rule == rule.name;
                            }))
        << "no case is decided by rule " << rule.name;
  }
}

// Failing on survivors is the point: each is a change of the policy that no case would notice.
TEST_P(PolicyCases, NoticeEverySmallChange) {
  const std::vector<Mutant> mutants = MutantMaker(policy_->document()).make();
  EXPECT_GE(mutants.size(), GetParam().mutants_min);
  size_t survivors = 0;
  size_t same = 0;
  for (const Mutant& mutant : mutants) {
    auto changed = Policy::parse(to_text(mutant.document), "mutant");
    ASSERT_TRUE(changed.has_value()) << mutant.what << ": " << changed.error().text();
    if (!run_policy_cases(*changed, cases_, 1).empty()) {
      continue;
    }
    if (same_for_everyone(*policy_, *changed)) {
      ++same;
    } else {
      ++survivors;
      ADD_FAILURE() << "survives: " << mutant.what;
    }
  }
  std::printf("%s: %zu cases, %zu small changes, %zu of them none, %zu survive\n",
              GetParam().policy, cases_.size(), mutants.size(), same, survivors);
}

INSTANTIATE_TEST_SUITE_P(
    Files, PolicyCases,
    ::testing::Values(Files{"policy/region.policy", "tests/cases/policy/region.case", 600},
                      Files{"tests/cases/policy/conditions.policy",
                            "tests/cases/policy/conditions.case", 600}),
    [](const auto& tested) { return std::string("Case") + std::to_string(tested.index); });

}  // namespace
}  // namespace continuum::access
