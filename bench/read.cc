// Read by id: random resources of all types out of the whole population.
#include <fmt/format.h>
#include <signal.h>

#include "bench/benchmarks.h"
#include "bench/floors.h"

namespace continuum::bench {
namespace {

constexpr unsigned kManyClients = 32;

Row row_of(const Measured& measured, const Measured& floor) {
  Row row;
  row.cpu_us = measured.cpu_us;
  row.floor_cpu_us = floor.cpu_us;
  row.p50_ms = measured.p50_ms;
  row.p99_ms = measured.p99_ms;
  return row;
}

}  // namespace

Status bench_read(Stage& stage) {
  TRY(const Facts* facts, stage.facts());
  TRY(Server server, Server::start(stage.place()));
  TRY(fetch(server.peer(), facts->reads.front()));  // it has read its issuer's keys from then on
  Traffic one{.targets = facts->reads, .clients = 1, .seconds = stage.options().seconds};
  Traffic many{
      .targets = facts->reads, .clients = kManyClients, .seconds = stage.options().seconds};
  TRY(Measured warming, drive(server.peer(), many));
  const auto mean_bytes = static_cast<size_t>(warming.mean_bytes());
  TRY(ConstantServer constant,
      ConstantServer::start(stage.place().file(""), std::string(mean_bytes, 'x'),
                            ConstantServer::Receipts::kDurable));
  TRY(Measured one_floor, drive(constant.peer(), one));
  TRY(Measured many_floor, drive(constant.peer(), many));
  TRY(Measured one_client, drive(server.peer(), one));
  TRY(Measured clients, drive(server.peer(), many));

  Row row = row_of(one_client, one_floor);
  row.operation = "read: 1 client";
  row.figure = one_client.p50_ms;
  row.unit = "ms";
  row.better = Better::kLower;
  row.floor = one_floor.p50_ms;
  row.target = "0.5 ms";
  stage.report().add(row);

  row = row_of(clients, many_floor);
  row.operation = "read: 32 clients";
  row.figure = clients.per_second();
  row.unit = "req/s";
  row.floor = many_floor.per_second();
  row.limits = "73k/s, 16.6 us";
  row.target = "30k/s";
  row.rss_mb = resident_mb(server.pid());
  stage.report().add(row);
  stage.report().note(fmt::format(
      "read: asked by {} users; {} resources and {} people of all are seen by nobody's staff and "
      "were not asked for",
      clients.users, facts->items_unseen, facts->people_unseen));
  server.stop(SIGTERM);
  return {};
}

}  // namespace continuum::bench
