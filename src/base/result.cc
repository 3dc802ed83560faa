#include "base/result.h"

#include "base/check.h"

namespace continuum {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kUnauthenticated:
      return "unauthenticated";
    case ErrorCode::kForbidden:
      return "forbidden";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kGone:
      return "gone";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kPreconditionFailed:
      return "precondition_failed";
    case ErrorCode::kTooLarge:
      return "too_large";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kDeadline:
      return "deadline";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kInternal:
      return "internal";
  }
  CHECK(false);
}

std::string Error::text() const {
  std::string out = message;
  if (details.empty()) {
    return out;
  }
  out += " (";
  for (size_t i = 0; i < details.size(); ++i) {
    if (i > 0) {
      out += "; ";
    }
    if (!details[i].where.empty()) {
      out += details[i].where + ": ";
    }
    out += details[i].what;
  }
  return out + ")";
}

tl::unexpected<Error> fail(ErrorCode code, std::string message, std::vector<ErrorDetail> details) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(details)});
}

}  // namespace continuum
