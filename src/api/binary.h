// Binary as it is (http://hl7.org/fhir/R4/binary.html#rest): its content instead of the resource,
// for who does not ask for FHIR's own format.
#pragma once

#include <string>

#include "api/parameters.h"
#include "api/router.h"
#include "base/result.h"
#include "http/message.h"

namespace continuum::api {

// Whether a read or vread of a Binary is answered with its content: neither Accept nor _format
// names FHIR's JSON.
bool wants_content(const http::Request& request, const Route& route, const Parameters& parameters);

// Turns the answer with the resource into one with its content.
// SAFETY: it may be a page or a program, of whoever sent it: browsers save it and run none of it.
// kUnsupported: its data is not base64, or its type fits no header.
Status to_content(http::Response& response);

// Whether a create or update of a Binary brings its content.
bool brings_content(const http::Request& request, const Route& route);
// The resource that it makes: the content, its type, and X-Security-Context.
std::string to_binary(const http::Request& request, const Route& route);

}  // namespace continuum::api
