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

// The problems of a text, as "line:column" each; "" when it parses.
std::string problems_of(std::string_view text) {
  const auto policy = Policy::parse(text, "t");
  if (policy) {
    return "";
  }
  EXPECT_EQ(policy.error().code, ErrorCode::kInvalid);
  std::string out;
  for (const ErrorDetail& detail : policy.error().details) {
    EXPECT_FALSE(detail.what.empty());
    out += (out.empty() ? "" : " ") + detail.where.substr(2);
  }
  return out;
}

constexpr std::string_view kRule = "rule a\n  who staff\n  when shared\n  allow everything\n";

// Lines after the nine of the name and the windows; the first given is line 9.
std::string problems_with(std::string_view statements) {
  return problems_of(policy_with(std::string(statements) + std::string(kRule)));
}

std::string first_problem(std::string_view statements) {
  return Policy::parse(policy_with(statements), "t").error().details.at(0).what;
}

TEST(PolicyGrammar, ARuleSaysWhoWhenAndWhat) {
  EXPECT_EQ(problems_with(""), "");
  EXPECT_EQ(problems_with("rule b\n  when shared\n  allow everything\n"), "9:1");
  EXPECT_EQ(problems_with("rule b\n  who staff\n  allow everything\n"), "9:1");
  EXPECT_EQ(problems_with("rule b\n  who staff\n  when shared\n"), "9:1");
  EXPECT_EQ(problems_with("rule b\n  who staff\n  when shared\n  deny search Patient name\n"),
            "9:1");
  EXPECT_EQ(problems_with("rule b\n  who staff\n  who staff\n  when shared\n  allow everything\n"),
            "11:7");
  EXPECT_EQ(
      problems_with("rule b\n  who staff\n  when shared\n  allow everything\n  deny everything\n"),
      "13:8");
  EXPECT_EQ(problems_with("rule a\n  who staff\n  when shared\n  allow everything\n"), "13:6");
  EXPECT_EQ(problems_with("rule default\n"), "9:6");
  EXPECT_EQ(problems_with("rule Upper\n"), "9:6");
  EXPECT_EQ(problems_with("rule\n"), "9:5");
  EXPECT_EQ(problems_with("rule b c\n"), "9:8");
}

TEST(PolicyGrammar, WhoIsCheckedWordByWord) {
  const auto who = [](std::string_view line) {
    return problems_with("roles r = R8000\nactivities b = B0015\nrule b\n  who " +
                         std::string(line) + "\n  when shared\n  allow everything\n");
  };
  EXPECT_EQ(who("anyone signed in"), "");
  EXPECT_EQ(who("staff, citizen or operator with role r, R8001 or R9000..R9001 and with activity b "
                "of gp-practice or other for TREAT, BTG"),
            "");
  EXPECT_EQ(who("anyone"), "12:13");
  EXPECT_EQ(who("nurse"), "12:7");
  EXPECT_EQ(who("staff and"), "12:16");
  EXPECT_EQ(who("staff with"), "12:17");
  EXPECT_EQ(who("staff with role"), "12:22");
  EXPECT_EQ(who("staff with role b"), "12:23");
  EXPECT_EQ(who("staff with role R800"), "12:23");
  EXPECT_EQ(who("staff with role R9001..R9000"), "12:23");
  EXPECT_EQ(who("staff with role R9001..S9002"), "12:23");
  EXPECT_EQ(who("staff with role r, r"), "12:26");
  EXPECT_EQ(who("staff with role r with role r"), "12:35");
  EXPECT_EQ(who("staff with activity r"), "12:27");
  EXPECT_EQ(who("staff of surgery"), "12:16");
  EXPECT_EQ(who("staff of other of other"), "12:25");
  EXPECT_EQ(who("staff for fun"), "12:17");
  EXPECT_EQ(who("staff staff"), "12:13");
}

