// Which form an answer takes. Continuum speaks JSON only.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace continuum::api {

// The Content-Type to answer with: FHIR's, or plain JSON for a client that named only that.
// `format` (the parameter _format) wins over the Accept field. Nothing: neither will do (406).
std::optional<std::string_view> negotiate(const http::Headers& headers,
                                          std::optional<std::string_view> format);

// Whether Accept names FHIR's JSON, or plain JSON, by name.
bool names_our_json(const http::Headers& headers);

// Whether the body is a form (else 415).
bool is_form(const http::Headers& headers);
// Whether the body is a resource in JSON (else 415).
bool is_json(const http::Headers& headers);
// Whether it is a JSON Patch (else 415).
bool is_json_patch(const http::Headers& headers);

}  // namespace continuum::api
