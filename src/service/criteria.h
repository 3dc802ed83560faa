// Criteria of conditional writes, from text (http://hl7.org/fhir/R4/http.html#cond-update).
//
// SAFETY: what is not understood is an error, never passed over: a criterion left out would make
// another resource meet the rest.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/query.h"
#include "record/criteria.h"

namespace continuum::service {

// A resource of this store that a reference names, if it is one.
using FindReferred =
    std::function<Result<std::optional<record::ResourceKey>>(std::string_view reference)>;

// Repeated parameters must all be met, comma-separated values are alternatives, "\," is a comma.
// Taken: tokens (code, system|code, |code), strings (start; :exact), references (Type/id, id,
// URL; :Type, :identifier), URIs, dates with prefixes. kInvalid names the parameter: unknown; of
// another kind; an unknown modifier; an empty value; no criteria at all.
Result<record::Criteria> parse_criteria(fhir::TypeNumber type,
                                        std::optional<record::SourceNumber> source,
                                        std::span<const http::Parameter> parameters,
                                        const FindReferred& find_referred);

}  // namespace continuum::service
