// Who may write what, under the region's own policy.
#include "access/may_write.h"

#include <gtest/gtest.h>

#include <set>

#include "access/policy.h"
#include "config/shapes.h"
#include "fhir/care_events.h"

namespace continuum::access {
namespace {

Policy region_policy() {
  auto text = read_file(posix_files(), "policy/region.policy", uint64_t{1} << 20);
  EXPECT_TRUE(text);
  return *Policy::parse(*text, "region.policy");
}

Principal staff(std::string_view role) {
  Principal principal;
  principal.kind = PrincipalKind::kStaff;
  principal.role_codes = {"S8000", std::string(role)};
  principal.organisation = "A81001";
  principal.purpose = "TREAT";
  return principal;
}

Principal other(PrincipalKind kind) {
  Principal principal;
  principal.kind = kind;
  principal.source = kind == PrincipalKind::kSystem ? "gp" : "";
  return principal;
}

std::set<std::string_view> types_of(const Principal& principal, const Policy& policy) {
  Scope scope = policy.compile(principal, config::OrganisationKind::kGpPractice);
  std::set<std::string_view> types;
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    auto number = static_cast<fhir::TypeNumber>(type);
    auto may = may_write(principal, scope, number);
    if (may) {
      types.insert(fhir::type_name(number));
    } else {
      EXPECT_EQ(may.error().code, ErrorCode::kForbidden);
    }
  }
  EXPECT_EQ(may_write_anything(principal, scope).has_value(), !types.empty());
  return types;
}

const std::set<std::string_view> kOfStaff = {"CarePlan", "Composition", "DocumentReference",
                                             "Flag",     "Observation", "Task"};
const std::set<std::string_view> kOfCitizens = {"Composition", "Observation",
                                                "QuestionnaireResponse", "Task"};

TEST(MayWrite, RolesThatSeeRecordsWriteNotes) {
  Policy policy = region_policy();
  for (std::string_view role : {"R8000", "R8001", "R8003", "R9500", "R9570", "R9755"}) {
    EXPECT_EQ(types_of(staff(role), policy), kOfStaff) << role;
  }
  for (std::string_view role : {"R8008", "R8009", "R8010", "R0001", "R9499", "R9756", "R8002"}) {
    EXPECT_TRUE(types_of(staff(role), policy).empty()) << role;
  }
  EXPECT_EQ(types_of(other(PrincipalKind::kCitizen), policy), kOfCitizens);
  EXPECT_TRUE(types_of(other(PrincipalKind::kOperator), policy).empty());
  auto systems = types_of(other(PrincipalKind::kSystem), policy);
  EXPECT_EQ(systems.size(), fhir::type_count() - 1);
  EXPECT_FALSE(systems.contains("AuditEvent"));
}

// What one relationship denies another may allow; what none allows nobody writes.
TEST(MayWrite, FollowsThePolicy) {
  auto policy = Policy::parse(R"(policy "Test" version 1
window registration 0 days after end
window admission 0 days after end
window emergency 0 days after end
window outpatient 0 days after end
window referral 0 days after end
window caseload 0 days after end
window social-care 0 days after end
rule not-registered
  who   staff
  when  related by registration
  deny  everything
rule on-the-ward
  who   staff
  when  related by admission
  allow types Observation
)",
                              "test.policy");
  ASSERT_TRUE(policy) << policy.error().text();
  EXPECT_EQ(types_of(staff("R8000"), *policy), std::set<std::string_view>{"Observation"});
  EXPECT_TRUE(types_of(other(PrincipalKind::kCitizen), *policy).empty());
}

// SAFETY: nobody gains a relationship by writing.
TEST(MayWrite, NoTypeOfAuthorsTellsOfCare) {
  for (const auto& types : {kOfStaff, kOfCitizens}) {
    for (std::string_view type : types) {
      EXPECT_FALSE(fhir::may_tell_of_care(*fhir::type_number(type))) << type;
    }
  }
}

TEST(MayWrite, AuthorsHaveSourcesThatNoRegionCanName) {
  Policy policy = region_policy();
  auto source_of = [&](const Principal& principal) {
    Scope scope = policy.compile(principal, config::OrganisationKind::kOther);
    auto may = may_write(principal, scope, *fhir::type_number("Observation"));
    EXPECT_TRUE(may);
    return may ? may->source : "";
  };
  EXPECT_EQ(source_of(staff("R8000")), "-staff-a81001");
  EXPECT_EQ(source_of(other(PrincipalKind::kCitizen)), "-citizen");
  EXPECT_EQ(source_of(other(PrincipalKind::kSystem)), "gp");
  for (std::string_view name : {"-staff-a81001", "-citizen"}) {
    EXPECT_TRUE(is_author_source(name));
    EXPECT_FALSE(config::is_source_name(name));
  }
  for (std::string_view name : {"gp", "citizen", "staff-a81001", "-other"}) {
    EXPECT_FALSE(is_author_source(name)) << name;
  }
  EXPECT_EQ(staff_source("ABCDEFGHI9"), "-staff-abcdefghi9");
  EXPECT_EQ(organisation_of_staff("-staff-abcdefghi9"), "ABCDEFGHI9");
  EXPECT_EQ(organisation_of_staff("-citizen"), std::nullopt);
}

}  // namespace
}  // namespace continuum::access
