// The one way an expected failure travels: Result<T> = tl::expected<T, Error>.
//
// Our code throws nothing. A function that can fail for a reason outside the program (input, disk,
// network, another user) returns Result<T> or Status; a broken promise inside the program is a
// CHECK. Error text is shown to users and written to logs: it never holds patient data. What, where
// and how to mend it go into `message` and `details`; details carry field paths, offsets and ids.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace continuum {

enum class ErrorCode : uint8_t {
  kInvalid,             // the input is wrong and will stay wrong
  kUnauthenticated,     // who is asking is not known
  kForbidden,           // who is asking may not
  kNotFound,            // there is no such thing (or it must look so)
  kGone,                // there was, and it was deleted
  kConflict,            // clashes with what is there now
  kPreconditionFailed,  // the caller's own condition does not hold
  kTooLarge,            // over a stated limit
  kUnsupported,         // understood, and not offered
  kBusy,                // try again: too much at once
  kDeadline,            // took longer than allowed
  kUnavailable,         // something needed is not there right now
  kCancelled,           // the caller went away
  kCorrupt,             // stored bytes are not what was written
  kInternal,            // a defect
};

// "invalid", "not_found", ...: stable, for logs, metrics and tests.
std::string_view to_string(ErrorCode code);

struct ErrorDetail {
  std::string where;  // field path, "line 3 column 9", file, entry number; may be empty
  std::string what;
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::vector<ErrorDetail> details = {};

  // "message (where: what; where: what)", for a terminal.
  std::string text() const;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// fail(ErrorCode::kInvalid, "...") reads as a return value in any Result-returning function.
tl::unexpected<Error> fail(ErrorCode code, std::string message,
                           std::vector<ErrorDetail> details = {});
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// Swallows an error on purpose; `reason` says why that is right, and is never empty.
template <typename T>
void ignore_error(const Result<T>& result, std::string_view reason) {
  static_cast<void>(result);
  static_cast<void>(reason);
}

}  // namespace continuum

// TRY(expression)            returns the error of a Status or Result.
// TRY(auto x, expression)    the same, and otherwise defines x with the value.
#define CONTINUUM_CONCAT2(a, b) a##b
#define CONTINUUM_CONCAT(a, b) CONTINUUM_CONCAT2(a, b)
#define CONTINUUM_TRY_VOID(name, expression)                              \
  if (auto name = (expression); !name) {                                  \
    return ::tl::unexpected<::continuum::Error>(std::move(name).error()); \
  }
#define CONTINUUM_TRY_VALUE(name, declaration, expression)                \
  auto name = (expression);                                               \
  if (!name) {                                                            \
    return ::tl::unexpected<::continuum::Error>(std::move(name).error()); \
  }                                                                       \
  declaration = *std::move(name)
#define CONTINUUM_TRY1(expression) \
  CONTINUUM_TRY_VOID(CONTINUUM_CONCAT(try_result_, __LINE__), expression)
#define CONTINUUM_TRY2(declaration, expression) \
  CONTINUUM_TRY_VALUE(CONTINUUM_CONCAT(try_result_, __LINE__), declaration, expression)
#define CONTINUUM_TRY_PICK(first, second, chosen, ...) chosen
#define TRY(...) \
  CONTINUUM_TRY_PICK(__VA_ARGS__, CONTINUUM_TRY2, CONTINUUM_TRY1, unused)(__VA_ARGS__)
