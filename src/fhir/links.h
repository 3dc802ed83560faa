// The places of a resource that may name other resources by URL: what a transaction rewrites
// (http://hl7.org/fhir/R4/http.html#trules).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "json/document.h"

namespace continuum::fhir {

enum class LinkKind : uint8_t {
  kReference,  // Reference.reference
  kUri,        // an element of type uri, url or canonical
  kNarrative,  // the value of an href or src attribute in the narrative
};

// What is to stand there instead; nothing: it stays.
using Relink =
    std::function<Result<std::optional<std::string>>(LinkKind kind, std::string_view link)>;

// Asks about each link of a resource, contained ones included, and puts in what is given. What R4
// does not define is passed over. New texts are kept by `document`, whose tree it is; in a
// narrative they are escaped. The first error ends it, part done. SPEC: R4 also names elements of
// type oid and uuid; a URL in their place would be none.
Status relink(json::Document& document, json::Node& resource, const Relink& relink);

}  // namespace continuum::fhir
