// Whatever shape a resource has: what is taken has its author, and taking it again changes nothing.
#include "service/author.h"

#include <gtest/gtest.h>

#include <vector>

#include "fhir/structure.h"
#include "json/writer.h"

namespace continuum::service {
namespace {

using access::PrincipalKind;

constexpr std::string_view kBase = "http://127.0.0.1:8080/fhir";
constexpr std::string_view kAnn = "0123456789abcdefghjkmnpqrst0";

const Author kDoctor{PrincipalKind::kStaff, "555", "A81001"};
const Author kCitizen{PrincipalKind::kCitizen, "", ""};

std::string staff_reference(std::string_view id) {
  return R"({"type":"Practitioner","identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":")" +
         std::string(id) + "\"}}";
}
std::string patient_reference() {
  return R"({"reference":"Patient/)" + std::string(kAnn) + "\"}";
}

struct Sample {
  std::string_view type;
  Author author;
  std::string json;
};

// With every element that has a rule.
std::vector<Sample> samples() {
  const std::string me = staff_reference("555");
  const std::string ann = patient_reference();
  auto start = [](std::string_view type) {
    return R"({"resourceType":")" + std::string(type) +
           R"(","meta":{"profile":["http://x.example/p"],"extension":[{"url":"https://continuum.example/fhir/StructureDefinition/record-source","valueString":"x"}]},)";
  };
  return {
      {"Observation", kDoctor,
       start("Observation") + R"("status":"final","code":{"text":"x"},"subject":)" + ann +
           R"(,"performer":[)" + me + R"(],"note":[{"authorReference":)" + me +
           R"(,"text":"x"}]})"},
      {"Composition", kDoctor,
       start("Composition") +
           R"("status":"final","type":{"text":"x"},"date":"2026-01-01","title":"x","subject":)" +
           ann + R"(,"author":[)" + me + R"(],"attester":[{"mode":"legal","party":)" + me +
           R"(}],"custodian":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"A81001"}},"section":[{"title":"x","author":[)" +
           me + "]}]}"},
      {"Task", kCitizen,
       start("Task") + R"("status":"requested","intent":"proposal","for":)" + ann +
           R"(,"requester":)" + ann + "}"},
      {"QuestionnaireResponse", kCitizen,
       start("QuestionnaireResponse") + R"("status":"completed","subject":)" + ann +
           R"(,"author":)" + ann + R"(,"source":)" + ann + "}"}};
}

Result<Filled> take(const Sample& sample, json::Document& document) {
  auto type = *fhir::type_number(sample.type);
  std::string patient = patient_named(type, *document.root(), kBase).value_or("");
  return complete(sample.author, {type, patient, kBase}, document, *document.root());
}

bool is_sound(const json::Node& resource) {
  fhir::StructureReport report;
  fhir::check_structure(resource, report);
  return report.issues.empty();
}

// Every node below the root, by the way to it.
void ways_to(const json::Node& node, std::vector<size_t>& way,
             std::vector<std::vector<size_t>>& out) {
  size_t at = 0;
  for (const json::Node& child : json::children(node)) {
    way.push_back(at++);
    out.push_back(way);
    ways_to(child, way, out);
    way.pop_back();
  }
}

json::Node& node_at(json::Document& document, const std::vector<size_t>& way) {
  json::Node* node = document.root();
  for (size_t at : way) {
    node = node->first;
    for (; at > 0; --at) {
      node = node->next;
    }
  }
  return *node;
}

TEST(Author, SamplesAreTaken) {
  for (const Sample& sample : samples()) {
    json::Document document;
    ASSERT_TRUE(document.parse(sample.json)) << sample.json;
    auto taken = take(sample, document);
    ASSERT_TRUE(taken) << taken.error().text();
    EXPECT_EQ(*taken, Filled::kNothing);
    EXPECT_TRUE(is_sound(*document.root())) << sample.type;
  }
}

// Each value in turn becomes one of another shape, or somebody else's name.
TEST(Author, NoShapeGetsAroundIt) {
  const std::string others[] = {"null",
                                "true",
                                "1",
                                "\"555\"",
                                "[]",
                                "{}",
                                "[[]]",
                                "[{}]",
                                "[null]",
                                staff_reference("666"),
                                "[" + staff_reference("666") + "]",
                                "[" + staff_reference("555") + "," + staff_reference("666") + "]",
                                "[[" + staff_reference("666") + "]]",
                                R"({"reference":"Patient/00000000000000000000000000zz"})",
                                R"([{"reference":"Patient/00000000000000000000000000zz"}])"};
  size_t taken_count = 0;
  size_t refused_count = 0;
  size_t sound_count = 0;
  for (const Sample& sample : samples()) {
    json::Document original;
    ASSERT_TRUE(original.parse(sample.json));
    std::vector<std::vector<size_t>> ways;
    std::vector<size_t> way;
    ways_to(*original.root(), way, ways);
    for (const auto& at : ways) {
      for (const std::string& other : others) {
        json::Document document;
        ASSERT_TRUE(document.parse(sample.json));
        json::Document piece;
        ASSERT_TRUE(piece.parse("[" + other + "]"));
        json::Node& node = node_at(document, at);
        const json::Node& copy = *document.copy(*piece.root()->first);
        node.kind = copy.kind;
        node.text = copy.text;
        node.first = copy.first;
        auto type = *fhir::type_number(sample.type);
        auto taken = take(sample, document);
        if (!taken) {
          ++refused_count;
          EXPECT_EQ(taken.error().code, ErrorCode::kForbidden);
          continue;
        }
        ++taken_count;
        std::string text = json::write(*document.root());
        std::string patient = patient_named(type, *document.root(), kBase).value_or("");
        if (patient.empty()) {
          continue;  // goes no further: it is about nobody
        }
        if (is_sound(*document.root())) {  // else it is refused for that
          ++sound_count;
          EXPECT_EQ(text.find(R"("value":"666")"), std::string::npos) << text;
        }
        EXPECT_TRUE(is_by(sample.author, {type, patient, kBase}, *document.root())) << text;
        auto again = take(sample, document);
        ASSERT_TRUE(again);
        EXPECT_EQ(*again, Filled::kNothing);
      }
    }
  }
  EXPECT_GT(taken_count, 100U);
  EXPECT_GT(refused_count, 500U);
  EXPECT_GT(sound_count, 10U);
}

TEST(Author, WithoutAnAuthorItIsFilledIn) {
  for (const Sample& sample : samples()) {
    json::Document document;
    ASSERT_TRUE(document.parse(sample.json));
    for (std::string_view member : {"author", "performer", "requester"}) {
      if (json::Node* found = document.root()->find(member)) {
        json::Document::remove(*document.root(), *found);
      }
    }
    auto taken = take(sample, document);
    ASSERT_TRUE(taken) << taken.error().text();
    EXPECT_EQ(*taken, Filled::kAuthor);
    auto type = *fhir::type_number(sample.type);
    EXPECT_TRUE(is_by(sample.author, {type, kAnn, kBase}, *document.root()));
    EXPECT_EQ(staff_named(type, *document.root()),
              sample.author.kind == PrincipalKind::kStaff ? "555" : "");
  }
}

}  // namespace
}  // namespace continuum::service
