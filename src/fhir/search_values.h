// What a resource can be found by: the values of its search parameters.
//
// Values come as they stand in the resource: nothing is folded, normalised or resolved. Views point
// into the resource or static storage, and live as long as the call, except where said.
#pragma once

#include <string_view>

#include "fhir/date.h"
#include "fhir/search_parameters.h"
#include "json/document.h"

namespace continuum::fhir {

struct QuantityValue {
  std::string_view value;       // decimal as sent
  std::string_view comparator;  // "<", "<=", ">=", ">" or empty
  std::string_view system;
  std::string_view code;
  std::string_view unit;
};

// The same value may come twice, when the resource says it twice.
class SearchValueSink {
 public:
  virtual ~SearchValueSink() = default;

  // Coding: as it is. CodeableConcept: each coding. Identifier: system and value. ContactPoint: its
  // value. code: under the system its required binding gives it, where R4 tells. boolean:
  // "true" or "false". At least one of both is not empty.
  virtual void token(ParameterNumber parameter, std::string_view system, std::string_view code) = 0;
  // HumanName (family, given, prefix, suffix, text) and Address (line, city, district, state,
  // postalCode, country, text) give each part on its own. Not empty.
  virtual void string(ParameterNumber parameter, std::string_view text) = 0;
  // Reference: its text and identifier, any of which may be empty but not all. canonical and uri:
  // the text, with "|version" where sent. `reference` lives as long as this call only.
  virtual void reference(ParameterNumber parameter, std::string_view reference,
                         std::string_view identifier_system, std::string_view identifier_value) = 0;
  virtual void date(ParameterNumber parameter, const DateRange& range) = 0;
  // A JSON number as sent.
  virtual void number(ParameterNumber parameter, std::string_view decimal) = 0;
  // Quantity and its kinds; Money as urn:iso:std:iso:4217 and its currency; Range gives its low and
  // high as two values.
  virtual void quantity(ParameterNumber parameter, const QuantityValue& value) = 0;
  virtual void uri(ParameterNumber parameter, std::string_view text) = 0;
};

// Calls `sink` for each value, in the order of the resource's members. Contained resources are not
// looked into. A member of the wrong shape gives no value. `resource` need not be valid; the type
// is the caller's word (resourceType is not read), and _id and _lastUpdated are what the resource
// says: a store that sets its own must have put them there. Thread-safe; allocates nothing.
void extract_search_values(TypeNumber type, const json::Node& resource, SearchValueSink& sink);

}  // namespace continuum::fhir
