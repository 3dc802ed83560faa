// An HTTP/1.1 server: one event loop a thread, each connection staying on its thread.
//
//   auto server = Server::start({.port = 8080}, [](const Request& request) -> Response { ... });
//
// The handler is called on one of the threads; while it runs, the other connections of that thread
// wait. It answers by what it returns or, a DeferringHandler, by its Reply: then nobody waits for
// what the answer waits for. Handlers that block (on a disk, say) want more threads than cores. It
// must be thread-safe. A handler that throws is answered 500.
//
// What the server answers by itself: 400 and 501 (framing), 408, 413, 414, 417, 431, 500 (the
// handler threw, or its Response may not be sent), 503 (over a limit).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/budget.h"
#include "http/limits.h"
#include "http/message.h"
#include "http/reply.h"

namespace continuum::http {

// The Request is valid during the call only.
using Handler = std::function<Response(const Request&)>;
// The same; the answer may come after the call.
using DeferringHandler = std::function<void(const Request&, Reply)>;

// Makes the answer the server gives by itself. `reason` is one short sentence that quotes nothing
// of the request. The status of what it returns is overwritten with `status`, and Retry-After is
// added to 503. Called on any thread; when it throws, the answer has no body.
using ErrorBody = std::function<Response(int status, std::string_view reason)>;

// How large the body of a request may be, of which the head alone is there. Called on the server's
// threads; must be quick.
using BodyLimit = std::function<uint64_t(const Request& head)>;

struct Options {
  std::string address = "127.0.0.1";  // numeric IPv4 or IPv6
  uint16_t port = 0;                  // 0: any free port, see Server::port()
  unsigned threads = 0;               // 0: one a core, at least 2
  bool allow_non_loopback = false;    // otherwise any address but loopback is refused
  Limits limits = {};
  BodyLimit body_limit = nullptr;  // null, or over limits.body_bytes_max: that
  // Shared with handlers that reserve before they build; must outlive the server. Null: the server
  // makes its own of limits.bytes_in_flight_max.
  ByteBudget* budget = nullptr;
  ErrorBody error_body = nullptr;  // null: one line of text/plain
};

// Counted since start, but for the three that say "now". Each number is exact, the set is not one
// moment.
struct Statistics {
  uint64_t connections_open = 0;  // now
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;  // over connections_max
  uint64_t requests_in_flight = 0;   // now
  uint64_t bytes_in_flight = 0;      // now
  uint64_t requests_refused = 0;     // answered 503 by the server
  uint64_t timeouts = 0;             // cut by a time limit, idle ones not counted
  uint64_t bytes_in = 0;             // on the wire
  uint64_t bytes_out = 0;
  std::array<uint64_t, 6> answers_by_class = {};  // [2] = 2xx and so on
};

// start, stop and the destructor: one thread at a time. The rest is thread-safe.
class Server {
 public:
  // kInvalid: the address, thread count or a missing handler; kForbidden: not loopback;
  // kUnavailable: the port is taken or the machine has no sockets or threads left. Requests may
  // arrive before it returns.
  static Result<std::unique_ptr<Server>> start(Options options, Handler handler);
  static Result<std::unique_ptr<Server>> start(Options options, DeferringHandler handler);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // stop(0).
  ~Server();

  uint16_t port() const;
  Statistics statistics() const;
  ByteBudget& budget();

  // Stops accepting, closes idle connections, lets requests whose header has arrived finish (their
  // answers say Connection: close) for at most `grace`, then closes what is left. A handler still
  // running after that, and a Reply not yet used, is waited for; its answer may be lost. Further
  // calls do nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace continuum::http
