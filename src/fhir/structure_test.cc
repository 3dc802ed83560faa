// The case files of tests/cases/structure, and what they cannot say.
#include "fhir/structure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fhir/limits.h"
#include "fhir/types.h"
#include "json/case_files_test.h"
#include "json/writer.h"

namespace continuum::fhir {
namespace {

constexpr size_t kCasesMin = 120;
const char* const kCases = "tests/cases/structure";

std::vector<std::string> lines_of(const StructureReport& report) {
  std::vector<std::string> lines;
  for (const StructureIssue& issue : report.issues) {
    std::string line(to_string(issue.fault));
    line += " " + issue.expression;
    if (issue.position.line != 0) {
      line +=
          " " + std::to_string(issue.position.line) + ":" + std::to_string(issue.position.column);
    }
    lines.push_back(line);
  }
  return lines;
}

StructureReport checked(std::string_view text) {
  json::Document document;
  Status status = document.parse(text);
  EXPECT_TRUE(status) << status.error().text();
  StructureReport report;
  if (status) {
    check_structure(*document.root(), report);
  }
  return report;
}

std::vector<std::string> texts_of(const json::Node* array) {
  std::vector<std::string> texts;
  for (const json::Node& item : json::children(*array)) {
    texts.emplace_back(item.text);
  }
  return texts;
}

// A resource as a tree, or as text where lines count.
StructureReport check_case(const json::Node& row) {
  StructureReport report;
  if (const json::Node* resource = row.find("resource"); resource != nullptr) {
    check_structure(*resource, report);
  } else {
    const std::string_view text = row.string("text");
    report = checked(text);
    locate_issues(text, report);
  }
  return report;
}

TEST(Structure, Cases) {
  size_t count = 0;
  size_t refused = 0;
  json::for_each_case_file(kCases, [&](const json::Node& file) {
    EXPECT_FALSE(file.string("rule").empty());
    const json::Node* cases = file.find("cases");
    ASSERT_NE(cases, nullptr);
    for (const json::Node& row : json::children(*cases)) {
      const StructureReport report = check_case(row);
      ++count;
      refused += report.issues.empty() ? 0 : 1;
      EXPECT_EQ(lines_of(report), texts_of(row.find("issues"))) << row.string("what");
    }
  });
  EXPECT_GE(count, kCasesMin);
  EXPECT_GT(refused, count / 2);
}

// Duplicates never come out of a text.
TEST(Structure, MemberThereTwice) {
  json::Document document;
  json::Node* patient = document.make_object();
  json::Document::append(*patient, *document.make_string("resourceType", "Patient"));
  json::Document::append(*patient, *document.make_string("gender", "male"));
  json::Document::append(*patient, *document.make_string("gender", "male"));
  json::Document::append(*patient, *document.make_string("resourceType", "Patient"));
  StructureReport report;
  check_structure(*patient, report);
  EXPECT_EQ(lines_of(report),
            (std::vector<std::string>{"structure Patient.gender", "structure Patient"}));
}

TEST(Structure, ReportIsReplaced) {
  StructureReport report = checked(R"({"resourceType":"Patient","nothing":1})");
  ASSERT_EQ(report.issues.size(), 1u);
  json::Document document;
  ASSERT_TRUE(document.parse(R"({"resourceType":"Patient"})"));
  check_structure(*document.root(), report);
  EXPECT_TRUE(report.issues.empty());
}

std::string many(size_t count, std::string_view item) {
  std::string text = R"({"resourceType":"Patient","name":[)";
  for (size_t i = 0; i < count; ++i) {
    text += i == 0 ? "" : ",";
    text += item;
  }
  return text + "]}";
}

TEST(Structure, IssuesAreBounded) {
  StructureReport report = checked(many(kStructureIssuesMax, R"({"use":"x"})"));
  EXPECT_EQ(report.issues.size(), kStructureIssuesMax);
  EXPECT_FALSE(report.truncated);
  report = checked(many(kStructureIssuesMax + 1, R"({"use":"x"})"));
  EXPECT_EQ(report.issues.size(), kStructureIssuesMax);
  EXPECT_TRUE(report.truncated);
}

TEST(Structure, TooManyMembers) {
  std::string text = R"({"resourceType":"Patient")";
  for (int i = 0; i < 1000; ++i) {
    text += ",\"x" + std::to_string(i) + "\":1";
  }
  const StructureReport report = checked(text + "}");
  EXPECT_EQ(lines_of(report), (std::vector<std::string>{"structure Patient"}));
}

// Trees made by hand may be deeper than texts.
TEST(Structure, DepthIsBounded) {
  json::Document document;
  auto wrap = [&](json::Node* resource) {
    json::Node* bundle = document.make_object();
    json::Document::append(*bundle, *document.make_string("resourceType", "Bundle"));
    json::Document::append(*bundle, *document.make_string("type", "collection"));
    json::Node* entries = document.make_array("entry");
    json::Node* entry = document.make_object();
    if (resource != nullptr) {
      resource->key = "resource";
      json::Document::append(*entry, *resource);
    } else {
      json::Document::append(*entry, *document.make_string("fullUrl", "urn:x"));
    }
    json::Document::append(*entries, *entry);
    json::Document::append(*bundle, *entries);
    return bundle;
  };
  json::Node* bundle = nullptr;
  for (size_t i = 0; i < kStructureDepthMax / 2; ++i) {
    bundle = wrap(bundle);
  }
  StructureReport report;
  check_structure(*bundle, report);
  EXPECT_TRUE(report.issues.empty());
  check_structure(*wrap(bundle), report);
  EXPECT_EQ(report.issues.size(), 1u);
}

// SAFETY: whatever a sender writes, no word of it comes back.
TEST(Structure, MessagesHoldNothingOfTheResource) {
  constexpr std::string_view kSecret = "Zyxwvut";
  for (std::string_view text : {
           R"({"resourceType":"Zyxwvut"})",
           R"({"resourceType":"Patient","Zyxwvut":1})",
           R"({"resourceType":"Patient","_Zyxwvut":1})",
           R"({"resourceType":"Patient","gender":"Zyxwvut"})",
           R"({"resourceType":"Patient","birthDate":"Zyxwvut"})",
           R"({"resourceType":"Patient","name":"Zyxwvut"})",
           R"({"resourceType":"Patient","id":"Zyxwvut Zyxwvut"})",
           R"({"resourceType":"Patient","managingOrganization":{"reference":"Patient/Zyxwvut"}})",
           R"({"resourceType":"Patient","text":{"status":"additional","div":"Zyxwvut"}})",
           R"({"resourceType":"Condition","subject":{"display":"x"},"clinicalStatus":{"coding":
             [{"system":"http://Zyxwvut","code":"Zyxwvut"}]}})",
           R"({"resourceType":"Patient","extension":[{"url":"Zyxwvut","Zyxwvut":{}}]})",
       }) {
    StructureReport report = checked(text);
    ASSERT_FALSE(report.issues.empty()) << text;
    locate_issues(text, report);
    const std::string outcome = operation_outcome(outcome_issues(report, Severity::kError));
    EXPECT_EQ(outcome.find(kSecret), std::string::npos) << outcome;
  }
}

