// What the structural check of a resource costs, in one thread of this process.
#include "fhir/structure.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/benchmarks.h"
#include "bench/time.h"
#include "json/document.h"
#include "synth/region.h"

namespace continuum::bench {
namespace {

constexpr uint32_t kPeopleMax = 200;  // their Bundles and trees stay in memory, not in the cache

}  // namespace

Status bench_structure(Stage& stage) {
  const uint32_t people = std::min(kPeopleMax, stage.options().people);
  TRY(const auto generator, synth::Generator::create({.people = people}));
  std::vector<std::string> texts;
  std::vector<json::Document> trees;
  size_t resources = 0;
  synth::PersonBundles person;
  for (uint32_t index = 0; index < people; ++index) {
    generator.write_person(index, person);
    for (const synth::SourcePatient& patient : person.patients) {
      texts.emplace_back(patient.bundle);
      TRY(trees.emplace_back().parse(texts.back()));
      resources += trees.back().root()->find("entry")->child_count();
    }
  }
  fhir::StructureReport report;
  for (const json::Document& tree : trees) {
    fhir::check_structure(*tree.root(), report);
    if (!report.issues.empty()) {
      return fail(ErrorCode::kInternal, "a synthetic Bundle is refused",
                  {{report.issues.front().expression, report.issues.front().message}});
    }
  }
  const double check_us = cpu_us_of(stage.options().seconds, resources, [&] {
    for (const json::Document& tree : trees) {
      fhir::check_structure(*tree.root(), report);
      keep(report);
    }
  });
  json::Document document;
  const double parse_us = cpu_us_of(stage.options().seconds, resources, [&] {
    for (const std::string& text : texts) {
      keep(document.parse(text));
    }
  });
  Row row{.operation = "structure: check"};
  row.figure = 1e6 / check_us;
  row.unit = "res/s";
  row.floor = 1e6 / parse_us;
  row.target = ">= 20k/s";
  row.cpu_us = check_us;
  row.floor_cpu_us = parse_us;
  stage.report().add(row);
  stage.report().note(
      fmt::format("structure: {} resources in {} Bundles, checked as trees; floor: reading their "
                  "text into trees",
                  resources, trees.size()));
  return {};
}

}  // namespace continuum::bench
