// What this server offers, as FHIR says it (http://hl7.org/fhir/R4/capabilitystatement.html).
#pragma once

#include <string>

#include "config/region.h"

namespace continuum::api {

inline constexpr const char* kSoftwareName = "Continuum";

// JSON. `date`: since when it says this, an instant; the server's start.
std::string capability_statement(const config::Region& region, std::string_view software_version,
                                 std::string_view date);

}  // namespace continuum::api
