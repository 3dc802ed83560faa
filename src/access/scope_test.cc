#include "access/scope.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "access/explain.h"
#include "access/limits.h"
#include "access/policy.h"

namespace continuum::access {
namespace {

using record::Ord;

fhir::TypeNumber type(std::string_view name) {
  return fhir::type_number(name).value();
}

std::bitset<256> all() {
  return std::bitset<256>().set();
}

std::bitset<256> one(size_t bit) {
  return std::bitset<256>().set(bit);
}

ScopeRule allow_related(std::string name, RelationshipKinds related) {
  return {.name = std::move(name),
          .allow = true,
          .places = only(PlaceFacts::kPatient),
          .related = related,
          .types = all(),
          .label_classes = all()};
}

TEST(Scope, AllowsNothingByItself) {
  const Scope scope;
  EXPECT_EQ(scope.decide({.related = kEveryRelationship, .self = true, .own_source = true}, {}),
            Decision{});
  EXPECT_FALSE(scope.sees_person_records());
  EXPECT_FALSE(scope.may_see_anything_of({.related = kEveryRelationship, .self = true}));
  EXPECT_EQ(scope.kinds_that_matter(), kNoRelationship);
  EXPECT_TRUE(scope.may_search(0));
}

TEST(Scope, FactsCountOnlyWhereTheyCanBe) {
  ScopeRule self = allow_related("self", kNoRelationship);
  self.places = kEveryPlace;
  self.self = true;
  ScopeRule own = allow_related("own", kNoRelationship);
  own.places = kEveryPlace;
  own.own_source = true;
  ScopeRule related = allow_related("related", only(RelationshipKind::kAdmission));
  related.places = kEveryPlace;
  const Scope scope({self, own, related}, {});
  const RelationshipKinds admission = only(RelationshipKind::kAdmission);
  for (const auto place : {PlaceFacts::kShared, PlaceFacts::kQuarantined}) {
    EXPECT_FALSE(scope.decide({.place = place, .related = admission, .self = true}, {}).allow);
  }
  EXPECT_FALSE(scope.decide({.place = PlaceFacts::kShared, .own_source = true}, {}).allow);
  EXPECT_EQ(scope.decide({.place = PlaceFacts::kQuarantined, .own_source = true}, {}).rule, "own");
  EXPECT_EQ(scope.decide({.related = admission}, {}).rule, "related");
}

TEST(Scope, SaysWhichFactsMatter) {
  ScopeRule own = allow_related("own", kNoRelationship);
  own.own_source = true;
  const Scope scope({allow_related("a", only(RelationshipKind::kAdmission)), own}, {3, 1, 3});
  EXPECT_EQ(scope.kinds_that_matter(), only(RelationshipKind::kAdmission));
  EXPECT_TRUE(scope.own_source_matters());
  EXPECT_FALSE(scope.self_matters());
  EXPECT_TRUE(scope.sees_person_records());
  EXPECT_FALSE(scope.may_search(1));
  EXPECT_TRUE(scope.may_search(2));
  EXPECT_FALSE(scope.may_search(3));
}

TEST(Scope, LooksAtWholePlacesOnlyWhereItMust) {
  ScopeRule own = allow_related("own", kNoRelationship);
  own.own_source = true;
  own.places = kOwnSourcePlaces;
  const ScopeRule related = allow_related("a", only(RelationshipKind::kAdmission));
  EXPECT_EQ(Scope({related, own}, {}).places_that_matter(), 0);
  ScopeRule quarantined = own;
  quarantined.places = only(PlaceFacts::kQuarantined);
  EXPECT_EQ(Scope({related, quarantined}, {}).places_that_matter(), only(PlaceFacts::kQuarantined));
  EXPECT_EQ(Scope({allow_related("all", kNoRelationship)}, {}).places_that_matter(),
            only(PlaceFacts::kPatient));
}

TEST(Scope, AnythingMeansWhatIsLeftAfterDenials) {
  ScopeRule deny = allow_related("deny", kNoRelationship);
  deny.allow = false;
  deny.types = one(type("Flag"));
  ScopeRule allow = allow_related("allow", only(RelationshipKind::kCaseload));
  allow.types = one(type("Flag"));
  const PlaceFacts caseload{.related = only(RelationshipKind::kCaseload)};
  EXPECT_TRUE(Scope({allow}, {}).may_see_anything_of(caseload));
  EXPECT_FALSE(Scope({deny, allow}, {}).may_see_anything_of(caseload));
  allow.types.set(type("Observation"));
  EXPECT_TRUE(Scope({deny, allow}, {}).may_see_anything_of(caseload));
  EXPECT_FALSE(Scope({deny, allow}, {}).may_see_anything_of({}));
}

TEST(Scope, CanonicalTextTellsScopesApart) {
  ScopeRule rule = allow_related("a", only(RelationshipKind::kAdmission));
  rule.types = one(type("Flag"));
  rule.label_classes = one(2);
  const Scope scope({rule}, {*fhir::parameter_number(type("Patient"), "address")});
  EXPECT_EQ(scope.canonical(),
            "scope 1\nallow a places=patient related=admission types=Flag labels=2\n"
            "deny-search Patient address\n");
  EXPECT_EQ(scope.digest(), crypto::sha256(scope.canonical()));
  EXPECT_NE(scope.digest(), Scope().digest());
  EXPECT_EQ(Scope().canonical(), "scope 1\n");
}

// --- The same question asked of items and of sets, of random policies ---------------------------

class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}
  uint64_t below(uint64_t end) { return random_() % end; }
  bool once_in(uint64_t times) { return below(times) == 0; }
  // A mask that is not empty.
  template <typename Mask>
  Mask mask(Mask every) {
    const auto drawn = static_cast<Mask>(random_() & every);
    return drawn == 0 ? every : drawn;
  }

