// One accepted connection, and what connections of a server share. Internal to http/.
//
// A connection belongs to one Worker (an io_context and its thread) and is touched by that thread
// only. It is kept alive by the operation it waits for, which is why it is held by shared_ptr: when
// nothing is pending it is gone.
//
//   kHead --(header whole)--> kBody --(body whole)--> kHandling --(reply)--> kAnswer --> kHead ...
//                                                                                  \--> kLinger
//
// A Reply holds its connection; the answer is brought to the connection's thread.
//
// Time limits cost nothing per request: a connection holds a deadline, and its worker's one timer
// looks at all of them every tick.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#pragma GCC diagnostic pop

#include "base/counted.h"
#include "http/chunked_reader.h"
#include "http/server.h"
#include "http/wire.h"

namespace continuum::http {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
// Bound to its io_context's own executor type: the usual type-erased one costs about 3 % of a
// request.
using Socket = asio::basic_stream_socket<Tcp, asio::io_context::executor_type>;
using SteadyClock = std::chrono::steady_clock;

// What all connections of a server share.
struct Shared {
  Shared(Options options_given, DeferringHandler handler_given)
      : options(std::move(options_given)),
        handler(std::move(handler_given)),
        own_budget(options.limits.bytes_in_flight_max),
        budget(options.budget != nullptr ? *options.budget : own_budget) {}

  const Options options;
  const DeferringHandler handler;
  ByteBudget own_budget;
  ByteBudget& budget;
  std::atomic<uint32_t> connections{0};
  std::atomic<uint32_t> refused_lingering{0};
  std::atomic<uint32_t> requests{0};
  std::atomic<uint32_t> replies{0};  // not yet used
  std::atomic<bool> stopping{false};
};

struct Counters {
  std::atomic<uint64_t> connections_accepted{0};
  std::atomic<uint64_t> connections_refused{0};
  std::atomic<uint64_t> requests_refused{0};
  std::atomic<uint64_t> timeouts{0};
  std::atomic<uint64_t> bytes_in{0};
  std::atomic<uint64_t> bytes_out{0};
  std::array<std::atomic<uint64_t>, 6> answers_by_class{};
};

inline void count(std::atomic<uint64_t>& counter, uint64_t more = 1) {
  counter.fetch_add(more, std::memory_order_relaxed);
}

class Connection;

// One thread's event loop and its connections.
struct Worker {
  explicit Worker(Shared& shared_state) : shared(shared_state) {}

  Shared& shared;
  Counters counters;
  std::vector<Connection*> connections;       // this thread only
  std::atomic<uint32_t> connections_size{0};  // as seen by the thread that accepts
  std::string date;                           // of date_second, for the Date field
  int64_t date_second = -1;
  bool finishing = false;  // nothing more is to be waited for; this thread only
  asio::io_context io{1};
  asio::steady_timer ticker{io};
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `slot` counts it among the open (or the refused, lingering) connections.
  Connection(Socket socket, Worker& worker, Counted slot, std::string peer);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Serves until closed.
  void start();
  // Answers 503 without reading, then closes.
  void refuse();
  // Acts when the deadline has passed.
  void tick(SteadyClock::time_point now);
  // The server is stopping: closes unless a request is under way.
  void drain();
  void close();

 private:
  enum class Phase : uint8_t { kHead, kBody, kHandling, kAnswer, kLinger, kClosed };
  enum class Step : uint8_t { kAgain, kWait };

  const Limits& limits() const { return worker_.shared.options.limits; }
  std::string_view unread() const { return {in_.data() + in_begin_, in_end_ - in_begin_}; }
  void set_deadline(uint32_t ms, uint64_t bytes_moved = 0);

  // Moves on as far as the bytes at hand allow.
  void advance();
  Step step();
  Step step_head();
  Step step_length_body();
  Step step_chunked_body();
  Step begin_request(std::string_view head);
  Step begin_body();
  bool grow_body_reservation(uint64_t needed);
  Step handle();
  Reply make_reply();
  void on_reply(Response& response, std::optional<Reply::Time> not_before);

  // Refuses the request under way and closes after the answer.
  Step refuse_request(Refusal refusal);
  // 503 for a request that would be served at a quieter time.
  Step refuse_busy(std::string_view reason);
  Response make_error(int status, std::string_view reason);
  Step answer(Response response);
  Step write();
  Step finish_answer();
  void end_request();

  void read();
  void on_read(const boost::system::error_code& error, size_t size, uint32_t epoch);
  void wait_writable();
  void make_room();
  void linger();
  void cancel_read();
  void time_out_request();

  Socket socket_;
  Worker& worker_;
  Counted slot_;
  size_t index_ = 0;  // in worker_.connections
  Phase phase_ = Phase::kHead;
  bool first_request_ = true;
  bool keep_alive_ = false;
  bool reads_into_body_ = false;
  bool sends_continue_ = false;
  bool in_handler_ = false;
  uint32_t read_epoch_ = 0;  // a read completing with an older one was given up
  SteadyClock::time_point phase_began_;
  SteadyClock::time_point deadline_;

  std::string in_;  // received, not yet consumed: [in_begin_, in_end_)
  size_t in_begin_ = 0;
  size_t in_end_ = 0;
  std::optional<HeadScanner> scanner_;
  std::optional<ChunkedReader> chunks_;
  Framing framing_;
  Request request_;
  uint64_t body_bytes_max_ = 0;  // of this request
  size_t body_size_ = 0;         // received of a kLength body
  uint64_t lingered_bytes_ = 0;
  ByteBudget::Reservation body_bytes_;
  Counted in_flight_;

  std::optional<asio::steady_timer> delay_;  // of an answer that may not leave yet
  std::optional<Response> replied_;          // within the handler's call
  std::string head_;                         // of the answer
  Response response_;
  bool sends_body_ = false;
  size_t written_ = 0;  // of head and body together
};

}  // namespace continuum::http
