#include "service/load/load.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "config/region.h"
#include "fhir/types.h"
#include "identity/exact_match.h"
#include "json/writer.h"
#include "main/ledger_files.h"
#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"

namespace continuum::commands {
namespace {

constexpr int kExitSomeRefused = 3;
constexpr size_t kUnresolvedShown = 20;
constexpr size_t kDoubtfulShown = 20;

struct LoadArguments {
  StoreArguments store;
  service::LoadOptions load;
  uint64_t batch_mb = service::kBatchBytes >> 20;
  uint64_t put_aside_mb = service::kPutAsideBytes >> 20;
  std::string config;
};

Status check_source(const LoadArguments& arguments) {
  if (arguments.config.empty()) {
    return {};
  }
  TRY(config::Region region, config::load_region(posix_files(), arguments.config));
  std::string names;
  for (const config::Source& source : region.sources) {
    if (source.name == arguments.load.source) {
      return {};
    }
    names += (names.empty() ? "" : ", ") + source.name;
  }
  return fail(ErrorCode::kInvalid, "the region has no source '" + arguments.load.source + "'",
              {{arguments.config, "its sources are: " + names}});
}

std::string place_of(const service::LoadReport& report, uint32_t file, uint32_t line,
                     uint32_t entry) {
  std::string place = report.input.files[file].path;
  if (line > 0) {
    place += " line " + std::to_string(line);
  }
  if (entry > 0) {
    place += " entry " + std::to_string(entry);
  }
  return place;
}

void print_refusals(const service::LoadReport& report) {
  for (const service::LoadRefusal& refusal : report.refusals) {
    std::fprintf(stderr, "refused: %s%s%s: %s\n",
                 place_of(report, refusal.file, refusal.line, refusal.entry).c_str(),
                 refusal.type.empty() ? "" : " ", refusal.type.c_str(),
                 refusal.error.text().c_str());
  }
}

// A search by identifier may hold an NHS number: what follows the system is not shown.
std::string shown(const std::string& reference) {
  size_t bar = reference.find('|');
  if (bar == std::string::npos) {
    bar = reference.find("%7C");
  }
  return bar == std::string::npos ? reference : reference.substr(0, bar) + "|...";
}

void print_unresolved(const service::LoadReport& report) {
  if (report.unresolved_count == 0) {
    return;
  }
  std::printf("references that name nothing in this source: %lu (kept as sent)\n",
              report.unresolved_count);
  for (size_t i = 0; i < std::min(report.unresolved.size(), kUnresolvedShown); ++i) {
    const auto& unresolved = report.unresolved[i];
    std::printf("  %s: %s\n",
                place_of(report, unresolved.file, unresolved.line, unresolved.entry).c_str(),
                shown(unresolved.reference).c_str());
  }
  if (report.unresolved_count > kUnresolvedShown) {
    std::printf("  ... and %lu more\n", report.unresolved_count - kUnresolvedShown);
  }
}

void print_types(const service::LoadReport& report) {
  std::printf("%-30s %9s %9s %9s %9s %9s %9s\n", "type", "created", "updated", "unchanged", "known",
              "deleted", "no home");
  auto print = [](const char* name, const service::LoadCounts& counts) {
    std::printf("%-30s %9lu %9lu %9lu %9lu %9lu %9lu\n", name, counts.created, counts.updated,
                counts.unchanged, counts.same, counts.deleted, counts.quarantined);
  };
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    if (report.by_type[type].taken() > 0) {
      print(std::string(fhir::type_name(static_cast<fhir::TypeNumber>(type))).c_str(),
            report.by_type[type]);
    }
  }
  print("all", report.counts);
  if (report.skipped_entries > 0) {
    std::printf("entries that ask or tell and store nothing: %lu\n", report.skipped_entries);
  }
  if (report.counts.quarantined > 0) {
    std::printf("no home: the patient they are about is not known; kept in quarantine\n");
  }
}

void print_links(const service::LoadReport& report, const record::View& view) {
  for (size_t i = 1; i < report.unlinkable.size(); ++i) {
    if (report.unlinkable[i] == 0) {
      continue;
    }
    std::printf("patients with %s, not linked to other sources: %lu\n",
                identity::describe(static_cast<identity::MatchObstacle>(i)), report.unlinkable[i]);
    size_t shown = 0;
    for (const auto& patient : report.unlinkable_patients) {
      if (patient.obstacle == i && shown++ < kDoubtfulShown) {
        std::printf("  Patient/%s\n", patient.id.c_str());
      }
    }
    if (report.unlinkable[i] > kDoubtfulShown) {
      std::printf("  ... and %lu more\n", report.unlinkable[i] - kDoubtfulShown);
    }
  }
  auto doubtful = view.numbers_in_doubt(kDoubtfulShown);
  if (doubtful && !doubtful->empty()) {
    std::printf("source patients with one NHS number and different birth dates, kept apart:\n");
    for (const auto& group : *doubtful) {
      std::string ids;
      for (const record::SourcePatient& patient : group) {
        ids += " Patient/" + patient.patient.text();
      }
      std::printf(" %s\n", ids.c_str());
    }
  }
}

Result<int> run(LoadArguments& arguments) {
  arguments.load.batch_bytes = arguments.batch_mb << 20;
  arguments.load.put_aside_bytes = arguments.put_aside_mb << 20;
  TRY(check_source(arguments));
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  // Before the store: a mistyped path must not leave a new, empty data folder behind.
  TRY(auto input, service::find_input_files(posix_files(), arguments.load.paths));
  if (input.files.empty()) {
    return fail(ErrorCode::kInvalid,
                "there is nothing to load: no .json or .ndjson file, plain or "
                "with .gz, .bz2 or .zst, under the given paths");
  }
  TRY(auto store, record::open_store(options));
  Progress progress;
  auto sink = [&progress](const service::LoadProgress& at) {
    progress.show(at.storing ? "storing" : "reading", at.bytes_done, at.bytes_total,
                  at.resources_done);
  };
  const std::string source = json::quoted(arguments.load.source);
  TRY(record_command(*store, "load", "begun", fmt::format(R"({{"source":{}}})", source)));
  TRY(service::LoadReport report, service::load(*store, posix_files(), arguments.load, sink));
  TRY(record_command(*store, "load", "done",
                     fmt::format(R"({{"source":{},"resources":{},"refused":{}}})", source,
                                 report.counts.taken(), report.refusals.size())));
  double seconds = progress.seconds();
  progress.clear();
  print_refusals(report);
  for (const std::string& path : report.input.skipped) {
    std::fprintf(stderr, "passed over: %s: not a .json or .ndjson file\n", path.c_str());
  }
  print_unresolved(report);
  print_links(report, *store->view());
  print_types(report);
  if (!report.refusals.empty()) {
    std::printf("refused: %lu, named above\n", report.refusals.size());
  }
  std::printf("loaded %lu resources in %.2f s (%.0f resources/s)\n", report.counts.taken(), seconds,
              static_cast<double>(report.counts.taken()) / seconds);
  return report.refusals.empty() ? 0 : kExitSomeRefused;
}

}  // namespace

void add_load(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<LoadArguments>();
  CLI::App* command = add_verb(
      app, "load", "Load FHIR R4 JSON: Bundles, single resources, NDJSON; plain, .gz, .bz2, .zst",
      arguments, run, exit_code);
  command->add_option("path", arguments->load.paths, "Files or folders")
      ->required()
      ->type_name("PATH");
  add_store_arguments(*command, arguments->store);
  command->add_option("--source", arguments->load.source, "The source the data comes from")
      ->capture_default_str()
      ->type_name("NAME");
  command
      ->add_option("--config", arguments->config, "region.toml; the source must be one of its own")
      ->type_name("FILE");
  command->add_option("--threads", arguments->load.threads, "Threads that parse and seal")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command->add_option("--batch-mb", arguments->batch_mb, "Rows gathered in memory")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 14))
      ->type_name("MB");
  command
      ->add_option("--put-aside-mb", arguments->put_aside_mb,
                   "Rows gathered in temporary files before the store takes them in: what a kill "
                   "throws away at most")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 20))
      ->type_name("MB");
  command->footer(
      "Exit code: 0 all in; 3 some refused, each named on standard error; 2 usage or environment.\n"
      "Loading the same input again, after an interruption too, adds no version.");
}

}  // namespace continuum::commands