 private:
  std::mt19937_64 random_;
};

constexpr std::string_view kTypes[] = {"Patient", "Observation", "Flag", "Organization"};

Who draw_who(Draw& draw) {
  Who who;
  if (!draw.once_in(3)) {
    who.kinds = draw.mask(kEveryPrincipalKind);
  }
  if (draw.once_in(3)) {
    who.roles.sets = {"some"};
  }
  if (draw.once_in(4)) {
    who.activities.members = {CodeRange{{'B', 15}, {'B', 16}}};
  }
  if (draw.once_in(4)) {
    who.organisations = draw.mask<OrganisationKinds>(0x3FF);
  }
  if (draw.once_in(4)) {
    who.purposes = {"TREAT"};
  }
  return who;
}

When draw_when(Draw& draw) {
  When when;
  if (draw.once_in(2)) {
    when.related = draw.mask(kEveryRelationship);
    when.places = only(PlaceFacts::kPatient);
  }
  if (draw.once_in(4)) {
    when.self = true;
    when.places = only(PlaceFacts::kPatient);
  }
  if (draw.once_in(4)) {
    when.own_source = true;
    when.places &= kOwnSourcePlaces;
  }
  if (when.places == kEveryPlace && draw.once_in(2)) {
    when.places = only(static_cast<PlaceFacts::Place>(draw.below(3)));
  } else if (when.places == kOwnSourcePlaces && draw.once_in(2)) {
    when.places = only(draw.once_in(2) ? PlaceFacts::kPatient : PlaceFacts::kQuarantined);
  }
  if (draw.once_in(4)) {
    when.label_classes = {static_cast<uint8_t>(draw.below(3))};
  }
  return when;
}

PolicyDocument draw_document(Draw& draw) {
  PolicyDocument document;
  document.name = "Drawn";
  document.version = 1 + static_cast<uint32_t>(draw.below(100));
  document.roles = {{"some", {CodeRange{{'R', 8000}, {'R', 8001}}}}};
  document.types = {{"few", {type("Patient"), type("Flag")}}};
  for (Window& window : document.windows) {
    window = {static_cast<int32_t>(draw.below(30)), static_cast<int32_t>(draw.below(30))};
  }
  const uint64_t rules = 1 + draw.below(6);
  for (uint64_t i = 0; i < rules; ++i) {
    Rule rule{.name = "r" + std::to_string(i),
              .line = 0,
              .who = draw_who(draw),
              .when = draw_when(draw),
              .effect = draw.once_in(3) ? Effect::kDeny : Effect::kAllow,
              .types = {},
              .denied_search = {}};
    if (draw.once_in(2)) {
      rule.types.members = {type(kTypes[draw.below(4)])};
    } else if (draw.once_in(3)) {
      rule.types.sets = {"few"};
    }
    if (draw.once_in(4)) {
      rule.denied_search = {*fhir::parameter_number(type("Patient"), "address")};
    }
    document.rules.push_back(std::move(rule));
  }
  return document;
}

Principal draw_principal(Draw& draw) {
  Principal principal;
  principal.kind = static_cast<PrincipalKind>(1 + draw.below(4));
  principal.role_codes = {draw.once_in(2) ? "R8001" : "R8002"};
  principal.activities = {draw.once_in(2) ? "B0015" : "B0014"};
  principal.purpose = draw.once_in(2) ? "TREAT" : "BTG";
  return principal;
}

// A few of each place, and for each the facts that the sets tell.
struct World {
  Relations relations;
  std::vector<std::pair<Ord, PlaceFacts>> members;
};

