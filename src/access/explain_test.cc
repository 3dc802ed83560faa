#include "access/explain.h"

#include <gtest/gtest.h>

#include "access/policy_words.h"
#include "base/file_system.h"

namespace continuum::access {
namespace {

Explanation asked(std::string_view caller_words, std::string_view place_words,
                  std::string_view type) {
  const Policy policy = Policy::load(posix_files(), "policy/region.policy").value();
  const CallerInWords caller = parse_caller(caller_words).value();
  return explain(policy, caller.principal, caller.organisation, parse_place(place_words).value(),
                 {.type = fhir::type_number(type).value()});
}

bool says(const Explanation& explanation, std::string_view text) {
  return explanation.text.find(text) != std::string::npos;
}

TEST(Explain, WalksToTheRuleThatDecides) {
  const Explanation why = asked("staff role=R8009", "patient related=referral", "Patient");
  EXPECT_TRUE(why.allow);
  EXPECT_EQ(why.rule, "identity-only");
  EXPECT_TRUE(says(why, "it is for citizen; the caller is staff")) << why.text;
  EXPECT_TRUE(says(why, "R9500..R9755; the caller has R8009")) << why.text;
  EXPECT_TRUE(says(why, "decides: every condition holds")) << why.text;
  EXPECT_FALSE(says(why, "rule directory")) << why.text;
}

TEST(Explain, SaysWhyNoRuleDecides) {
  const Explanation why = asked("staff role=R8000", "patient", "Observation");
  EXPECT_FALSE(why.allow);
  EXPECT_EQ(why.rule, "default");
  EXPECT_TRUE(says(why, "needs a live relationship of")) << why.text;
  EXPECT_TRUE(says(why, "it is about what is shared; the item is in a patient's record"))
      << why.text;
  EXPECT_TRUE(says(why, "deny by default")) << why.text;
}

TEST(Explain, NamesTypeAndOwnership) {
  EXPECT_TRUE(says(asked("staff role=R8009", "patient related=referral", "Condition"),
                   "it does not name Condition"));
  EXPECT_TRUE(says(asked("citizen", "patient", "Condition"), "the caller's own record"));
  EXPECT_TRUE(says(asked("system source=a", "quarantined", "Condition"), "caller's system sent"));
}

TEST(Words, RefuseWhatTheyDontKnow) {
  for (const std::string_view words :
       {"", "stuff", "staff role=8000", "staff role=R8000 role=R8001", "staff colour=red",
        "staff kind=surgery", "staff org=a", "staff purpose=FUN", "system source=A B"}) {
    EXPECT_EQ(parse_caller(words).error().code, ErrorCode::kInvalid) << words;
  }
  for (const std::string_view words :
       {"", "person", "patient related=", "patient related=friend", "patient self=yes",
        "shared self", "shared own-source", "quarantined related=admission", "quarantined self"}) {
    EXPECT_EQ(parse_place(words).error().code, ErrorCode::kInvalid) << words;
  }
}

TEST(Words, GiveEveryFact) {
  const CallerInWords caller =
      parse_caller("staff role=S8000,R8000 activity=B0015 org=A81001 kind=gp-practice purpose=BTG")
          .value();
  EXPECT_EQ(caller.principal.kind, PrincipalKind::kStaff);
  EXPECT_EQ(caller.principal.role_codes, (std::vector<std::string>{"S8000", "R8000"}));
  EXPECT_EQ(caller.principal.activities, std::vector<std::string>{"B0015"});
  EXPECT_EQ(caller.principal.organisation, "A81001");
  EXPECT_EQ(caller.principal.purpose, "BTG");
  EXPECT_EQ(caller.organisation, config::OrganisationKind::kGpPractice);
  EXPECT_EQ(parse_caller("citizen")->principal.purpose, "PATRQT");
  EXPECT_EQ(parse_caller("system source=mill-lane")->principal.source, "mill-lane");
  const PlaceFacts place =
      parse_place("patient related=admission,caseload self own-source").value();
  EXPECT_EQ(place,
            (PlaceFacts{.related = static_cast<RelationshipKinds>(
                            only(RelationshipKind::kAdmission) | only(RelationshipKind::kCaseload)),
                        .self = true,
                        .own_source = true}));
}

}  // namespace
}  // namespace continuum::access
