// The load generator: clients on kept connections, each asking for one random target after the
// other.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/callers.h"

namespace continuum::bench {

// A server to be asked.
struct Peer {
  uint16_t port = 0;
  pid_t pid = -1;
  const Callers* callers = nullptr;  // null: it asks for no Authorization
};

struct Target {
  std::string path;
  uint64_t resources = 1;         // in its answer
  OrganisationSet seen_by = ~0U;  // whose staff may see it; at least one has
  std::string body = {};          // of a POST; empty: a GET
  std::string source = {};        // the system that asks; empty: staff do
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
  uint64_t bytes_posted = 0;
  double seconds = 0;
  double busy_seconds = 0;  // all latencies together
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  double cpu_us = 0;   // of the server, for one answer
  uint64_t users = 0;  // who asked

  double per_second() const { return static_cast<double>(answers) / seconds; }
  double mean_bytes() const {
    return static_cast<double>(bytes) / static_cast<double>(answers == 0 ? 1 : answers);
  }
  double mean_resources() const {
    return static_cast<double>(resources) / static_cast<double>(answers == 0 ? 1 : answers);
  }
};

// Each request is sent by a user, in turn, of an organisation that may see its target, or by the
// system that it names. Any answer but 200, or 201 to a POST, is an error.
Result<Measured> drive(const Peer& peer, const Traffic& traffic);
// The value of Authorization for a request of one who may see `target`; empty for a peer that wants
// none. `turn` chooses among them.
std::string authorization(const Peer& peer, const Target& target, uint64_t turn);
// The body of one answer. Errors as of drive().
Result<std::string> fetch(const Peer& peer, const Target& target);

}  // namespace continuum::bench
