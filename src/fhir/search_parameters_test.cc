#include "fhir/search_parameters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "fhir/definitions.h"

namespace continuum::fhir {
namespace {

TEST(Types, PatientIsZeroAndTheOthersFollowInOrder) {
  EXPECT_EQ(type_count(), 146u);
  EXPECT_EQ(type_number("Patient"), kPatientType);
  EXPECT_EQ(type_number("Account"), TypeNumber{1});
  EXPECT_EQ(type_number("VisionPrescription"), TypeNumber{145});
  for (TypeNumber type = 2; type < type_count(); ++type) {
    EXPECT_LT(type_name(static_cast<TypeNumber>(type - 1)), type_name(type));
  }
}

TEST(Types, NamesAndNumbersAgree) {
  for (TypeNumber type = 0; type < type_count(); ++type) {
    EXPECT_EQ(type_number(type_name(type)), type);
  }
  for (const char* name : {"", "P", "patient", "Patients", "Resource", "DomainResource", "Element",
                           "SubscriptionStatus", "Citation"}) {
    EXPECT_FALSE(type_number(name).has_value()) << name;
  }
}

TEST(Types, SharedAreOnlyThoseThatNameNoPatient) {
  for (const char* name : {"Organization", "Practitioner", "PractitionerRole", "Location",
                           "Medication", "ValueSet", "PlanDefinition", "Questionnaire"}) {
    EXPECT_TRUE(is_shared_type(*type_number(name))) << name;
  }
  for (const char* name : {"Patient", "Observation", "Group", "Person", "RelatedPerson", "Device",
                           "Binary", "Bundle", "Parameters", "Schedule", "Slot", "Subscription",
                           "MeasureReport", "Provenance", "AuditEvent", "QuestionnaireResponse"}) {
    EXPECT_FALSE(is_shared_type(*type_number(name))) << name;
  }
}

// The allow-list against the definitions: no shared type may be in the Patient compartment or have
// a parameter whose reference can only be a Patient.
TEST(Types, SharedHaveNoPatientParameter) {
  for (TypeNumber type = 0; type < type_count(); ++type) {
    if (!is_shared_type(type)) {
      continue;
    }
    EXPECT_EQ(definitions::kTypes[type].compartment_count, 0u) << type_name(type);
    for (const Parameter& parameter : parameters(type)) {
      bool names_patient = std::find(parameter.targets.begin(), parameter.targets.end(),
                                     kPatientType) != parameter.targets.end();
      EXPECT_FALSE(names_patient) << type_name(type) << " " << parameter.code;
    }
  }
}

TEST(Parameters, EveryOneHasPaths) {
  size_t paths = 0;
  for (TypeNumber type = 0; type < type_count(); ++type) {
    EXPECT_GE(parameters(type).size(), 6u) << type_name(type);
    for (const Parameter& parameter : parameters(type)) {
      EXPECT_EQ(parameter.type, type);
      EXPECT_GE(parameter.path_count, 1u) << type_name(type) << " " << parameter.code;
      paths += parameter.path_count;
    }
  }
  EXPECT_EQ(paths, definitions::kPathCount);
  std::printf(
      "%zu parameters, %zu paths; left out: %zu composite parameters, and those listed in "
      "tools/definitions/parameters.mjs\n",
      parameter_count(), paths, definitions::kCompositeCount);
}

TEST(Parameters, NumbersFollowTypeNameAndCode) {
  for (ParameterNumber number = 1; number < parameter_count(); ++number) {
    const Parameter& a = parameter(static_cast<ParameterNumber>(number - 1));
    const Parameter& b = parameter(number);
    EXPECT_LT(std::pair(type_name(a.type), a.code), std::pair(type_name(b.type), b.code));
    EXPECT_EQ(parameter_number(b.type, b.code), number);
    EXPECT_EQ(number_of(b), number);
  }
}

TEST(Parameters, KindsAndTargets) {
  TypeNumber observation = *type_number("Observation");
  EXPECT_EQ(parameter(observation, "code")->kind, ParameterKind::kToken);
  EXPECT_EQ(parameter(observation, "value-quantity")->kind, ParameterKind::kQuantity);
  EXPECT_EQ(parameter(observation, "patient")->targets.size(), 1u);
  EXPECT_EQ(parameter(observation, "patient")->targets[0], kPatientType);
  EXPECT_EQ(parameter(observation, "subject")->targets.size(), 4u);
  EXPECT_TRUE(parameter(*type_number("Provenance"), "target")->targets.empty());
  EXPECT_EQ(parameter(*type_number("RiskAssessment"), "probability")->kind, ParameterKind::kNumber);
  EXPECT_EQ(parameter(observation, "code-value-quantity"), nullptr);
  EXPECT_EQ(parameter(observation, "nothing"), nullptr);
  EXPECT_EQ(parameter(*type_number("Location"), "near"), nullptr);
}

TEST(Parameters, FingerprintIsAHash) {
  EXPECT_EQ(definitions_fingerprint().size(), 64u);
  EXPECT_EQ(definitions_fingerprint().find_first_not_of("0123456789abcdef"),
            std::string_view::npos);
}

}  // namespace
}  // namespace continuum::fhir
