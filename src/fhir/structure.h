// Whether a resource is built as R4 says (http://hl7.org/fhir/R4/json.html and the definitions of
// its type), before it is stored.
//
// Checked: the resource type; that each element is one R4 defines there, as often as it may be and
// as often as it must; arrays where an element repeats and nowhere else; the JSON form and the
// format of primitives; at most one type of a choice; `_name` siblings of primitives and their
// arrays, in step; no null, empty array, object or string; elements with more than an id;
// extensions: url, and either a value or extensions; types that a Reference may name, where its
// text or its `type` tells (relative, absolute and conditional ones); codes of required bindings
// whose code systems are HL7's own; resources inside Bundles, Parameters and `contained` (not
// nested there).
//
// Not checked: FHIRPath invariants, profiles (SimpleQuantity is one), slices, extensible and weaker
// bindings, codes of UCUM, LOINC, SNOMED CT, languages, MIME types and currencies, what canonicals
// name, the inside of xhtml beyond its start with <div. docs/structure_check.md has the whole list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/operation_outcome.h"
#include "json/document.h"
#include "json/locate.h"

namespace continuum::fhir {

// Of http://hl7.org/fhir/issue-type.
enum class StructureFault : uint8_t {
  kStructure,    // an element that may not stand there, or not so
  kRequired,     // an element is missing
  kValue,        // a primitive is not of its type's format
  kCodeInvalid,  // a code is not of the value set it must be of
};
std::string_view to_string(StructureFault fault);  // "structure", "code-invalid"...

// SAFETY: message and expression hold names, types and codes of the definitions, never anything of
// the resource: an unknown member is told by its place, and its expression is its parent's.
struct StructureIssue {
  StructureFault fault = StructureFault::kStructure;
  std::string message;           // what is wrong, and what is allowed
  std::string expression;        // FHIRPath: "Patient.name[0].given[1]"; choices without their type
  json::Place place;             // from the node that was checked
  json::Position position = {};  // after locate_issues()
};

struct StructureReport {
  std::vector<StructureIssue> issues;  // in the order of the text, at most kStructureIssuesMax
  bool truncated = false;              // the check stopped at that many
};

// Replaces what the report held; no issues: the resource is sound. Any tree will do. Time is linear
// in its size, but for the few members of each object that R4 knows. Thread-safe.
void check_structure(const json::Node& resource, StructureReport& report);

// Fills in the positions, by one pass over the text. It must be what the tree was read from, the
// tree unchanged since, and the node that was checked its root.
void locate_issues(std::string_view text, StructureReport& report);

// For an OperationOutcome; the position, if there is one, ends the diagnostics. The severity is the
// caller's: an error to refuse with, a warning where a source's resources are marked instead.
std::vector<Issue> outcome_issues(const StructureReport& report, Severity severity);

}  // namespace continuum::fhir
