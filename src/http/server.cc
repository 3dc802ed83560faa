#include "http/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "base/check.h"
#include "http/connection.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#pragma GCC diagnostic pop

namespace continuum::http {

namespace {

using boost::system::error_code;

constexpr int kBacklog = 1024;
constexpr auto kAcceptRetry = std::chrono::milliseconds(50);  // out of descriptors, say
constexpr auto kTickMax = std::chrono::milliseconds(250);
constexpr auto kTickMin = std::chrono::milliseconds(5);
constexpr auto kPoll = std::chrono::milliseconds(2);

unsigned default_threads() {
  return std::max(2U, std::thread::hardware_concurrency());
}

// Time limits are met to within a quarter of the shortest.
std::chrono::milliseconds tick_period(const Limits& limits) {
  const uint32_t shortest =
      std::min({limits.idle_ms_max, limits.header_ms_max, limits.body_ms_max, limits.write_ms_max});
  return std::clamp(std::chrono::milliseconds(shortest / 4), kTickMin, kTickMax);
}

Result<Tcp::endpoint> endpoint_of(const Options& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return fail(ErrorCode::kInvalid, "the listen address is not a numeric IP address",
                {{.where = "address", .what = options.address}});
  }
  if (!address.is_loopback() && !options.allow_non_loopback) {
    return fail(ErrorCode::kForbidden,
                "refusing to listen on an address other machines can reach; use 127.0.0.1 or ::1, "
                "or allow non-loopback addresses explicitly",
                {{.where = "address", .what = options.address}});
  }
  return Tcp::endpoint(address, options.port);
}

// Threads, their loops, and the acceptor (on the first loop).
struct Thread {
  explicit Thread(Shared& shared) : worker(shared), guard(asio::make_work_guard(worker.io)) {}
  Worker worker;
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  std::thread thread;
};

void run(Worker& worker) {
  while (true) {
    try {
      worker.io.run();
      return;
    } catch (...) {
      // Only allocation can throw here; the connection it hit is gone, the others go on.
    }
  }
}

}  // namespace

class Server::Impl {
 public:
  Impl(Options options, DeferringHandler handler)
      : shared_(std::move(options), std::move(handler)) {
    for (unsigned i = 0; i < shared_.options.threads; ++i) {
      threads_.emplace_back(shared_);
    }
  }

  Status listen(const Tcp::endpoint& endpoint);
  void run_threads();
  void stop(std::chrono::milliseconds grace);

  uint16_t port() const { return port_; }
  Statistics statistics() const;
  ByteBudget& budget() { return shared_.budget; }

 private:
  void tick(Worker& worker);
  void accept();
  void on_accept(const error_code& error, Socket socket, Worker& target);
  void adopt(Socket socket, Worker& target);
  void retry_accept();
  Worker& least_loaded();
  template <typename Action>
  void on_every_connection(Action action);
  void wait_until_empty(std::chrono::milliseconds grace);
  void wait_for_replies();

  Shared shared_;
  std::deque<Thread> threads_;
  std::optional<Tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> accept_retry_;
  Tcp::endpoint peer_;
  uint16_t port_ = 0;
  size_t next_worker_ = 0;
  bool stopped_ = false;
};

Status Server::Impl::listen(const Tcp::endpoint& endpoint) {
  acceptor_.emplace(threads_.front().worker.io);
  accept_retry_.emplace(threads_.front().worker.io);
  error_code error;
  acceptor_->open(endpoint.protocol(), error);
  if (!error) {
    acceptor_->set_option(Tcp::acceptor::reuse_address(true), error);
  }
  if (!error) {
    acceptor_->bind(endpoint, error);
  }
  if (!error) {
    acceptor_->listen(kBacklog, error);
  }
  if (error) {
    return fail(ErrorCode::kUnavailable, fmt::format("cannot listen: {}", error.message()),
                {{.where = "port", .what = std::to_string(endpoint.port())}});
  }
  port_ = acceptor_->local_endpoint(error).port();
  return {};
}

void Server::Impl::run_threads() {
  accept();
  for (Thread& thread : threads_) {
    tick(thread.worker);
    thread.thread = std::thread([&worker = thread.worker] { run(worker); });
  }
}

void Server::Impl::tick(Worker& worker) {
  worker.ticker.expires_after(tick_period(shared_.options.limits));
  worker.ticker.async_wait([this, &worker](const error_code& error) {
    if (error || worker.finishing) {
      return;
    }
    const auto now = SteadyClock::now();
    // From the back: a connection that goes is replaced by the last one, which had its turn.
    for (size_t i = worker.connections.size(); i-- > 0;) {
      if (i < worker.connections.size()) {
        worker.connections[i]->tick(now);
      }
    }
    tick(worker);
  });
}

Worker& Server::Impl::least_loaded() {
  next_worker_ = (next_worker_ + 1) % threads_.size();
  Worker* best = &threads_[next_worker_].worker;
  for (Thread& thread : threads_) {
    if (thread.worker.connections_size < best->connections_size) {
      best = &thread.worker;
    }
  }
  return *best;
}

void Server::Impl::accept() {
  Worker& target = least_loaded();
  acceptor_->async_accept(target.io, peer_,
                          [this, &target](const error_code& error, Socket socket) {
                            on_accept(error, std::move(socket), target);
                          });
}