TEST(Structure, OutcomeSaysWhereAndHowBad) {
  constexpr std::string_view kText = "{\"resourceType\":\"Patient\",\n  \"active\":1}";
  StructureReport report = checked(kText);
  std::vector<Issue> issues = outcome_issues(report, Severity::kWarning);
  ASSERT_EQ(issues.size(), 1u);
  EXPECT_EQ(issues[0].severity, Severity::kWarning);
  EXPECT_EQ(issues[0].code, "structure");
  EXPECT_EQ(issues[0].expression, std::vector<std::string>{"Patient.active"});
  EXPECT_EQ(issues[0].diagnostics.find("line"), std::string::npos);
  locate_issues(kText, report);
  issues = outcome_issues(report, Severity::kError);
  EXPECT_EQ(issues[0].severity, Severity::kError);
  EXPECT_NE(issues[0].diagnostics.find("line 2 column 3"), std::string::npos);
}

// A resource of each type that holds nothing but its name lacks what R4 requires, and no more.
TEST(Structure, EveryTypeIsKnown) {
  size_t sound = 0;
  for (size_t type = 0; type < type_count(); ++type) {
    const std::string name(type_name(static_cast<TypeNumber>(type)));
    const StructureReport report = checked(R"({"resourceType":")" + name + "\"}");
    sound += report.issues.empty() ? 1 : 0;
    for (const StructureIssue& issue : report.issues) {
      EXPECT_EQ(issue.fault, StructureFault::kRequired);
      EXPECT_TRUE(issue.expression.starts_with(name + ".")) << issue.expression;
    }
  }
  EXPECT_GT(sound, type_count() / 5);
  EXPECT_LT(sound, type_count() / 2);
}

}  // namespace
}  // namespace continuum::fhir