TEST(PolicyGrammar, WhenIsCheckedWordByWord) {
  const auto when = [](std::string_view line) {
    return problems_with("rule b\n  who staff\n  when " + std::string(line) +
                         "\n  allow everything\n");
  };
  EXPECT_EQ(when("any place"), "");
  EXPECT_EQ(when("any patient and labelled 0, 255"), "");
  EXPECT_EQ(when("related by admission, caseload or social-care and self and own source"), "");
  EXPECT_EQ(when("quarantined and own source"), "");
  EXPECT_EQ(when("any"), "11:11");
  EXPECT_EQ(when("own"), "11:11");
  EXPECT_EQ(when("related"), "11:15");
  EXPECT_EQ(when("related by friendship"), "11:19");
  EXPECT_EQ(when("related by admission and related by caseload"), "11:41");
  EXPECT_EQ(when("labelled 256"), "11:17");
  EXPECT_EQ(when("labelled -1"), "11:17");
  EXPECT_EQ(when("labelled 1, 1"), "11:20");
  EXPECT_EQ(when("shared or quarantined"), "11:15");
  // No item is at two places.
  EXPECT_EQ(when("shared and self"), "11:8");
  EXPECT_EQ(when("quarantined and related by admission"), "11:8");
  EXPECT_EQ(when("shared and own source"), "11:8");
}

TEST(PolicyGrammar, WhatIsCheckedWordByWord) {
  const auto what = [](std::string_view line) {
    return problems_with("types t = Patient\nrule b\n  who staff\n  when shared\n  " +
                         std::string(line) + "\n");
  };
  EXPECT_EQ(what("deny types t, Flag or Observation"), "");
  EXPECT_EQ(what("allow everything\n  deny search Patient name, birthdate"), "");
  EXPECT_EQ(what("allow"), "13:8");
  EXPECT_EQ(what("allow everything else"), "13:20");
  EXPECT_EQ(what("allow types Patent"), "13:15");
  EXPECT_EQ(what("allow types DomainResource"), "13:15");
  EXPECT_EQ(what("allow types t t"), "13:17");
  EXPECT_EQ(what("allow everything\n  deny search Patient colour"), "14:23");
  EXPECT_EQ(what("allow everything\n  deny search t name"), "14:15");
  EXPECT_EQ(what("permit everything"), "13:3");
}

TEST(PolicyGrammar, SetsAreChecked) {
  EXPECT_EQ(problems_with("roles r =\n  R8000, R8001\n  R9000..R9100\n"), "");
  EXPECT_EQ(problems_with("roles r =\n"), "9:1");
  EXPECT_EQ(problems_with("roles r R8000\n"), "9:9");
  EXPECT_EQ(problems_with("roles r = R8000 R8000\n"), "9:17");
  EXPECT_EQ(problems_with("roles r = R8000\nroles r = R8001\n"), "10:7");
  EXPECT_EQ(problems_with("types t = Patient\n  Flagg\n"), "10:3");
  EXPECT_EQ(problems_with("colours c = red\n"), "9:1");
  EXPECT_EQ(problems_with("  indented\n"), "9:3");
}

TEST(PolicyGrammar, WindowsAreAllThereOnce) {
  EXPECT_EQ(problems_with("window admission 1 day after end\n"), "9:8");
  EXPECT_EQ(problems_of("policy \"a\" version 1\n" + std::string(kRule)),
            "5:1 5:1 5:1 5:1 5:1 5:1 5:1");
  const auto window = [](std::string_view rest) {
    std::string text = policy_with(kRule);
    text.replace(text.find("admission") + 10, 17, rest);
    return problems_of(text);
  };
  EXPECT_EQ(window("3660 days after end"), "");
  EXPECT_EQ(window("5 days before start"), "");
  EXPECT_NE(window("3661 days after end"), "");
  EXPECT_NE(window("-1 days after end"), "");
  EXPECT_NE(window("1 day after start"), "");
  EXPECT_NE(window("1 day after end 1 day after end"), "");
  EXPECT_NE(window("1 day after end 1 day before start"), "");
  EXPECT_NE(window("1 week after end"), "");
  EXPECT_NE(window(""), "");
}