World draw_world(Draw& draw) {
  World world;
  const auto add = [&](Ord ord, const PlaceFacts& facts) {
    for (const auto& [kind, name] : kRelationshipKinds) {
      if ((facts.related & only(kind)) != 0) {
        world.relations.related[static_cast<size_t>(kind)].add(ord);
      }
    }
    if (facts.self) {
      world.relations.self.add(ord);
    }
    if (facts.own_source) {
      world.relations.own_source.add(ord);
    }
    (facts.place == PlaceFacts::kPatient  ? world.relations.patients
     : facts.place == PlaceFacts::kShared ? world.relations.shared
                                          : world.relations.quarantined)
        .add(ord);
    world.members.emplace_back(ord, facts);
  };
  add(Ord::shared(), {.place = PlaceFacts::kShared});
  for (uint16_t source = 1; source <= 2; ++source) {
    add(Ord::quarantine(source),
        {.place = PlaceFacts::kQuarantined, .own_source = draw.once_in(2)});
  }
  for (uint32_t i = 0; i < 40; ++i) {
    const auto related =
        static_cast<RelationshipKinds>(draw.once_in(2) ? draw.below(kEveryRelationship + 1) : 0);
    add(Ord::patient(static_cast<uint16_t>(draw.below(3)), record::kFirstPatientLocal + i),
        {.related = related, .self = draw.once_in(8), .own_source = draw.once_in(4)});
  }
  return world;
}

Relations only_what_matters(Relations relations, Places places) {
  if ((places & only(PlaceFacts::kPatient)) == 0) {
    relations.patients = {};
  }
  if ((places & only(PlaceFacts::kShared)) == 0) {
    relations.shared = {};
  }
  if ((places & only(PlaceFacts::kQuarantined)) == 0) {
    relations.quarantined = {};
  }
  return relations;
}

TEST(ScopeProperty, SetFormEqualsItemForm) {
  uint64_t allowed = 0;
  uint64_t denied = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Draw draw(seed);
    const PolicyDocument document = draw_document(draw);
    const auto policy = Policy::parse(to_text(document), "drawn");
    ASSERT_TRUE(policy.has_value()) << policy.error().text() << to_text(document);
    ASSERT_TRUE(same_policy(policy->document(), document)) << to_text(document);
    const Scope scope = policy->compile(draw_principal(draw), config::OrganisationKind::kOther);
    const World world = draw_world(draw);
    const Relations less = only_what_matters(world.relations, scope.places_that_matter());
    std::vector<bool> seen_anything(world.members.size());
    for (size_t number = 0; number < fhir::type_count(); ++number) {
      for (uint8_t label = 0; label < 4; ++label) {
        const ItemFacts item{static_cast<fhir::TypeNumber>(number), label};
        const OrdSet visible = scope.visible(item.type, label, world.relations);
        OrdSet expected;
        for (size_t i = 0; i < world.members.size(); ++i) {
          const auto& [ord, facts] = world.members[i];
          const bool allow = scope.decide(facts, item).allow;
          seen_anything[i] = seen_anything[i] || allow;
          (allow ? allowed : denied) += 1;
          if (allow) {
            expected.add(ord);
          }
        }
        ASSERT_EQ(visible, expected) << to_text(document);
        ASSERT_EQ(scope.visible(item.type, label, less), expected) << to_text(document);
      }
    }
    for (size_t i = 0; i < world.members.size(); ++i) {
      const PlaceFacts& facts = world.members[i].second;
      EXPECT_EQ(scope.may_see_anything_of(facts), seen_anything[i]) << to_text(document);
      const bool of_patient = facts.place == PlaceFacts::kPatient;
      EXPECT_TRUE(scope.sees_person_records() || !of_patient || !seen_anything[i]);
    }
  }
  // Neither answer may be the only one, or the property says nothing.
  EXPECT_GT(allowed, 100'000U);
  EXPECT_GT(denied, 100'000U);
}

TEST(ScopeProperty, FactsThatDontMatterChangeNothing) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Draw draw(seed);
    const auto policy = Policy::parse(to_text(draw_document(draw)), "drawn");
    const Scope scope = policy->compile(draw_principal(draw), config::OrganisationKind::kOther);
    for (const auto& [ord, facts] : draw_world(draw).members) {
      PlaceFacts less = facts;
      less.related &= scope.kinds_that_matter();
      less.self = less.self && scope.self_matters();
      less.own_source = less.own_source && scope.own_source_matters();
      for (const std::string_view name : kTypes) {
        EXPECT_EQ(scope.decide(facts, {type(name), 0}), scope.decide(less, {type(name), 0}));
      }
    }
  }
}

TEST(ScopeProperty, ExplanationsAgreeWithDecisions) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Draw draw(seed);
    const auto policy = Policy::parse(to_text(draw_document(draw)), "drawn");
    const Principal principal = draw_principal(draw);
    const auto organisation = static_cast<config::OrganisationKind>(draw.below(10));
    const Scope scope = policy->compile(principal, organisation);
    for (const auto& [ord, facts] : draw_world(draw).members) {
      const ItemFacts item{type(kTypes[draw.below(4)]), static_cast<uint8_t>(draw.below(4))};
      const Explanation why = explain(*policy, principal, organisation, facts, item);
      const Decision decision = scope.decide(facts, item);
      ASSERT_EQ(why.allow, decision.allow) << why.text;
      ASSERT_EQ(why.rule, decision.rule) << why.text;
    }
  }
}

}  // namespace
}  // namespace continuum::access
