#include "fhir/search_values.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "fhir/values_printer.h"
#include "json/writer.h"

namespace continuum::fhir {
namespace {

using Lines = std::vector<std::string>;

Lines extract(std::string_view type, std::string_view json) {
  json::Document document;
  EXPECT_TRUE(document.parse(json).has_value()) << json;
  ValuesPrinter printer;
  extract_search_values(*type_number(type), *document.root(), printer);
  return printer.lines();
}

// All values of one parameter, without its code.
Lines values(std::string_view type, std::string_view code, std::string_view json) {
  Lines out;
  for (const std::string& line : extract(type, json)) {
    if (line.starts_with(std::string(code) + " ")) {
      out.push_back(line.substr(code.size() + 1));
    }
  }
  return out;
}

struct Row {
  const char* type;
  const char* code;
  const char* json;
  Lines want;
};

// clang-format off
const Row kRows[] = {
    // token
    {"Observation", "code", R"({"code":{"coding":[{"system":"s","code":"a"},{"system":"t","code":"b"},
        {"code":"c"},{"system":"u"},{"display":"d"}],"text":"x"}})",
        {"token s|a", "token t|b", "token |c", "token u|"}},
    {"Observation", "code", R"({"code":{"text":"only"}})", {}},
    {"Observation", "code", R"({"code":{"coding":{"code":"one"}}})", {"token |one"}},
    {"Observation", "combo-code", R"({"code":{"coding":[{"code":"a"}]},
        "component":[{"code":{"coding":[{"code":"b"}]}},{"code":{"coding":[{"code":"c"}]}}]})",
        {"token |a", "token |b", "token |c"}},
    {"Observation", "component-code", R"({"code":{"coding":[{"code":"a"}]},
        "component":[{"code":{"coding":[{"code":"b"}]}},{"code":{"coding":[{"code":"c"}]}}]})",
        {"token |b", "token |c"}},
    {"Observation", "status", R"({"status":"final"})",
        {"token http://hl7.org/fhir/observation-status|final"}},
    {"Task", "intent", R"({"intent":"order"})", {"token http://hl7.org/fhir/request-intent|order"}},
    {"Task", "intent", R"({"intent":"unknown"})", {"token http://hl7.org/fhir/task-intent|unknown"}},
    {"DetectedIssue", "status", R"({"status":"none-such"})", {"token |none-such"}},
    {"Composition", "confidentiality", R"({"confidentiality":"R"})",
        {"token http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R"}},
    {"Patient", "gender", R"({"gender":"female"})",
        {"token http://hl7.org/fhir/administrative-gender|female"}},
    {"Patient", "identifier", R"({"identifier":[{"system":"s","value":"1"},{"value":"2"},{"use":"old"}]})",
        {"token s|1", "token |2"}},
    {"Patient", "active", R"({"active":true})", {"token |true"}},
    {"Patient", "active", R"({"active":false})", {"token |false"}},
    {"Patient", "active", R"({"active":"true"})", {}},
    {"Patient", "_id", R"({"id":"p1"})", {"token |p1"}},
    {"Patient", "_tag", R"({"meta":{"tag":[{"system":"s","code":"t"}]}})", {"token s|t"}},
    {"Patient", "telecom", R"({"telecom":[{"system":"email","value":"a@b"},{"system":"phone","value":"1"}]})",
        {"token |a@b", "token |1"}},
    {"Patient", "email", R"({"telecom":[{"system":"email","value":"a@b"},{"system":"phone","value":"1"}]})",
        {"token |a@b"}},
    {"Patient", "phone", R"({"telecom":[{"system":"email","value":"a@b"},{"system":"phone","value":"1"}]})",
        {"token |1"}},
    {"Patient", "email", R"({"telecom":[{"system":7,"value":"a@b"}]})", {}},
    {"Patient", "deceased", R"({})", {"token |false"}},
    {"Patient", "deceased", R"({"deceasedBoolean":false})", {"token |false"}},
    {"Patient", "deceased", R"({"deceasedBoolean":true})", {"token |true"}},
    {"Patient", "deceased", R"({"deceasedDateTime":"2026-01-01"})", {"token |true"}},
    {"Encounter", "class", R"({"class":{"system":"s","code":"AMB"}})", {"token s|AMB"}},
    {"Medication", "ingredient-code", R"({"ingredient":[{"itemCodeableConcept":{"coding":[{"code":"a"}]}},
        {"itemReference":{"reference":"Substance/1"}}]})", {"token |a"}},
    // string
    {"Patient", "name", R"({"name":[{"family":"Ó Súilleabháin","given":["Ann","B"],"prefix":["Dr"],"suffix":["OBE"],
        "text":"Dr Ann","use":"official"}]})",
        {"string Ó Súilleabháin", "string Ann", "string B", "string Dr", "string OBE", "string Dr Ann"}},
    {"Patient", "family", R"({"name":[{"family":"A","given":["B"]},{"family":"C"}]})", {"string A", "string C"}},
    {"Patient", "given", R"({"name":[{"family":"A","given":["B",null,"D"]}]})", {"string B", "string D"}},
    {"Patient", "address", R"({"address":[{"use":"home","type":"both","text":"t","line":["1 Road","Flat"],"city":"c","district":"d",
        "state":"s","postalCode":"p","country":"u"}]})",
        {"string t", "string 1 Road", "string Flat", "string c", "string d", "string s", "string p", "string u"}},
    {"Patient", "address-postalcode", R"({"address":[{"postalCode":"LS1 1AA"}]})", {"string LS1 1AA"}},
    {"Observation", "value-string", R"({"valueString":"v"})", {"string v"}},
    {"Observation", "value-string", R"({"valueCodeableConcept":{"text":"v"}})", {"string v"}},
    {"InsurancePlan", "name", R"({"name":"a","alias":["b","c"]})", {"string a", "string b", "string c"}},
    // reference
    {"Observation", "patient", R"({"subject":{"reference":"Patient/1"}})", {"reference Patient/1"}},
    {"Observation", "patient", R"({"subject":{"reference":"Patient/1/_history/2"}})",
        {"reference Patient/1/_history/2"}},
    {"Observation", "patient", R"({"subject":{"reference":"http://a.example/fhir/Patient/1"}})",
        {"reference http://a.example/fhir/Patient/1"}},
    {"Observation", "patient", R"({"subject":{"reference":"Group/1"}})", {}},
    {"Observation", "subject", R"({"subject":{"reference":"Group/1"}})", {"reference Group/1"}},
    {"Observation", "patient", R"({"subject":{"reference":"urn:uuid:a"}})", {}},
    {"Observation", "patient", R"({"subject":{"reference":"urn:uuid:a","type":"Patient"}})", {"reference urn:uuid:a"}},
    {"Observation", "patient", R"({"subject":{"reference":"Group/1","type":"Patient"}})", {}},
    {"Observation", "patient", R"({"subject":{"type":"Patient","identifier":{"system":"s","value":"v"}}})",
        {"reference  s|v"}},
    {"Observation", "subject", R"({"subject":{"identifier":{"value":"v"}}})", {"reference  |v"}},
    {"Observation", "subject", R"({"subject":{"display":"Ann"}})", {}},
    {"Observation", "subject", R"({"subject":"Patient/1"})", {}},
    {"Observation", "performer", R"({"performer":[{"reference":"Patient/1"},{"reference":"#c"}]})",
        {"reference Patient/1", "reference #c"}},
    {"PlanDefinition", "depends-on", R"({"relatedArtifact":[{"type":"depends-on","resource":"http://a|1"},
        {"type":"successor","resource":"http://b"}]})", {"reference http://a|1"}},
    {"PlanDefinition", "successor", R"({"relatedArtifact":[{"resource":"http://b","type":"successor"}]})",
        {"reference http://b"}},
    {"Bundle", "composition", R"({"entry":[{"resource":{"resourceType":"Composition","id":"c"}},
        {"resource":{"resourceType":"Composition","id":"d"}}]})", {"reference Composition/c"}},
    {"Bundle", "message", R"({"entry":[{"resource":{"resourceType":"Composition","id":"c"}}]})", {}},
    // date
    {"Patient", "birthdate", R"({"birthDate":"1950-02"})",
        {"date 1950-02-01T00:00:00.000Z..1950-03-01T00:00:00.000Z"}},
    {"Patient", "birthdate", R"({"birthDate":"1950-02-30"})", {}},
    {"Patient", "death-date", R"({"deceasedDateTime":"2026"})",
        {"date 2026-01-01T00:00:00.000Z..2027-01-01T00:00:00.000Z"}},
    {"Patient", "death-date", R"({"deceasedBoolean":true})", {}},
    {"Observation", "date", R"({"effectiveInstant":"2026-11-22T07:49:00Z"})",
        {"date 2026-11-22T07:49:00.000Z..2026-11-22T07:49:01.000Z"}},
    {"Observation", "date", R"({"effectivePeriod":{"start":"2026-11-22"}})", {"date 2026-11-22T00:00:00.000Z..open"}},
    {"Observation", "date", R"({"effectiveTiming":{"event":["2026-11-22"]}})",
        {"date 2026-11-22T00:00:00.000Z..2026-11-23T00:00:00.000Z"}},
    {"Condition", "onset-date", R"({"onsetAge":{"value":3}})", {}},
    {"Patient", "_lastUpdated", R"({"meta":{"lastUpdated":"2026-11-22T07:49:00.5Z"}})",
        {"date 2026-11-22T07:49:00.500Z..2026-11-22T07:49:00.600Z"}},
    // number
    {"RiskAssessment", "probability", R"({"prediction":[{"probabilityDecimal":0.10},{"probabilityDecimal":"1"}]})",
        {"number 0.10"}},
    {"MolecularSequence", "window-start", R"({"referenceSeq":{"windowStart":12}})", {"number 12"}},
    // quantity
    {"Observation", "value-quantity", R"({"valueQuantity":{"value":5.40,"comparator":"<","unit":"mg","system":"u","code":"mg"}})",
        {"quantity <5.40 u|mg mg"}},
    {"Observation", "value-quantity", R"({"valueQuantity":{"unit":"mg"}})", {}},
    {"Observation", "value-quantity", R"({"valueSampledData":{"data":"1 2"}})", {}},
    {"Observation", "combo-value-quantity", R"({"component":[{"valueQuantity":{"value":1e2}}]})", {"quantity 1e2 | "}},
    {"Condition", "onset-age", R"({"onsetRange":{"low":{"value":1,"unit":"a"},"high":{"value":2}}})",
        {"quantity 1 | a", "quantity 2 | "}},
    {"Condition", "onset-age", R"({"onsetAge":{"value":3,"code":"a"}})", {"quantity 3 |a "}},
    {"Invoice", "totalnet", R"({"totalNet":{"value":12.50,"currency":"GBP"}})",
        {"quantity 12.50 urn:iso:std:iso:4217|GBP "}},
    // uri
    {"Patient", "_profile", R"({"meta":{"profile":["http://a","http://b|1"]}})", {"uri http://a", "uri http://b|1"}},
    {"Patient", "_source", R"({"meta":{"source":"urn:x"}})", {"uri urn:x"}},
    {"ValueSet", "url", R"({"url":"http://a"})", {"uri http://a"}},
    {"ValueSet", "url", R"({"url":["http://a"]})", {"uri http://a"}},
    // Elements met again through a contentReference.
    {"Questionnaire", "code", R"({"item":[{"code":[{"code":"a"}],"item":[{"code":[{"code":"b"}]}]}]})", {"token |a"}},
    {"ConceptMap", "target-code", R"({"group":[{"element":[{"target":[{"code":"x"}]}]}]})", {"token |x"}},
};
// clang-format on

TEST(SearchValues, Table) {
  for (const Row& row : kRows) {
    EXPECT_EQ(values(row.type, row.code, row.json), row.want)
        << row.type << " " << row.code << " " << row.json;
  }
}

TEST(SearchValues, ContainedResourcesAreNotTheirContainers) {
  Lines lines = extract("Observation", R"({"resourceType":"Observation","contained":[
      {"resourceType":"Patient","id":"p","name":[{"family":"A"}],"identifier":[{"value":"1"}]}],
      "subject":{"reference":"#p"}})");
  EXPECT_EQ(lines, (Lines{"subject reference #p"}));
}