TEST(PolicyGrammar, TheFirstLineNamesThePolicy) {
  const std::string rest = std::string(kWindows) + std::string(kRule);
  EXPECT_EQ(problems_of("policy \"a # b\" version 1 # why\r\n" + rest), "");
  EXPECT_EQ(problems_of("\n# comment\npolicy \"a\" version 1\n" + rest), "");
  EXPECT_EQ(problems_of("policy a version 1\n" + rest), "1:8");
  EXPECT_EQ(problems_of("policy \"\" version 1\n" + rest), "1:8");
  EXPECT_EQ(problems_of("policy \"a version 1\n" + rest), "1:8 2:1");
  EXPECT_EQ(problems_of("policy \"a\" version 0\n" + rest), "1:20");
  EXPECT_EQ(problems_of("policy \"a\" version 1000000001\n" + rest), "1:20");
  EXPECT_EQ(problems_of("policy \"a\" 1\n" + rest), "1:12");
  EXPECT_EQ(problems_of("policy \"a\" version 1 2\n" + rest), "1:22");
  EXPECT_EQ(problems_of("policy \"a\" version 1\npolicy \"a\" version 1\n" + rest), "2:1");
  EXPECT_EQ(problems_of(rest), "1:1");
  EXPECT_NE(problems_of(""), "");
}

TEST(PolicyGrammar, TheNearestNameIsSuggested) {
  EXPECT_NE(first_problem("rule b\n  who staf\n").find("did you mean 'staff'"), std::string::npos);
  EXPECT_NE(first_problem("rule b\n  who staff\n  when related by admision\n")
                .find("did you mean 'admission'"),
            std::string::npos);
  EXPECT_NE(first_problem("types t = Organisation\n").find("did you mean 'Organization'"),
            std::string::npos);
  EXPECT_NE(first_problem("roles care = R8000\nrule b\n  who staff with role car\n")
                .find("did you mean 'care'"),
            std::string::npos);
  EXPECT_EQ(first_problem("types t = Zzzzzzzzzzzz\n").find("did you mean"), std::string::npos);
}

TEST(PolicyGrammar, BoundsHold) {
  std::string text = policy_with(kRule);
  text += std::string(kPolicyBytesMax - text.size(), '#');
  EXPECT_EQ(problems_of(text), "");
  EXPECT_EQ(Policy::parse(text + "#", "t").error().code, ErrorCode::kTooLarge);
  EXPECT_NE(problems_of(policy_with(kRule) + std::string(kPolicyLinesMax, '\n')), "");
  std::string rules;
  for (size_t i = 0; i < kPolicyRulesMax; ++i) {
    rules += "rule b" + std::to_string(i) + "\n  who staff\n  when shared\n  allow everything\n";
  }
  EXPECT_EQ(problems_of(policy_with(rules)), "");
  EXPECT_NE(problems_of(policy_with(rules + std::string(kRule))), "");
  std::string sets;
  for (size_t i = 0; i <= kPolicySetsMax; ++i) {
    sets += "roles s" + std::to_string(i) + " = R8000\n";
  }
  EXPECT_EQ(problems_with(sets), std::to_string(9 + kPolicySetsMax) + ":7");
  std::string members = "roles s =\n";
  for (size_t i = 0; i <= kPolicySetMembersMax; ++i) {
    members += "  " + to_string(Code{'R', static_cast<uint16_t>(i)}) + "\n";
  }
  EXPECT_EQ(problems_with(members), std::to_string(10 + kPolicySetMembersMax) + ":3");
  std::string words = "roles s =";
  for (size_t i = 0; i < kPolicyTokensPerLineMax; ++i) {
    words += " ,";
  }
  EXPECT_NE(problems_with(words + "\n"), "");
  std::string wrong;
  for (size_t i = 0; i < 2 * kPolicyProblemsListedMax; ++i) {
    wrong += "wrong\n";
  }
  EXPECT_EQ(Policy::parse(wrong, "t").error().details.size(), kPolicyProblemsListedMax + 1);
}

