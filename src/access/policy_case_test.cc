#include "access/policy_case.h"

#include <gtest/gtest.h>

#include <string>

#include "access/limits.h"
#include "base/file_system.h"

namespace continuum::access {
namespace {

std::vector<PolicyCase> cases_of(std::string_view text) {
  auto cases = parse_policy_cases(text, "t.case");
  EXPECT_TRUE(cases.has_value()) << (cases ? "" : cases.error().text());
  return cases.value_or(std::vector<PolicyCase>());
}

std::vector<PolicyCaseFailure> failures_of(std::string_view text) {
  const Policy policy = Policy::load(posix_files(), "policy/region.policy").value();
  return run_policy_cases(policy, cases_of(text), 100);
}

// Where the one problem of a text is.
std::string problem_at(std::string_view text) {
  const auto cases = parse_policy_cases(text, "t.case");
  if (cases || cases.error().code != ErrorCode::kInvalid || cases.error().details.size() != 1) {
    return "not one problem";
  }
  return cases.error().details[0].where;
}

TEST(PolicyCase, ARowStandsForEachCombination) {
  const auto cases = cases_of(
      "# comment\n\nstaff role=R8000/R8001 kind=gp-practice | patient related=admission/caseload "
      "self | Patient/Flag | -/3 | allow by clinical-record\n");
  ASSERT_EQ(cases.size(), 16U);
  EXPECT_EQ(cases[0].line, 3U);
  EXPECT_EQ(cases[0].question,
            "staff role=R8000 kind=gp-practice | patient related=admission self | Patient | 0");
  EXPECT_EQ(cases[15].question,
            "staff role=R8001 kind=gp-practice | patient related=caseload self | Flag | 3");
  const auto everything = cases_of("citizen | shared | any type | - | deny by default");
  EXPECT_EQ(everything.size(), fhir::type_count());
  const auto others = cases_of("citizen | shared | all but Patient/Flag | - | deny by default");
  EXPECT_EQ(others.size(), fhir::type_count() - 2);
}

TEST(PolicyCase, FailuresSayWhatCameInstead) {
  const auto failures = failures_of(
      "citizen | patient self | Flag | - | deny by citizen-self\n"
      "citizen | patient self | Flag | - | allow by directory\n"
      "citizen | patient self | Flag | - | allow by citizen-self\n"
      "window | admission ended 29 days ago | live\n"
      "window | admission ended 28 days ago | live\n"
      "window | outpatient starts in 14 days | over\n"
      "search | citizen | Patient name | deny\n"
      "search | citizen | Patient name | allow\n");
  ASSERT_EQ(failures.size(), 5U);
  EXPECT_EQ(failures[0].line, 1U);
  EXPECT_EQ(failures[1].line, 2U);
  EXPECT_EQ(failures[2].line, 4U);
  EXPECT_EQ(failures[3].line, 6U);
  EXPECT_EQ(failures[4].line, 7U);
}

TEST(PolicyCase, StopsAtTheGivenNumberOfFailures) {
  const Policy policy = Policy::load(posix_files(), "policy/region.policy").value();
  const auto cases = cases_of("citizen | patient self | any type | - | deny by default");
  EXPECT_EQ(run_policy_cases(policy, cases, 3).size(), 3U);
}

TEST(PolicyCase, ProblemsSayWhere) {
  EXPECT_EQ(problem_at("\nstuff | shared | Flag | - | deny by default"), "t.case:2:1");
  EXPECT_EQ(problem_at("staff | sharde | Flag | - | deny by default"), "t.case:1:9");
  EXPECT_EQ(problem_at("staff | shared | Flga | - | deny by default"), "t.case:1:18");
  EXPECT_EQ(problem_at("staff | shared | all but | - | deny by default"), "t.case:1:18");
  EXPECT_EQ(problem_at("staff | shared | Flag | 256 | deny by default"), "t.case:1:25");
  EXPECT_EQ(problem_at("staff | shared | Flag | - | denied"), "t.case:1:29");
  EXPECT_EQ(problem_at("staff | shared | Flag | -"), "t.case:1:1");
  EXPECT_EQ(problem_at("window | admission ended yesterday | live"), "t.case:1:10");
  EXPECT_EQ(problem_at("window | admission ended 1 day ago | yes"), "t.case:1:38");
  EXPECT_EQ(problem_at("search | staff | Patient colour | deny"), "t.case:1:18");
  EXPECT_EQ(problem_at("staff | shared | Flag | - | deny by \xFF"), "t.case:1:37");
}

TEST(PolicyCase, BoundsHold) {
  EXPECT_EQ(parse_policy_cases(std::string(kPolicyCaseBytesMax + 1, '#'), "t").error().code,
            ErrorCode::kTooLarge);
  EXPECT_EQ(problem_at(std::string(kPolicyCaseLinesMax + 1, '\n')),
            "t.case:" + std::to_string(kPolicyCaseLinesMax + 1) + ":1");
  EXPECT_EQ(problem_at("#" + std::string(kPolicyCaseLineBytesMax, 'x')), "t.case:1:1");
  std::string labels = "-";
  for (size_t i = 0; i < 20; ++i) {
    labels += "/1";
  }
  EXPECT_EQ(problem_at("staff | shared | any type | " + labels + " | deny by default"),
            "t.case:1:1");
  std::string roles = "staff role=R8000";
  for (size_t i = 0; i < kPolicyCaseLineBytesMax / 8; ++i) {
    roles += "/R8000";
  }
  EXPECT_EQ(
      problem_at(roles +
                 " purpose=TREAT/BTG/PATRQT/HRESCH/ETREAT | shared | Flag | - | deny by default"),
      "t.case:1:1");
}

}  // namespace
}  // namespace continuum::access
