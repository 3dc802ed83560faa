#include "access/policy.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "base/file_system.h"

namespace continuum::access {
namespace {

using config::OrganisationKind;

constexpr std::string_view kWindows =
    "window registration 0 days after end\n"
    "window admission 28 days after end\n"
    "window emergency 3 days after end\n"
    "window outpatient 14 days before start 28 days after end\n"
    "window referral 0 days after end\n"
    "window caseload 1 day after end\n"
    "window social-care 28 days after end\n";

std::string policy_with(std::string_view statements) {
  return "policy \"Test\" version 3\n" + std::string(kWindows) + std::string(statements);
}

Policy parsed(std::string_view statements) {
  auto policy = Policy::parse(policy_with(statements), "test.policy");
  EXPECT_TRUE(policy.has_value()) << (policy ? "" : policy.error().text());
  return policy.value();
}

Principal staff(std::vector<std::string> roles) {
  Principal principal;
  principal.kind = PrincipalKind::kStaff;
  principal.role_codes = std::move(roles);
  principal.purpose = "TREAT";
  return principal;
}

fhir::TypeNumber type(std::string_view name) {
  return fhir::type_number(name).value();
}

TEST(Policy, FirstRuleWhoseEveryConditionHoldsDecides) {
  const Policy policy = parsed(
      "roles clinical = R8000, R9500..R9755\n"
      "rule closed\n  who staff\n  when related by admission and labelled 3\n  deny everything\n"
      "rule open\n  who staff with role clinical\n  when related by admission or caseload\n"
      "  allow types Observation or Patient\n");
  const Scope scope = policy.compile(staff({"S8000", "R9600"}), OrganisationKind::kOther);
  const PlaceFacts related{.related = only(RelationshipKind::kAdmission)};
  const ItemFacts observation{.type = type("Observation")};
  EXPECT_EQ(scope.decide(related, observation), (Decision{true, "open"}));
  EXPECT_EQ(scope.decide(related, {type("Observation"), 3}), (Decision{false, "closed"}));
  EXPECT_EQ(scope.decide(related, {type("Condition"), 0}), Decision{});
  EXPECT_EQ(scope.decide({}, observation), Decision{});
  EXPECT_EQ(policy.compile(staff({"R9756"}), OrganisationKind::kOther).decide(related, observation),
            Decision{});
}

TEST(Policy, KnowsItself) {
  const std::string text = policy_with("rule a\n  who staff\n  when shared\n  allow everything\n");
  const Policy policy = Policy::parse(text, "test.policy").value();
  EXPECT_EQ(policy.name(), "Test");
  EXPECT_EQ(policy.version(), 3U);
  EXPECT_EQ(policy.text(), text);
  EXPECT_EQ(policy.digest(), crypto::sha256(text));
  ASSERT_EQ(policy.rules().size(), 1U);
  EXPECT_EQ(policy.rules()[0].name, "a");
  EXPECT_EQ(policy.rules()[0].line, 9U);
  EXPECT_EQ(policy.windows()[static_cast<size_t>(RelationshipKind::kOutpatient)], (Window{14, 28}));
  EXPECT_EQ(policy.windows()[static_cast<size_t>(RelationshipKind::kCaseload)], (Window{0, 1}));
}

TEST(Policy, TheRegionsOwnParses) {
  auto policy = Policy::load(posix_files(), "policy/region.policy");
  ASSERT_TRUE(policy.has_value()) << policy.error().text();
  EXPECT_EQ(policy->rules().size(), 5U);
}

}  // namespace
}  // namespace continuum::access
