#include "api/errors.h"

#include <array>

#include "base/check.h"
#include "fhir/operation_outcome.h"

namespace continuum::api {
namespace {

struct ErrorRow {
  ErrorCode code;
  int status;
  std::string_view issue;
};
constexpr std::array<ErrorRow, 15> kErrors{{
    {ErrorCode::kInvalid, 400, "invalid"},
    {ErrorCode::kUnauthenticated, 401, "login"},
    {ErrorCode::kForbidden, 403, "forbidden"},
    {ErrorCode::kNotFound, 404, "not-found"},
    {ErrorCode::kGone, 410, "deleted"},
    {ErrorCode::kConflict, 409, "conflict"},
    {ErrorCode::kPreconditionFailed, 412, "conflict"},
    {ErrorCode::kTooLarge, 413, "too-long"},
    {ErrorCode::kUnsupported, 400, "not-supported"},
    {ErrorCode::kBusy, 503, "throttled"},
    {ErrorCode::kDeadline, 504, "timeout"},
    {ErrorCode::kUnavailable, 503, "transient"},
    {ErrorCode::kCancelled, 503, "transient"},
    {ErrorCode::kCorrupt, 500, "exception"},
    {ErrorCode::kInternal, 500, "exception"},
}};

struct StatusRow {
  int status;
  std::string_view issue;
};
constexpr std::array<StatusRow, 17> kStatuses{{
    {400, "invalid"},
    {401, "login"},
    {404, "not-found"},
    {405, "not-supported"},
    {406, "not-supported"},
    {408, "timeout"},
    {413, "too-long"},
    {414, "too-long"},
    {415, "not-supported"},
    {417, "not-supported"},
    {429, "throttled"},
    {431, "too-long"},
    {500, "exception"},
    {501, "not-supported"},
    {503, "throttled"},
    {504, "timeout"},
    {505, "not-supported"},
}};

constexpr std::string_view kRetryAfterSeconds = "1";

const ErrorRow& row_of(ErrorCode code) {
  for (const ErrorRow& row : kErrors) {
    if (row.code == code) {
      return row;
    }
  }
  CHECK(false);
}

http::Response outcome_response(int status, std::string_view issue, std::string diagnostics) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", kFhirJson);
  if (status == 503) {
    response.headers.add("Retry-After", kRetryAfterSeconds);
  }
  response.body = fhir::operation_outcome(
      fhir::Issue{.code = std::string(issue), .diagnostics = std::move(diagnostics)});
  return response;
}

}  // namespace

int http_status(ErrorCode code) {
  return row_of(code).status;
}

std::string_view issue_code(ErrorCode code) {
  return row_of(code).issue;
}

http::Response error_response(const Error& error) {
  const ErrorRow& row = row_of(error.code);
  return outcome_response(row.status, row.issue, error.text());
}

http::Response error_response(ErrorCode code, std::span<const fhir::Issue> issues) {
  http::Response response;
  response.status = http_status(code);
  response.headers.add("Content-Type", kFhirJson);
  response.body = fhir::operation_outcome(issues);
  return response;
}

http::Response problem(int status, std::string_view diagnostics) {
  std::string_view issue = "exception";
  for (const StatusRow& row : kStatuses) {
    if (row.status == status) {
      issue = row.issue;
    }
  }
  return outcome_response(status, issue, std::string(diagnostics));
}

}  // namespace continuum::api
