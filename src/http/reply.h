// Where the answer to one request goes.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "http/message.h"

namespace continuum::http {

// Takes one answer, in the handler's call or long after it, on any thread. Given up unused, the
// client gets a 500. Whoever holds one keeps Server::stop() waiting.
class Reply {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // `not_before`: when it may leave; nothing: at once. `response` is empty when there is none to
  // give.
  using Take =
      std::function<void(std::optional<Response> response, std::optional<Time> not_before)>;

  explicit Reply(Take take) : take_(std::move(take)) {}
  Reply(Reply&& other) noexcept : take_(std::exchange(other.take_, nullptr)) {}
  Reply& operator=(Reply&&) = delete;
  ~Reply() {
    if (take_) {
      take_(std::nullopt, std::nullopt);
    }
  }

  // Once.
  void send(Response response, std::optional<Time> not_before = std::nullopt) {
    std::exchange(take_, nullptr)(std::move(response), not_before);
  }

 private:
  Take take_;
};

}  // namespace continuum::http
