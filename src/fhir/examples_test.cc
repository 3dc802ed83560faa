// The official R4 examples, where the shared test data is present: extraction finds what they hold.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "base/file_system.h"
#include "fhir/home.h"
#include "fhir/structure.h"
#include "fhir/values_printer.h"

namespace continuum::fhir {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kFileBytesMax = 64 << 20;

// The folder of archives, or empty.
fs::path archives() {
  const char* given = std::getenv("CONTINUUM_DATA");
  fs::path folder = given != nullptr ? fs::path(given)
                                     : fs::path(CONTINUUM_SOURCE_DIR) / ".." / "shared" / "data";
  return fs::exists(folder / "unpack") ? folder : fs::path();
}

class Examples : public testing::Test {
 protected:
  void SetUp() override {
    fs::path from = archives();
    if (from.empty()) {
      GTEST_SKIP() << "the official examples are not here: CONTINUUM_DATA names their folder";
    }
    fs::path to = fs::path(CONTINUUM_SOURCE_DIR) / "build" / "data";
    fs::create_directories(to);
    std::string command = fmt::format("'{}' '{}' spec-r4-examples", (from / "unpack").string(),  //
                                      to.string());
    ASSERT_EQ(std::system(command.c_str()), 0);
    folder_ = to / "spec" / "r4-examples";
  }

  // The resource of a file, or null for what is none.
  static const json::Node* load(const fs::path& file, json::Document& document) {
    Result<std::string> text = read_file(posix_files(), file.string(), kFileBytesMax);
    EXPECT_TRUE(text.has_value()) << file;
    EXPECT_TRUE(document.parse(*text).has_value()) << file;
    return type_number(document.root()->string("resourceType")) ? document.root() : nullptr;
  }

  static TypeNumber type_of(const json::Node& resource) {
    return *type_number(resource.string("resourceType"));
  }

  fs::path folder_;
};

// Counts values by parameter.
class Counter final : public SearchValueSink {
 public:
  void token(ParameterNumber p, std::string_view, std::string_view) override { ++counts[p]; }
  void string(ParameterNumber p, std::string_view) override { ++counts[p]; }
  void reference(ParameterNumber p, std::string_view, std::string_view, std::string_view) override {
    ++counts[p];
  }
  void date(ParameterNumber p, const DateRange&) override { ++counts[p]; }
  void number(ParameterNumber p, std::string_view) override { ++counts[p]; }
  void quantity(ParameterNumber p, const QuantityValue&) override { ++counts[p]; }
  void uri(ParameterNumber p, std::string_view) override { ++counts[p]; }

  std::map<ParameterNumber, size_t> counts;
};

struct Known {
  const char* file;
  const char* line;
};

constexpr Known kKnown[] = {
    {"Patient-example.json", "birthdate date 1974-12-25T00:00:00.000Z..1974-12-26T00:00:00.000Z"},
    {"Patient-example.json", "identifier token urn:oid:1.2.36.146.595.217.0.1|12345"},
    {"Patient-example.json", "family string Windsor"},
    {"Patient-example.json", "organization reference Organization/1"},
    {"Patient-example.json", "gender token http://hl7.org/fhir/administrative-gender|male"},
    {"Observation-example.json",
     "value-quantity quantity 185 http://unitsofmeasure.org|[lb_av] lbs"},
    {"Observation-example.json", "patient reference Patient/example"},
    {"Observation-example.json", "date date 2016-03-28T00:00:00.000Z..2016-03-29T00:00:00.000Z"},
    {"Observation-blood-pressure.json", "component-code token http://loinc.org|8480-6"},
    {"Observation-blood-pressure.json", "combo-code token http://loinc.org|8480-6"},
    {"Encounter-f001.json", "class token http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB"},
    {"RiskAssessment-genetic.json", "probability number 0.000168"},
    {"ValueSet-example-extensional.json",
     "url uri http://hl7.org/fhir/ValueSet/example-extensional"},
};

TEST_F(Examples, KnownValues) {
  for (const Known& known : kKnown) {
    json::Document document;
    const json::Node* resource = load(folder_ / known.file, document);
    ASSERT_NE(resource, nullptr);
    ValuesPrinter printer;
    extract_search_values(type_of(*resource), *resource, printer);
    std::set<std::string> lines(printer.lines().begin(), printer.lines().end());
    EXPECT_TRUE(lines.contains(known.line))
        << known.line << " is not in " << testing::PrintToString(lines);
  }
}

TEST_F(Examples, EveryKindAndMostParametersHaveValues) {
  Counter counter;
  std::set<TypeNumber> types;
  size_t resources = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    json::Document document;
    const json::Node* resource = load(entry.path(), document);
    if (resource != nullptr) {
      extract_search_values(type_of(*resource), *resource, counter);
      types.insert(type_of(*resource));
      ++resources;
    }
  }
  std::map<ParameterKind, size_t> by_kind;
  size_t without = 0;
  for (ParameterNumber number = 0; number < parameter_count(); ++number) {
    by_kind[parameter(number).kind] += counter.counts[number];
    bool special = parameter(number).code.starts_with("_");
    bool silent = counter.counts[number] == 0 && types.contains(parameter(number).type) && !special;
    without += silent ? 1 : 0;
    if (silent && std::getenv("CONTINUUM_VERBOSE") != nullptr) {
      fmt::print("no value: {} {}\n", type_name(parameter(number).type), parameter(number).code);
    }
  }
  fmt::print("{} examples of {} types; {} parameters met no value\n", resources, types.size(),
             without);
  EXPECT_GT(resources, 5000u);
  EXPECT_EQ(by_kind.size(), 7u);
  for (const auto& [kind, count] : by_kind) {
    EXPECT_GT(count, 0u) << "kind " << static_cast<int>(kind);
  }
  EXPECT_LT(without, parameter_count() / 4);
}

