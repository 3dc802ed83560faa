// One JSON line for each request, to standard error. A line holds the path's pattern, never the
// path, query or body: those may name patients.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "api/router.h"

namespace continuum::api {

enum class LogRequests : uint8_t { kAll, kFailed, kNone };  // kFailed: status 500 and above

struct RequestLine {
  std::string_view method;
  Interaction interaction = Interaction::kUnknown;
  int status = 0;
  size_t bytes = 0;
  std::chrono::nanoseconds time{};
  std::string_view error = {};  // text of an Error, for status 500 and above
};

// Thread-safe.
class RequestLog {
 public:
  explicit RequestLog(LogRequests which);
  ~RequestLog();

  void write(const RequestLine& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace continuum::api
