// Bytes and keys on disk, and a check of the whole store.
#include <fmt/format.h>

#include <chrono>

#include "bench/benchmarks.h"

namespace continuum::bench {
namespace {

Row plain_row(std::string operation, double figure, std::string unit) {
  Row row{.operation = std::move(operation)};
  row.figure = figure;
  row.unit = std::move(unit);
  row.better = Better::kLower;
  return row;
}

}  // namespace

Status bench_size(Stage& stage) {
  TRY(const Facts* facts, stage.facts());
  TRY(auto store, open_store(stage.place().data(), stage.place().key_file()));
  const auto items = static_cast<double>(facts->items);
  Row disk = plain_row("size: on disk", static_cast<double>(bytes_in(stage.place().data())) / items,
                       "B/res");
  disk.limits = "526 (20 keys)";
  stage.report().add(disk);
  for (const auto& family : store->sizes().families) {
    stage.report().add(
        plain_row("size: " + family.name, static_cast<double>(family.bytes) / items, "B/res"));
  }
  stage.report().add(plain_row("size: resource as JSON, stored form",
                               static_cast<double>(facts->body_bytes) / items, "B/res"));
  stage.report().add(plain_row("size: as loaded, with the Bundle around it",
                               static_cast<double>(stage.synth().bytes) / items, "B/res"));

  const auto start = std::chrono::steady_clock::now();
  TRY(record::CheckReport check, store->check({}));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Row keys = plain_row("size: index keys a resource, counted",
                       static_cast<double>(check.index_rows) / items, "keys");
  keys.better = Better::kHigher;
  keys.target = ">= 15";
  stage.report().add(keys);
  Row rate = plain_row("size: check of the whole store", items / seconds, "res/s");
  rate.better = Better::kHigher;
  stage.report().add(rate);
  if (check.finding_count > 0) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("the check of the store has {} findings", check.finding_count));
  }
  stage.report().note(fmt::format("size: {} resources, an index key is {:.1f} B on average",
                                  facts->items, facts->index_key_bytes));
  return {};
}

}  // namespace continuum::bench