TEST_F(Examples, MostPatientTypesFindAHome) {
  std::map<std::string, size_t> homeless;
  size_t resources = 0;
  size_t homed = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    json::Document document;
    const json::Node* resource = load(entry.path(), document);
    if (resource == nullptr || type_of(*resource) == kPatientType ||
        is_shared_type(type_of(*resource))) {
      continue;
    }
    bool found = false;
    patient_candidates(type_of(*resource), *resource, [&](std::string_view) { found = true; });
    ++resources;
    homed += found ? 1 : 0;
    homeless[std::string(resource->string("resourceType"))] += found ? 0 : 1;
  }
  fmt::print("{} of {} examples of patient types name a home\n", homed, resources);
  for (const auto& [type, count] : homeless) {
    if (count > 0 && std::getenv("CONTINUUM_VERBOSE") != nullptr) {
      fmt::print("no home: {} {}\n", count, type);
    }
  }
  EXPECT_GT(homed * 10, resources * 8);
}

// What was published against the definitions it was published with: each file with all that is told
// of it, as "fault expression", once for each fault at that place but for its indexes.
const std::map<std::string, std::set<std::string>> kUnsound = {
    {"DeviceMetric-example.json", {"structure DeviceMetric.parent.reference"}},
    {"DeviceUseStatement-example.json", {"structure DeviceUseStatement.reasonReference.reference"}},
    {"ImplementationGuide-fhir.json",
     {"required ImplementationGuide.name", "required ImplementationGuide.status"}},
    {"MedicationRequest-medrx0301.json",
     {"structure MedicationRequest.dispenseRequest.performer.reference"}},
    {"Observation-clinical-gender.json", {"structure Observation.performer.reference"}},
    {"Questionnaire-qs1.json",
     {"required Questionnaire.item.item.linkId", "required Questionnaire.item.item.item.linkId",
      "required Questionnaire.item.item.item.item.linkId"}},
    {"SearchParameter-codesystem-extensions-CodeSystem-author.json",
     {"required SearchParameter.base"}},
    {"SearchParameter-codesystem-extensions-CodeSystem-effective.json",
     {"required SearchParameter.base"}},
    {"SearchParameter-codesystem-extensions-CodeSystem-end.json",
     {"required SearchParameter.base"}},
    {"SearchParameter-codesystem-extensions-CodeSystem-keyword.json",
     {"required SearchParameter.base"}},
    {"SearchParameter-codesystem-extensions-CodeSystem-workflow.json",
     {"required SearchParameter.base"}},
    {"SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json",
     {"value SearchParameter.id"}},
    {"SearchParameter-valueset-extensions-ValueSet-author.json", {"required SearchParameter.base"}},
    {"SearchParameter-valueset-extensions-ValueSet-effective.json",
     {"required SearchParameter.base"}},
    {"SearchParameter-valueset-extensions-ValueSet-end.json", {"required SearchParameter.base"}},
    {"SearchParameter-valueset-extensions-ValueSet-keyword.json",
     {"required SearchParameter.base"}},
    {"SearchParameter-valueset-extensions-ValueSet-workflow.json",
     {"required SearchParameter.base"}},
    {"ig-r4.json", {"required ImplementationGuide.name", "required ImplementationGuide.status"}},
};

std::string without_indexes(std::string_view expression) {
  std::string out;
  bool inside = false;
  for (char c : expression) {
    inside = inside || c == '[';
    if (!inside) {
      out += c;
    }
    inside = inside && c != ']';
  }
  return out;
}

TEST_F(Examples, StructureIsSoundButForThePublishersFaults) {
  size_t resources = 0;
  std::map<std::string, std::set<std::string>> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    json::Document document;
    const json::Node* resource = load(entry.path(), document);
    if (resource == nullptr) {
      continue;
    }
    ++resources;
    StructureReport report;
    check_structure(*resource, report);
    for (const StructureIssue& issue : report.issues) {
      found[entry.path().filename()].insert(
          fmt::format("{} {}", to_string(issue.fault), without_indexes(issue.expression)));
    }
  }
  fmt::print("{} examples, {} with faults\n", resources, found.size());
  EXPECT_GT(resources, 5000u);
  EXPECT_EQ(found, kUnsound);
}

}  // namespace
}  // namespace continuum::fhir
