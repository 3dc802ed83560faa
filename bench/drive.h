// The load generator: clients on kept connections, each asking for one random target after the
// other.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace continuum::bench {

// A server to be asked.
struct Peer {
  uint16_t port = 0;
  pid_t pid = -1;
  std::string token;  // empty: no Authorization
};

struct Target {
  std::string path;
  uint64_t resources = 1;  // in its answer
};

enum class Order : uint8_t {
  kRandom,
  kOnceEach,  // random order, none twice; ends early when all were asked
};

struct Traffic {
  const std::vector<Target>& targets;
  unsigned clients = 1;
  double seconds = 5;
  Order order = Order::kRandom;
  std::string_view accept_encoding = {};
  uint64_t seed = 1;
};

struct Measured {
  uint64_t answers = 0;
  uint64_t resources = 0;
  uint64_t bytes = 0;  // of bodies, as sent
  double seconds = 0;
  double busy_seconds = 0;  // all latencies together
  double p50_ms = 0;
  double p99_ms = 0;
  double cpu_us = 0;  // of the server, for one answer

  double per_second() const { return static_cast<double>(answers) / seconds; }
  double mean_bytes() const {
    return static_cast<double>(bytes) / static_cast<double>(answers == 0 ? 1 : answers);
  }
  double mean_resources() const {
    return static_cast<double>(resources) / static_cast<double>(answers == 0 ? 1 : answers);
  }
};

// Any answer but 200 is an error.
Result<Measured> drive(const Peer& peer, const Traffic& traffic);
// The body of one answer. Any but 200 is an error.
Result<std::string> fetch(const Peer& peer, const std::string& path);

}  // namespace continuum::bench
