// A small blocking HTTP/1.1 client: plain TCP, one connection kept alive, one request at a time.
// For tests, benchmarks and the demonstration; not for other machines (no TLS, no redirects, no
// proxies).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/limits.h"
#include "http/message.h"

namespace continuum::http {

struct ClientOptions {
  std::chrono::milliseconds connect_time_max{5'000};
  std::chrono::milliseconds answer_time_max{60'000};  // from send() to the last byte
  Limits limits = {.body_bytes_max = 1024 * kMebi};   // of answers: header and body sizes
};

// Movable; one thread at a time.
class Client {
 public:
  // `host` is "localhost" or a numeric address. kInvalid, or kUnavailable when nobody listens.
  static Result<Client> connect(std::string_view host, uint16_t port, ClientOptions options = {});

  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  ~Client();

  // Sends and waits for the whole answer. Host and Content-Length are added. Connects anew when the
  // connection was closed after the last answer; a request is never sent twice. kDeadline,
  // kUnavailable (refused, reset, closed early), kTooLarge, kInvalid (not HTTP, or a request that
  // can't be sent). After an error the connection is closed.
  Result<Response> send(const Request& request);

  // GET of a target.
  Result<Response> get(std::string_view target);

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  Client(std::string host, uint16_t port, ClientOptions options);
  Status open();
  void close();
  Status exchange(const Request& request, Response& response);
  Status write(std::string_view bytes, Deadline deadline);
  // Appends to in_; 0 at the end of the stream.
  Result<size_t> read_some(Deadline deadline);
  Status wait(short events, Deadline deadline);
  Status read_head(const Request& request, Response& response, Deadline deadline);
  Status read_body(Response& response, Deadline deadline);
  Status read_chunks(Response& response, Deadline deadline);

  std::string host_;
  uint16_t port_;
  ClientOptions options_;
  int socket_ = -1;
  std::string in_;
  // Of the answer being read.
  uint64_t body_length_ = 0;
  uint8_t body_kind_ = 0;
  bool keep_alive_ = false;
};

}  // namespace continuum::http
