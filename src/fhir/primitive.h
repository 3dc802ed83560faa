// The primitive types of R4 and what their values look like in JSON
// (http://hl7.org/fhir/R4/datatypes.html#primitive).
//
// The regular rules of R4 as scanners, each one pass over the text. Beyond those rules, a date is
// one of the calendar, and an integer is of 32 bits. White space is that of ASCII.
#pragma once

#include <cstdint>
#include <string_view>

#include "json/document.h"

namespace continuum::fhir {

// What an element holds: a primitive, or what the last three say.
enum class ValueKind : uint8_t {
  kBase64Binary,
  kBoolean,
  kCanonical,
  kCode,
  kDate,
  kDateTime,
  kDecimal,
  kId,
  kInstant,
  kInteger,
  kMarkdown,
  kOid,
  kPositiveInt,
  kString,
  kTime,
  kUnsignedInt,
  kUri,
  kUrl,
  kUuid,
  kXhtml,
  kComplex,    // an object with a shape of its own
  kResource,   // a resource of any type
  kContained,  // the same, in DomainResource.contained
};

constexpr bool is_primitive(ValueKind kind) {
  return kind < ValueKind::kComplex;
}

enum class JsonForm : uint8_t { kString, kNumber, kBoolean };

// Of primitives only.
JsonForm json_form(ValueKind kind);
// What the value must look like, for a message: "a date: YYYY, YYYY-MM or YYYY-MM-DD".
std::string_view form_rule(ValueKind kind);
// Whether the value, which is of the right JSON form, is one of the type. xhtml: only that it
// starts with a div element.
bool is_valid_primitive(ValueKind kind, const json::Node& value);

}  // namespace continuum::fhir
