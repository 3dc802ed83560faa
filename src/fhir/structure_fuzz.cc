// Any JSON: the check ends, tells a bounded number of things, and each has a place in the text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "fhir/limits.h"
#include "fhir/structure.h"

namespace {

using namespace continuum;

// A message lists names and codes of the definitions only, so it is short.
constexpr size_t kMessageBytesMax = 4096;

const json::Node* at(const json::Node* node, const json::Place& place) {
  for (uint32_t number : place) {
    CHECK(node != nullptr);
    node = node->first;
    for (uint32_t i = 0; i < number && node != nullptr; ++i) {
      node = node->next;
    }
  }
  return node;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  json::Document document;
  if (!document.parse(text)) {
    const json::Place places[] = {{}, {0}, {1, 2}};
    CHECK(json::locate(text, places).size() == 3);
    return 0;
  }
  fhir::StructureReport report;
  fhir::check_structure(*document.root(), report);
  fhir::locate_issues(text, report);
  CHECK(report.issues.size() <= fhir::kStructureIssuesMax);
  CHECK(!report.truncated || report.issues.size() == fhir::kStructureIssuesMax);
  for (const fhir::StructureIssue& issue : report.issues) {
    CHECK(!issue.message.empty() && issue.message.size() <= kMessageBytesMax);
    CHECK(!issue.expression.empty());
    CHECK(at(document.root(), issue.place) != nullptr);
    CHECK(issue.position.line >= 1 && issue.position.column >= 1);
  }
  CHECK(fhir::outcome_issues(report, fhir::Severity::kError).size() == report.issues.size());
  return 0;
}