TEST(PolicyGrammar, TextIsUtf8WithoutControlCharacters) {
  EXPECT_EQ(problems_with("# caf\xC3\xA9 \xF0\x9F\x98\x80\t.\n"), "");
  for (const std::string_view bad : {"\xFF", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80",
                                     "\xF4\x90\x80\x80", "\x01", "\x7F", "\xC2\x85", "\r x"}) {
    EXPECT_EQ(problems_with("# " + std::string(bad) + "\n"), "9:3");
  }
}

TEST(Policy, CallersAlikeShareAScopeAndOthersDont) {
  const Policy policy = parsed(
      "rule a\n  who staff with role R8000 for TREAT\n  when shared\n  allow everything\n"
      "  deny search Patient name\n"
      "rule b\n  who staff of pharmacy\n  when shared\n  allow everything\n");
  const Principal nurse = staff({"R8000"});
  const Scope first = policy.compile(nurse, OrganisationKind::kOther);
  EXPECT_EQ(first.digest(), policy.compile(nurse, OrganisationKind::kCommunity).digest());
  EXPECT_NE(first.digest(), policy.compile(nurse, OrganisationKind::kPharmacy).digest());
  EXPECT_EQ(policy.compile(staff({"R8001"}), OrganisationKind::kOther).digest(), Scope().digest());
  Principal later = nurse;
  later.purpose = "BTG";
  EXPECT_EQ(policy.compile(later, OrganisationKind::kOther).digest(), Scope().digest());
  const auto name = *fhir::parameter_number(fhir::kPatientType, "name");
  EXPECT_FALSE(first.may_search(name));
  EXPECT_TRUE(policy.compile(later, OrganisationKind::kPharmacy).may_search(name));
}

TEST(Policy, ACodeThatIsNoneIsInNoRange) {
  const Policy policy =
      parsed("rule a\n  who staff with role R0000..R9999\n  when shared\n  allow everything\n");
  for (const char* code : {"", "r8000", "R80000", "R800", "S8000", "R80O0"}) {
    EXPECT_EQ(policy.compile(staff({code}), OrganisationKind::kOther).digest(), Scope().digest());
  }
  EXPECT_NE(policy.compile(staff({"S8000", "R8000"}), OrganisationKind::kOther).digest(),
            Scope().digest());
}

TEST(Policy, IsTheSameWrittenAndReadAgain) {
  std::string members;
  for (uint16_t i = 0; i < 25; ++i) {
    members += " " + to_string(Code{'R', i});
  }
  const Policy policy = parsed(
      "roles many =" + members +
      "\nactivities b = B0015 B0020..B0022\ntypes t = Patient Flag\n"
      "rule a\n  who citizen or staff with role many, R9000..R9001 with activity b of other for "
      "BTG\n  when own source and quarantined and labelled 0, 7\n  deny types t, Observation\n"
      "  deny search Patient name, address\n  deny search Flag date\n"
      "  deny search Patient birthdate\n"
      "rule b\n  who anyone signed in\n  when any place\n  allow everything\n");
  const auto again = Policy::parse(to_text(policy.document()), "again");
  ASSERT_TRUE(again.has_value()) << again.error().text() << to_text(policy.document());
  EXPECT_TRUE(same_policy(policy.document(), again->document())) << to_text(policy.document());
}

TEST(Policy, TheRegionsOwnParses) {
  auto policy = Policy::load(posix_files(), "policy/region.policy");
  ASSERT_TRUE(policy.has_value()) << policy.error().text();
  EXPECT_EQ(policy->rules().size(), 5U);
}

}  // namespace
}  // namespace continuum::access
