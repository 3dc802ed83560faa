#include "bench/drive.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "base/random.h"
#include "bench/process.h"
#include "http/client.h"

namespace continuum::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kOk = 200;
constexpr const char* kHost = "127.0.0.1";

http::Request request_of(const Peer& peer, const std::string& path,
                         std::string_view accept_encoding) {
  http::Request request;
  request.set_target(path);
  if (!peer.token.empty()) {
    request.headers.add("Authorization", "Bearer " + peer.token);
  }
  if (!accept_encoding.empty()) {
    request.headers.add("Accept-Encoding", accept_encoding);
  }
  return request;
}

Result<http::Response> ask(http::Client& client, const http::Request& request) {
  TRY(http::Response response, client.send(request));
  if (response.status != kOk) {
    return fail(ErrorCode::kUnavailable, fmt::format("answered {}", response.status),
                {{request.target, response.body.substr(0, 400)}});
  }
  return response;
}

// What one client did.
struct Share {
  std::vector<float> latencies_ms;
  uint64_t resources = 0;
  uint64_t bytes = 0;
  Status status;
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

class Driver {
 public:
  Driver(const Peer& peer, const Traffic& traffic)
      : peer_(peer), traffic_(traffic), order_(shuffled(traffic.targets.size(), traffic.seed)) {}

  Result<Measured> run() {
    std::vector<Share> shares(traffic_.clients);
    const double cpu_before = cpu_seconds(peer_.pid);
    const auto start = SteadyClock::now();
    end_ = start + std::chrono::duration_cast<SteadyClock::duration>(
                       std::chrono::duration<double>(traffic_.seconds));
    {
      std::vector<std::jthread> threads;
      for (Share& share : shares) {
        threads.emplace_back([this, &share] { share.status = run_client(share); });
      }
    }
    Measured measured;
    measured.seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
    TRY(add_up(shares, measured));
    measured.cpu_us =
        (cpu_seconds(peer_.pid) - cpu_before) * 1e6 / static_cast<double>(measured.answers);
    return measured;
  }

 private:
  // The next target; null when there is none left.
  const Target* next() {
    size_t turn = turn_.fetch_add(1);
    if (turn >= order_.size() && traffic_.order == Order::kOnceEach) {
      return nullptr;
    }
    return &traffic_.targets[order_[turn % order_.size()]];
  }

  Status run_client(Share& share) {
    TRY(http::Client client, http::Client::connect(kHost, peer_.port));
    http::Request request = request_of(peer_, "/", traffic_.accept_encoding);
    while (SteadyClock::now() < end_) {
      const Target* target = next();
      if (target == nullptr) {
        return {};
      }
      request.set_target(target->path);
      const auto before = SteadyClock::now();
      TRY(http::Response response, ask(client, request));
      share.latencies_ms.push_back(
          std::chrono::duration<float, std::milli>(SteadyClock::now() - before).count());
      share.resources += target->resources;
      share.bytes += response.body.size();
    }
    return {};
  }

  static Status add_up(const std::vector<Share>& shares, Measured& out) {
    std::vector<float> all;
    for (const Share& share : shares) {
      TRY(share.status);
      all.insert(all.end(), share.latencies_ms.begin(), share.latencies_ms.end());
      out.resources += share.resources;
      out.bytes += share.bytes;
    }
    if (all.empty()) {
      return fail(ErrorCode::kUnavailable, "no answer came in the time given");
    }
    std::sort(all.begin(), all.end());
    out.answers = all.size();
    out.busy_seconds = std::accumulate(all.begin(), all.end(), 0.0) / 1e3;
    out.p50_ms = all[all.size() / 2];
    out.p99_ms = all[all.size() * 99 / 100];
    return {};
  }

  const Peer& peer_;
  const Traffic& traffic_;
  std::vector<size_t> order_;
  std::atomic<size_t> turn_{0};
  SteadyClock::time_point end_;
};

}  // namespace

Result<Measured> drive(const Peer& peer, const Traffic& traffic) {
  if (traffic.targets.empty()) {
    return fail(ErrorCode::kInvalid, "there is nothing to ask for: give more --people");
  }
  return Driver(peer, traffic).run();
}

Result<std::string> fetch(const Peer& peer, const std::string& path) {
  TRY(http::Client client, http::Client::connect(kHost, peer.port));
  TRY(http::Response response, ask(client, request_of(peer, path, {})));
  return std::move(response.body);
}

}  // namespace continuum::bench
