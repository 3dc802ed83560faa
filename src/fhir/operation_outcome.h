// OperationOutcome: how a FHIR server says what went wrong
// (http://hl7.org/fhir/R4/operationoutcome.html).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace continuum::fhir {

enum class Severity : uint8_t { kFatal, kError, kWarning, kInformation };

struct Issue {
  Severity severity = Severity::kError;
  std::string code;                          // of http://hl7.org/fhir/issue-type: "not-found"
  std::string diagnostics = {};              // for people; holds no patient data; may be empty
  std::vector<std::string> expression = {};  // FHIRPath of the elements meant; may be empty
};

// Canonical JSON. FHIR wants at least one issue; none is a broken promise.
std::string operation_outcome(std::span<const Issue> issues);
std::string operation_outcome(const Issue& issue);

}  // namespace continuum::fhir
