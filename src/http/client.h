// A small blocking HTTP/1.1 client: plain TCP or TLS, one connection kept alive, one request at a
// time. No redirects, no proxies.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/limits.h"
#include "http/message.h"

namespace continuum::http {

enum class Transport : uint8_t { kPlain, kTls };

struct ClientOptions {
  Transport transport = Transport::kPlain;
  std::string authorities_file = {};  // for TLS: see TlsClient; empty: the system's
  std::chrono::milliseconds connect_time_max{5'000};
  std::chrono::milliseconds answer_time_max{60'000};  // from send() to the last byte
  Limits limits = {.body_bytes_max = 1024 * kMebi};   // of answers: header and body sizes
};

class TlsClient;
struct Address;

// Movable; one thread at a time.
class Client {
 public:
  // `host` is "localhost", a numeric address or, with TLS, any name; a name is looked up by the
  // system, in the system's time, and its first kAddressesTriedMax addresses are tried. kInvalid,
  // or kUnavailable when nobody listens or the server is not to be believed; kDeadline.
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
  Status open(const Address& address);
  Status start_tls();
  void close();
  Status exchange(const Request& request, Response& response);
  Status write(std::string_view bytes, Deadline deadline);
  Status write_socket(std::string_view bytes, Deadline deadline);
  // Appends to in_; 0 at the end of the stream.
  Result<size_t> read_some(Deadline deadline);
  Result<size_t> read_tls(Deadline deadline);
  // Appends to `in`; 0 at the end of the stream.
  Result<size_t> read_socket(std::string& in, Deadline deadline);
  Status wait(short events, Deadline deadline);
  Status read_head(const Request& request, Response& response, Deadline deadline);
  Status read_body(Response& response, Deadline deadline);
  Status read_chunks(Response& response, Deadline deadline);

  std::string host_;
  uint16_t port_;
  ClientOptions options_;
  int socket_ = -1;
  std::unique_ptr<TlsClient> tls_;  // null: plain
  std::string in_;
  // Of the answer being read.
  uint64_t body_length_ = 0;
  uint8_t body_kind_ = 0;
  bool keep_alive_ = false;
};

}  // namespace continuum::http
