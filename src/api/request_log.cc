#include "api/request_log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <optional>

#include "json/writer.h"

namespace continuum::api {
namespace {

constexpr std::array<std::string_view, 7> kMethods{"GET",    "HEAD",  "POST",   "PUT",
                                                   "DELETE", "PATCH", "OPTIONS"};

// A method is any token a client likes; only known words are written down.
std::string_view known_method(std::string_view method) {
  for (std::string_view known : kMethods) {
    if (known == method) {
      return known;
    }
  }
  return "other";
}

}  // namespace

struct RequestLog::State {
  LogRequests which;
  std::optional<spdlog::logger> logger;
};

RequestLog::RequestLog(LogRequests which) : state_(std::make_unique<State>()) {
  state_->which = which;
  if (which != LogRequests::kNone) {
    state_->logger.emplace("requests", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    state_->logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                                spdlog::pattern_time_type::utc);
  }
}

RequestLog::~RequestLog() = default;

void RequestLog::write(const RequestLine& line) {
  bool failed = line.status >= 500;
  if (!state_->logger || (state_->which == LogRequests::kFailed && !failed)) {
    return;
  }
  std::string error;
  if (failed && !line.error.empty()) {
    error = R"(,"error":)";
    json::write_string(line.error, error);
  }
  state_->logger->log(
      failed ? spdlog::level::err : spdlog::level::info,
      R"("method":"{}","path":"{}","status":{},"bytes":{},"microseconds":{}{})",
      known_method(line.method), pattern(line.interaction), line.status, line.bytes,
      std::chrono::duration_cast<std::chrono::microseconds>(line.time).count(), error);
}

}  // namespace continuum::api
