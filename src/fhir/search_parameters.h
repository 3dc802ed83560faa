// The search parameters R4 defines, by number.
//
// One number for each (type, code), in byte order of (type name, code). Parameters of Resource
// (_id, _lastUpdated, _profile, _security, _source, _tag) are given to each type. Composite
// parameters, _text, _content, _query and Location near are not here: they have no values of their
// own to extract.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "fhir/types.h"

namespace continuum::fhir {

using ParameterNumber = uint16_t;

enum class ParameterKind : uint8_t {
  kNumber,
  kDate,
  kString,
  kToken,
  kReference,
  kQuantity,
  kUri,
};

// Static storage throughout.
struct Parameter {
  TypeNumber type;
  ParameterKind kind;
  uint8_t path_count;                   // compiled paths, at least 1
  std::string_view code;                // "birthdate"
  std::string_view url;                 // of the SearchParameter
  std::string_view expression;          // FHIRPath as published, for all types of the definition
  std::span<const TypeNumber> targets;  // of references, sorted by name; empty: any type
};

// The code alone, without modifier ("birthdate", "_id"); nothing when the type has no such one.
std::optional<ParameterNumber> parameter_number(TypeNumber type, std::string_view code);
// The same, as the row itself, or null.
const Parameter* parameter(TypeNumber type, std::string_view code);
// `number` < parameter_count().
const Parameter& parameter(ParameterNumber number);
ParameterNumber number_of(const Parameter& parameter);
// In order of code; consecutive numbers.
std::span<const Parameter> parameters(TypeNumber type);
size_t parameter_count();

// SHA-256, 64 hexadecimal digits, over all types, parameters and compiled paths. A store written
// under another fingerprint has other numbers or other index content.
std::string_view definitions_fingerprint();

}  // namespace continuum::fhir