TEST(SearchValues, FollowTheOrderOfMembers) {
  EXPECT_EQ(extract("Patient", R"({"birthDate":"2026","id":"p","deceasedBoolean":true})"),
            (Lines{"birthdate date 2026-01-01T00:00:00.000Z..2027-01-01T00:00:00.000Z",
                   "_id token |p", "deceased token |true"}));
}

TEST(SearchValues, UnknownTypeOrRootGivesNothing) {
  json::Document document;
  ASSERT_TRUE(document.parse(R"([{"id":"a"}])").has_value());
  ValuesPrinter printer;
  extract_search_values(kPatientType, *document.root(), printer);
  extract_search_values(255, *document.root(), printer);
  EXPECT_TRUE(printer.lines().empty());
}

// Random trees whose names are those the definitions look for, in any place and shape.
class TreeMaker {
 public:
  explicit TreeMaker(uint64_t seed) : random_(seed) {
    for (std::string_view name : {"id",
                                  "meta",
                                  "code",
                                  "coding",
                                  "system",
                                  "value",
                                  "subject",
                                  "reference",
                                  "type",
                                  "name",
                                  "given",
                                  "family",
                                  "component",
                                  "entry",
                                  "resource",
                                  "telecom",
                                  "identifier",
                                  "effectivePeriod",
                                  "start",
                                  "end",
                                  "event",
                                  "repeat",
                                  "low",
                                  "high",
                                  "status",
                                  "tag",
                                  "valueRange",
                                  "onsetAge",
                                  "relatedArtifact",
                                  ""}) {
      names_.push_back(name);
    }
  }

