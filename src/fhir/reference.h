// The text of a Reference, taken apart (http://hl7.org/fhir/R4/references.html).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fhir/types.h"

namespace continuum::fhir {

enum class ReferenceKind : uint8_t {
  kContained,    // #id, or # alone (the container itself; id is then empty)
  kRelative,     // Type/id[/_history/version]
  kAbsolute,     // http[s]://base/Type/id[/_history/version]
  kUrn,          // urn:uuid:..., urn:oid:...
  kConditional,  // Type?query
  kOther,        // anything else; only `text` is set
};

// Views into the text given to parse_reference.
struct ParsedReference {
  ReferenceKind kind = ReferenceKind::kOther;
  std::string_view text;           // all of it
  std::optional<TypeNumber> type;  // relative, absolute, conditional: always set; others: never
  std::string_view id;             // relative, absolute, contained; urn: after "urn:uuid:"
  std::string_view version;        // or empty
  std::string_view base;           // absolute: before the type, without the slash
  std::string_view query;          // conditional: after the question mark
};

// Types must be R4 types and ids valid, else the text is kOther. Never fails.
ParsedReference parse_reference(std::string_view text);

// [A-Za-z0-9\-.]{1,64}
bool is_valid_id(std::string_view id);

}  // namespace continuum::fhir
