// The only place where an error becomes an HTTP status and a FHIR issue code.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "fhir/operation_outcome.h"
#include "http/message.h"

namespace continuum::api {

inline constexpr std::string_view kFhirJson = "application/fhir+json; charset=utf-8";

int http_status(ErrorCode code);
// Of http://hl7.org/fhir/issue-type.
std::string_view issue_code(ErrorCode code);

// An OperationOutcome of one error; 503 carries Retry-After.
http::Response error_response(const Error& error);
// The same with more to say. At least one issue.
http::Response error_response(ErrorCode code, std::span<const fhir::Issue> issues);
// What is said by HTTP alone (401, 404, 405, 406, 415, and what http::Server answers by itself).
http::Response problem(int status, std::string_view diagnostics);

}  // namespace continuum::api
