#include "fhir/operation_outcome.h"

#include <string_view>

#include "base/check.h"
#include "json/writer.h"

namespace continuum::fhir {
namespace {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kFatal:
      return "fatal";
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kInformation:
      return "information";
  }
  return "error";
}

void write_issue(const Issue& issue, std::string& out) {
  out += R"({"severity":)";
  json::write_string(to_string(issue.severity), out);
  out += R"(,"code":)";
  json::write_string(issue.code, out);
  if (!issue.diagnostics.empty()) {
    out += R"(,"diagnostics":)";
    json::write_string(issue.diagnostics, out);
  }
  std::string_view before = R"(,"expression":[)";
  for (const std::string& expression : issue.expression) {
    out += before;
    json::write_string(expression, out);
    before = ",";
  }
  out += issue.expression.empty() ? "}" : "]}";
}

}  // namespace

std::string operation_outcome(std::span<const Issue> issues) {
  CHECK(!issues.empty());
  std::string out = R"({"resourceType":"OperationOutcome","issue":)";
  std::string_view before = "[";
  for (const Issue& issue : issues) {
    out += before;
    write_issue(issue, out);
    before = ",";
  }
  out += "]}";
  return out;
}

std::string operation_outcome(const Issue& issue) {
  return operation_outcome(std::span(&issue, 1));
}

}  // namespace continuum::fhir
