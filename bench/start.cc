// From starting `continuum serve` to its first answer to a read.
#include <signal.h>

#include <chrono>

#include "bench/benchmarks.h"

namespace continuum::bench {
namespace {

struct Started {
  Server server;
  double milliseconds;
};

Result<Started> start_and_read(const Place& place, const Target& target) {
  const auto start = std::chrono::steady_clock::now();
  TRY(Server server, Server::start(place));
  TRY(fetch(server.peer(), target));
  const auto took = std::chrono::steady_clock::now() - start;
  return Started{std::move(server), std::chrono::duration<double, std::milli>(took).count()};
}

void add_row(Stage& stage, const char* operation, const Started& started, const char* target) {
  Row row{.operation = operation};
  row.figure = started.milliseconds;
  row.unit = "ms";
  row.better = Better::kLower;
  row.target = target;
  row.rss_mb = resident_mb(started.server.pid());
  stage.report().add(row);
}

}  // namespace

Status bench_start(Stage& stage) {
  TRY(const Facts* facts, stage.facts());
  const Target& target = facts->reads.front();
  {
    TRY(Started first, start_and_read(stage.place(), target));  // makes the ledger's key
    first.server.stop(SIGTERM);
  }
  TRY(Started clean, start_and_read(stage.place(), target));
  add_row(stage, "start: clean, to the first read", clean, "1000 ms");
  clean.server.stop(SIGKILL);
  TRY(Started killed, start_and_read(stage.place(), target));
  add_row(stage, "start: after kill -9, to the first read", killed, "5000 ms");
  killed.server.stop(SIGTERM);
  return {};
}

}  // namespace continuum::bench
