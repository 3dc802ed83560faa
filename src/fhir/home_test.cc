#include "fhir/home.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace continuum::fhir {
namespace {

using Texts = std::vector<std::string>;

Texts candidates(std::string_view type, std::string_view json) {
  json::Document document;
  EXPECT_TRUE(document.parse(json).has_value()) << json;
  Texts out;
  patient_candidates(*type_number(type), *document.root(),
                     [&](std::string_view reference) { out.emplace_back(reference); });
  return out;
}

struct Row {
  const char* type;
  const char* json;
  Texts want;
};

// clang-format off
const Row kRows[] = {
    {"Observation", R"({"performer":[{"reference":"Patient/2"}],"subject":{"reference":"Patient/1"}})", {"Patient/1"}},
    {"Observation", R"({"subject":{"reference":"urn:uuid:x"}})",                 {"urn:uuid:x"}},
    {"Observation", R"({"subject":{"reference":"Device/1"},"performer":[{"reference":"Patient/2"}]})", {"Device/1"}},
    {"Observation", R"({"subject":{"reference":"Group/1"}})",                    {}},
    {"Observation", R"({"subject":{"reference":"Location/1"}})",                 {}},
    {"Observation", R"({"performer":[{"reference":"Practitioner/1"},{"reference":"Patient/2"}]})", {"Patient/2"}},
    // Whom it is about is said, but not by a reference: the performer is somebody else.
    {"Observation", R"({"subject":{"identifier":{"value":"1"}},"performer":[{"reference":"Patient/2"}]})", {}},
    {"Observation", R"({"subject":{"display":"Ann"},"performer":[{"reference":"Patient/2"}],
        "encounter":{"reference":"Encounter/1"}})",                              {"Encounter/1"}},
    {"Observation", R"({"subject":{"reference":"Group/1"},"performer":[{"reference":"Patient/2"}]})", {}},
    {"Observation", R"({"subject":{"reference":"Location/1"},"performer":[{"reference":"Patient/2"}]})", {"Patient/2"}},
    {"Observation", R"({"subject":{},"performer":[{"reference":"Patient/2"}]})", {"Patient/2"}},
    {"Coverage", R"({"beneficiary":{"display":"Ann"},"subscriber":{"reference":"Patient/2"}})", {}},
    {"List", R"({"subject":{"identifier":{"value":"1"}},"entry":[{"item":{"reference":"Patient/2"}}]})", {}},
    {"Observation", R"({"encounter":{"reference":"Encounter/1"}})",              {"Encounter/1"}},
    {"Observation", R"({"subject":{"reference":"x","type":"Practitioner"}})",    {}},
    {"Observation", R"({"subject":"Patient/1"})",                                {}},
    {"Appointment", R"({"participant":[{"actor":{"reference":"RelatedPerson/2"}},{"actor":{"reference":"Patient/1"}},
        {"actor":{"reference":"Location/3"}}]})",                                {"Patient/1"}},
    {"Communication", R"({"recipient":[{"reference":"Patient/2"}],"subject":{"reference":"Patient/1"}})", {"Patient/1"}},
    {"Coverage", R"({"subscriber":{"reference":"Patient/2"},"beneficiary":{"reference":"Patient/1"}})", {"Patient/1"}},
    {"MedicationAdministration", R"({"performer":[{"actor":{"reference":"Patient/2"}}],
        "subject":{"reference":"Patient/1"}})",                                  {"Patient/1"}},
    {"AuditEvent", R"({"agent":[{"who":{"reference":"Patient/2"}}],"entity":[{"what":{"reference":"Observation/1"}}]})",
        {"Observation/1", "Patient/2"}},
    {"Provenance", R"({"target":[{"reference":"Observation/1"},{"reference":"Patient/1"}]})",
        {"Patient/1", "Observation/1"}},
    {"Binary", R"({"securityContext":{"reference":"DocumentReference/1"}})",     {"DocumentReference/1"}},
    {"Device", R"({"patient":{"reference":"Patient/1"}})",                       {"Patient/1"}},
    {"Task", R"({"for":{"reference":"Patient/1"},"focus":{"reference":"Patient/2"}})", {"Patient/1"}},
    {"Task", R"({"focus":{"reference":"ServiceRequest/1"}})",                    {"ServiceRequest/1"}},
    {"Specimen", R"({"subject":{"reference":"Patient/1"}})",                     {"Patient/1"}},
    {"DocumentManifest", R"({"subject":{"reference":"Patient/1"}})",             {"Patient/1"}},
    {"MessageHeader", R"({"focus":[{"reference":"Encounter/1"}]})",              {"Encounter/1"}},
    {"List", R"({"subject":{"reference":"Patient/1"}})",                         {"Patient/1"}},
    {"Flag", R"({"subject":{"reference":"Patient/1"}})",                         {"Patient/1"}},
    {"Person", R"({"link":[{"target":{"reference":"Practitioner/1"}},{"target":{"reference":"RelatedPerson/1"}},
        {"target":{"reference":"Patient/1"}}]})",                                {"Patient/1", "RelatedPerson/1"}},
    {"RelatedPerson", R"({"patient":{"reference":"Patient/1"}})",                {"Patient/1"}},
    {"VerificationResult", R"({"target":[{"reference":"Patient/1"}]})",          {"Patient/1"}},
    {"ResearchSubject", R"({"individual":{"reference":"Patient/1"}})",           {"Patient/1"}},
    {"Group", R"({"member":[{"entity":{"reference":"Patient/1"}},{"entity":{"reference":"Patient/2"}}]})",
        {"Patient/1", "Patient/2"}},
    {"Bundle", R"({"entry":[{"resource":{"subject":{"reference":"Patient/1"}}},{"resource":{}}]})", {"Patient/1"}},
    {"Patient", R"({"link":[{"other":{"reference":"Patient/2"}}]})",             {}},
    {"Organization", R"({"subject":{"reference":"Patient/2"}})",                 {}},
    {"Parameters", R"({"subject":{"reference":"Patient/2"}})",                   {}},
};
// clang-format on

TEST(Home, Table) {
  for (const Row& row : kRows) {
    EXPECT_EQ(candidates(row.type, row.json), row.want) << row.type << " " << row.json;
  }
}

}  // namespace
}  // namespace continuum::fhir
