#include "bench/drive.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <numeric>
#include <optional>

#include "base/check.h"
#include "base/random.h"
#include "bench/process.h"
#include "bench/time.h"
#include "http/client.h"

namespace continuum::bench {
namespace {

constexpr int kOk = 200;
constexpr int kCreated = 201;
constexpr const char* kHost = "127.0.0.1";
constexpr uint64_t kCallerSeed = 11;

// The organisation of that turn among those of the set.
size_t pick(OrganisationSet set, size_t organisations, uint64_t turn) {
  std::vector<size_t> members;
  for (size_t i = 0; i < organisations; ++i) {
    if ((set & only(i)) != 0) {
      members.push_back(i);
    }
  }
  CHECK(!members.empty());
  return members[turn % members.size()];
}

Result<http::Response> ask(http::Client& client, const http::Request& request) {
  TRY(http::Response response, client.send(request));
  const bool is_made = !request.body.empty() && response.status == kCreated;
  if (!is_made && response.status != kOk) {
    return fail(ErrorCode::kUnavailable, fmt::format("answered {}", response.status),
                {{request.target, response.body.substr(0, 400)}});
  }
  return response;
}

constexpr size_t kReadBytes = 256 * 1024;

tl::unexpected<Error> no_answer(const std::string& why) {
  return fail(ErrorCode::kUnavailable, "the server gave no answer: " + why);
}

// One kept connection: sends a request, takes the answer in as it comes.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (socket_ >= 0) {
      close(socket_);
    }
  }

  Status open(uint16_t port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int connected = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    if (socket_ < 0 || (connected != 0 && errno != EINPROGRESS)) {
      return no_answer("it can't be reached");
    }
    pollfd wait{socket_, POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    if (poll(&wait, 1, kConnectMillis) != 1 ||
        getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
      return no_answer("it can't be reached");
    }
    return {};
  }
  int socket() const { return socket_; }

  // `token`: empty for none.
  Status send(const Target& target, std::string_view token, std::string_view head_rest) {
    target_ = &target;
    head_.clear();
    body_left_.reset();
    body_size_ = 0;
    request_ = target.body.empty() ? "GET " : "POST ";
    request_ += target.path + " HTTP/1.1\r\n";
    if (!target.body.empty()) {
      request_ += fmt::format("Content-Type: application/fhir+json\r\nContent-Length: {}\r\n",
                              target.body.size());
    }
    if (!token.empty()) {
      request_ += "Authorization: Bearer ";
      request_ += token;
      request_ += "\r\n";
    }
    request_ += head_rest;
    request_ += target.body;
    sent_at_ = SteadyClock::now();
    return write_all(request_);
  }

  // Takes in what is there; true when the answer is whole.
  Result<bool> receive(std::string& buffer) {
    for (;;) {
      ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
      }
      if (count <= 0) {
        return no_answer("it closed the connection");
      }
      TRY(take(std::string_view(buffer.data(), static_cast<size_t>(count))));
      if (body_left_ && *body_left_ == 0) {
        return true;
      }
    }
  }

  float milliseconds() const {
    return std::chrono::duration<float, std::milli>(SteadyClock::now() - sent_at_).count();
  }
  const Target& target() const { return *target_; }
  uint64_t body_size() const { return body_size_; }

 private:
  static constexpr int kConnectMillis = 5000;

  // The one before was answered: most requests fit the socket's buffer.
  Status write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<size_t>(count));
        continue;
      }
      pollfd wait{socket_, POLLOUT, 0};
      if (errno != EAGAIN || poll(&wait, 1, kConnectMillis) != 1) {
        return no_answer("it does not take the request");
      }
    }
    return {};
  }

  Status take(std::string_view bytes) {
    if (!body_left_) {
      size_t before = head_.size();
      head_ += bytes;
      size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) {
        return {};
      }
      bytes.remove_prefix(end + 4 - before);
      head_.resize(end + 2);
      TRY(body_size_, read_head());
      body_left_ = body_size_;
    }
    if (bytes.size() > *body_left_) {
      return no_answer("more came than it announced");
    }
    *body_left_ -= bytes.size();
    return {};
  }

  // The size of the body.
  Result<uint64_t> read_head() const {
    const bool is_made = !target_->body.empty() && head_.starts_with("HTTP/1.1 201");
    if (!is_made && !head_.starts_with("HTTP/1.1 200")) {
      return fail(ErrorCode::kUnavailable, "not answered with 200",
                  {{target_->path, head_.substr(0, head_.find('\r'))}});
    }
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    size_t at = head_.find(kLength);
    uint64_t size = 0;
    if (at == std::string::npos ||
        std::from_chars(head_.data() + at + kLength.size(), head_.data() + head_.size(), size).ec !=
            std::errc()) {
      return no_answer("no Content-Length");
    }
    return size;
  }

  int socket_ = -1;
  const Target* target_ = nullptr;
  std::string request_;
  std::string head_;
  std::optional<uint64_t> body_left_;
  uint64_t body_size_ = 0;
  SteadyClock::time_point sent_at_;
};

std::vector<size_t> shuffled(size_t count, uint64_t seed) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  SeededRandom random(seed);
  for (size_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[random.below(i)]);
  }
  return order;
}

