#include "fhir/operation_outcome.h"

#include <gtest/gtest.h>

namespace continuum::fhir {
namespace {

TEST(OperationOutcome, HasWhatTheIssueHas) {
  EXPECT_EQ(
      operation_outcome(Issue{.code = "not-found"}),
      R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]})");
}

TEST(OperationOutcome, EscapesAndLists) {
  const Issue issues[] = {
      {.severity = Severity::kFatal, .code = "structure", .diagnostics = "say \"what\""},
      {.severity = Severity::kWarning, .code = "value", .expression = {"Patient.name[0]", "b"}},
  };
  EXPECT_EQ(operation_outcome(issues),
            R"({"resourceType":"OperationOutcome","issue":[)"
            R"({"severity":"fatal","code":"structure","diagnostics":"say \"what\""},)"
            R"({"severity":"warning","code":"value","expression":["Patient.name[0]","b"]}]})");
}

}  // namespace
}  // namespace continuum::fhir
