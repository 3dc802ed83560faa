// Bulk load of all sources of the synthetic region by `continuum load`, and the same input again.
#include <fmt/format.h>

#include "bench/benchmarks.h"
#include "bench/floors.h"

namespace continuum::bench {
namespace {

constexpr double kAllowedAboveCacheMb = 300;

Row row_of(std::string operation, const LoadFigures& figures) {
  Row row{.operation = std::move(operation)};
  row.figure = figures.per_second();
  row.unit = "res/s";
  row.cpu_us = figures.cpu_seconds * 1e6 / static_cast<double>(figures.resources);
  row.rss_mb = figures.peak_mb;
  return row;
}

}  // namespace

Status bench_load(Stage& stage) {
  TRY(LoadFigures fresh, stage.loaded());
  TRY(const Facts* facts, stage.facts());
  TRY(LoadFloor floor,
      load_floor(*facts, stage.options().seconds, stage.place().file("floor.bin")));
  Row row = row_of("load", fresh);
  row.floor = floor.per_second;
  row.floor_cpu_us = floor.cpu_us;
  row.limits = "169k/s, 10.3 us";
  row.target = "60k/s";
  stage.report().add(row);

  Row memory{.operation = "memory: load, peak"};
  memory.figure = fresh.peak_mb;
  memory.unit = "MB";
  memory.better = Better::kLower;
  memory.target =
      fmt::format("{:.0f} MB", static_cast<double>(Stage::load_cache_mb()) + kAllowedAboveCacheMb);
  stage.report().add(memory);

  TRY(LoadFigures again, stage.load_again());
  stage.report().add(row_of("load again, all unchanged", again));
  return {};
}

}  // namespace continuum::bench