  json::Node* make(json::Document& document, std::string_view key, int depth) {
    static constexpr const char* kTexts[] = {"", "2026-11-22", "Patient/1", "email", "#", "Type?"};
    switch (random_.below(depth > 5 ? 4 : 8)) {
      case 0:
        return document.make_bool(key, random_.below(2) == 0);
      case 1:
        return document.make_number(key, "-1.50e3");
      case 2:
      case 3:
        return document.make_string(key, kTexts[random_.below(std::size(kTexts))]);
      case 4:
      case 5: {
        json::Node* array = document.make_array(key);
        for (uint64_t i = random_.below(4); i > 0; --i) {
          json::Document::append(*array, *make(document, "", depth + 1));
        }
        return array;
      }
      default:
        return make_object(document, key, depth);
    }
  }

  json::Node* make_object(json::Document& document, std::string_view key, int depth) {
    json::Node* object = document.make_object(key);
    for (uint64_t i = random_.below(8); i > 0; --i) {
      std::string_view name = names_[random_.below(names_.size())];
      json::Document::append(*object, *make(document, name, depth + 1));
    }
    return object;
  }

 private:
  SeededRandom random_;
  std::vector<std::string_view> names_;
};

TEST(SearchValues, AnyTreeIsSurvived) {
  constexpr uint64_t kSeed = 20261122;
  TreeMaker maker(kSeed);
  size_t found = 0;
  for (int round = 0; round < 3000; ++round) {
    json::Document document;
    document.set_root(maker.make_object(document, "", 0));
    for (TypeNumber type = 0; type < type_count(); ++type) {
      ValuesPrinter printer;
      extract_search_values(type, *document.root(), printer);
      found += printer.lines().size();
    }
  }
  EXPECT_GT(found, 10000u) << "seed " << kSeed;
}

}  // namespace
}  // namespace continuum::fhir