void Server::Impl::on_accept(const error_code& error, Socket socket, Worker& target) {
  if (shared_.stopping || error == asio::error::operation_aborted) {
    return;
  }
  if (error) {
    retry_accept();
    return;
  }
  adopt(std::move(socket), target);
  accept();
}

void Server::Impl::retry_accept() {
  accept_retry_->expires_after(kAcceptRetry);
  accept_retry_->async_wait([this](const error_code& error) {
    if (!error && !shared_.stopping) {
      accept();
    }
  });
}

void Server::Impl::adopt(Socket socket, Worker& target) {
  const bool refused = shared_.connections >= shared_.options.limits.connections_max;
  count(refused ? target.counters.connections_refused : target.counters.connections_accepted);
  if (refused && shared_.refused_lingering >= kRefusedLingeringMax) {
    return;
  }
  Counted slot(refused ? shared_.refused_lingering : shared_.connections);
  asio::post(target.io, [socket = std::move(socket), slot = std::move(slot), refused, &target,
                         peer = peer_.address().to_string()]() mutable {
    const auto connection =
        std::make_shared<Connection>(std::move(socket), target, std::move(slot), std::move(peer));
    if (refused) {
      connection->refuse();
    } else {
      connection->start();
    }
  });
}

template <typename Action>
void Server::Impl::on_every_connection(Action action) {
  for (Thread& thread : threads_) {
    asio::post(thread.worker.io, [&worker = thread.worker, action] {
      for (size_t i = worker.connections.size(); i-- > 0;) {
        action(*worker.connections[i]);
      }
    });
  }
}

void Server::Impl::wait_until_empty(std::chrono::milliseconds grace) {
  const auto end = SteadyClock::now() + grace;
  while (shared_.connections > 0 && SteadyClock::now() < end) {
    std::this_thread::sleep_for(kPoll);
  }
}

// Whoever holds one comes back to its connection.
void Server::Impl::wait_for_replies() {
  while (shared_.replies > 0) {
    std::this_thread::sleep_for(kPoll);
  }
}

void Server::Impl::stop(std::chrono::milliseconds grace) {
  if (std::exchange(stopped_, true)) {
    return;
  }
  shared_.stopping = true;
  asio::post(threads_.front().worker.io, [this] {
    error_code ignored;  // closing is all that is left to do
    acceptor_->close(ignored);
    accept_retry_->cancel();
  });
  on_every_connection([](Connection& connection) { connection.drain(); });
  wait_until_empty(grace);
  on_every_connection([](Connection& connection) { connection.close(); });
  wait_for_replies();
  for (Thread& thread : threads_) {
    asio::post(thread.worker.io, [&thread] {
      thread.worker.finishing = true;
      thread.worker.ticker.cancel();
      thread.guard.reset();
    });
  }
  for (Thread& thread : threads_) {
    if (thread.thread.joinable()) {
      thread.thread.join();
    }
  }
}

Statistics Server::Impl::statistics() const {
  Statistics sum;
  const auto add = [](uint64_t& total, const std::atomic<uint64_t>& counter) {
    total += counter.load(std::memory_order_relaxed);
  };
  sum.connections_open = shared_.connections;
  sum.requests_in_flight = shared_.requests;
  sum.bytes_in_flight = shared_.budget.used();
  for (const Thread& thread : threads_) {
    const Counters& counters = thread.worker.counters;
    add(sum.connections_accepted, counters.connections_accepted);
    add(sum.connections_refused, counters.connections_refused);
    add(sum.requests_refused, counters.requests_refused);
    add(sum.timeouts, counters.timeouts);
    add(sum.bytes_in, counters.bytes_in);
    add(sum.bytes_out, counters.bytes_out);
    for (size_t i = 0; i < sum.answers_by_class.size(); ++i) {
      add(sum.answers_by_class[i], counters.answers_by_class[i]);
    }
  }
  return sum;
}

Result<std::unique_ptr<Server>> Server::start(Options options, Handler handler) {
  if (!handler) {
    return start(std::move(options), DeferringHandler());
  }
  return start(std::move(options), DeferringHandler([handler = std::move(handler)](
                                                        const Request& request, Reply reply) {
                 reply.send(handler(request));
               }));
}

Result<std::unique_ptr<Server>> Server::start(Options options, DeferringHandler handler) {
  if (!handler) {
    return fail(ErrorCode::kInvalid, "a server needs a handler");
  }
  options.threads = options.threads == 0 ? default_threads() : options.threads;
  if (options.threads > kThreadsMax) {
    return fail(ErrorCode::kInvalid, fmt::format("over {} threads", kThreadsMax));
  }
  TRY(const Tcp::endpoint endpoint, endpoint_of(options));
  std::unique_ptr<Impl> impl;
  try {
    impl = std::make_unique<Impl>(std::move(options), std::move(handler));
    TRY(impl->listen(endpoint));
    impl->run_threads();
  } catch (const std::exception& problem) {
    if (impl != nullptr) {
      impl->stop(std::chrono::milliseconds(0));
    }
    return fail(ErrorCode::kUnavailable, fmt::format("cannot start: {}", problem.what()));
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  impl_->stop(std::chrono::milliseconds(0));
}

uint16_t Server::port() const {
  return impl_->port();
}
Statistics Server::statistics() const {
  return impl_->statistics();
}
ByteBudget& Server::budget() {
  return impl_->budget();
}
void Server::stop(std::chrono::milliseconds grace) {
  impl_->stop(grace);
}

}  // namespace continuum::http