// All clients in one thread, so that they take as little as they can from the server beside them.
class Driver {
 public:
  Driver(const Peer& peer, const Traffic& traffic)
      : peer_(peer),
        traffic_(traffic),
        order_(shuffled(traffic.targets.size(), traffic.seed)),
        connections_(traffic.clients),
        buffer_(kReadBytes, '\0') {
    head_rest_ = "Host: 127.0.0.1\r\n";
    asked_.resize(peer.callers == nullptr ? 0 : peer.callers->organisations());
    if (!traffic.accept_encoding.empty()) {
      head_rest_ += fmt::format("Accept-Encoding: {}\r\n", traffic.accept_encoding);
    }
    head_rest_ += "\r\n";
  }

  Result<Measured> run() {
    std::vector<pollfd> waits;
    for (Connection& connection : connections_) {
      TRY(connection.open(peer_.port));
      waits.push_back({connection.socket(), POLLIN, 0});
    }
    const double cpu_before = cpu_seconds(peer_.pid);
    const auto start = SteadyClock::now();
    end_ = start + std::chrono::duration_cast<SteadyClock::duration>(
                       std::chrono::duration<double>(traffic_.seconds));
    size_t busy = 0;
    for (size_t i = 0; i < connections_.size(); ++i) {
      TRY(bool sent, send_next(i));
      busy += sent ? 1 : 0;
    }
    while (busy > 0) {
      if (poll(waits.data(), waits.size(), kAnswerMillis) <= 0) {
        return no_answer(fmt::format("within {} s", kAnswerMillis / 1000));
      }
      for (size_t i = 0; i < connections_.size(); ++i) {
        if (waits[i].revents == 0) {
          continue;
        }
        TRY(bool whole, connections_[i].receive(buffer_));
        if (whole) {
          count(connections_[i]);
          TRY(bool sent, send_next(i));
          busy -= sent ? 0 : 1;
        }
      }
    }
    measured_.seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
    TRY(sum_up());
    measured_.cpu_us =
        (cpu_seconds(peer_.pid) - cpu_before) * 1e6 / static_cast<double>(measured_.answers);
    return measured_;
  }

 private:
  static constexpr int kAnswerMillis = 60'000;

  // The next target; null when there is none left.
  const Target* next() {
    size_t turn = turn_++;
    if (turn >= order_.size() && traffic_.order == Order::kOnceEach) {
      return nullptr;
    }
    return &traffic_.targets[order_[turn % order_.size()]];
  }

  // False when the time is over, or there is nothing left to ask for.
  Result<bool> send_next(size_t at) {
    const Target* target = SteadyClock::now() < end_ ? next() : nullptr;
    if (target == nullptr) {
      return false;
    }
    TRY(connections_[at].send(*target, next_token(*target), head_rest_));
    return true;
  }

  std::string_view next_token(const Target& target) {
    if (peer_.callers == nullptr) {
      return {};
    }
    if (!target.source.empty()) {
      return peer_.callers->system_token(target.source);
    }
    const size_t organisation = pick(target.seen_by, asked_.size(), random_.next());
    const auto& tokens = peer_.callers->tokens(organisation);
    return tokens[asked_[organisation]++ % tokens.size()];
  }

  void count(const Connection& connection) {
    latencies_ms_.push_back(connection.milliseconds());
    measured_.resources += connection.target().resources;
    measured_.bytes += connection.body_size();
    measured_.bytes_posted += connection.target().body.size();
  }

  Status sum_up() {
    auto& all = latencies_ms_;
    if (all.empty()) {
      return fail(ErrorCode::kUnavailable, "no answer came in the time given");
    }
    std::sort(all.begin(), all.end());
    measured_.answers = all.size();
    for (size_t i = 0; i < asked_.size(); ++i) {
      measured_.users += std::min<uint64_t>(asked_[i], peer_.callers->tokens(i).size());
    }
    measured_.busy_seconds = std::accumulate(all.begin(), all.end(), 0.0) / 1e3;
    measured_.p50_ms = all[all.size() / 2];
    measured_.p99_ms = all[all.size() * 99 / 100];
    measured_.max_ms = all.back();
    return {};
  }

  const Peer& peer_;
  const Traffic& traffic_;
  std::vector<size_t> order_;
  size_t turn_ = 0;
  std::vector<Connection> connections_;
  std::vector<uint64_t> asked_;  // requests, by organisation
  SeededRandom random_{kCallerSeed};
  std::string head_rest_;
  std::string buffer_;
  std::vector<float> latencies_ms_;
  Measured measured_;
  SteadyClock::time_point end_;
};

}  // namespace

Result<Measured> drive(const Peer& peer, const Traffic& traffic) {
  if (traffic.targets.empty()) {
    return fail(ErrorCode::kInvalid, "there is nothing to ask for: give more --people");
  }
  return Driver(peer, traffic).run();
}

std::string authorization(const Peer& peer, const Target& target, uint64_t turn) {
  if (peer.callers == nullptr) {
    return {};
  }
  if (!target.source.empty()) {
    return "Bearer " + peer.callers->system_token(target.source);
  }
  const auto& tokens =
      peer.callers->tokens(pick(target.seen_by, peer.callers->organisations(), turn));
  return "Bearer " + tokens[turn % tokens.size()];
}

Result<std::string> fetch(const Peer& peer, const Target& target) {
  TRY(http::Client client, http::Client::connect(kHost, peer.port));
  http::Request request;
  request.set_target(target.path);
  if (!target.body.empty()) {
    request.method = "POST";
    request.headers.add("Content-Type", "application/fhir+json");
    request.body = target.body;
  }
  if (std::string field = authorization(peer, target, 0); !field.empty()) {
    request.headers.add("Authorization", field);
  }
  TRY(http::Response response, ask(client, request));
  return std::move(response.body);
}

}  // namespace continuum::bench
