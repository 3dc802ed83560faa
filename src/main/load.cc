#include "service/load/load.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "config/region.h"
#include "main/ledger_files.h"
#include "main/loading.h"
#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"

namespace continuum::commands {
namespace {

struct LoadArguments {
  StoreArguments store;
  service::LoadOptions load;
  uint64_t batch_mb = service::kBatchBytes >> 20;
  uint64_t put_aside_mb = service::kPutAsideBytes >> 20;
  std::string config;
};

Status check_source_of(const LoadArguments& arguments) {
  if (arguments.config.empty()) {
    return {};
  }
  TRY(config::Region region, config::load_region(posix_files(), arguments.config));
  return check_source(region, arguments.load.source, arguments.config);
}

Result<service::LoadAnswer> load_here(record::Store& store, const service::LoadOptions& options,
                                      const service::LoadProgressSink& sink,
                                      const Progress& progress) {
  TRY(service::LoadReport report, load_noted(store, options, user_name(), sink));
  return told(report, *store.view(), progress.seconds());
}

// By the server that has the store open.
Result<service::LoadAnswer> load_there(const std::string& data_folder,
                                       const service::LoadOptions& options,
                                       const service::LoadProgressSink& sink) {
  service::LoadOrder order{options.source, options.threads, {}};
  for (const std::string& path : options.paths) {
    std::error_code error;
    order.paths.push_back(std::filesystem::absolute(path, error).string());
    if (error) {
      return fail(ErrorCode::kInvalid, "not a path: " + error.message(), {{path, ""}});
    }
  }
  return service::load_through(service::load_socket_path(data_folder), order, sink);
}

Result<int> run(LoadArguments& arguments) {
  arguments.load.batch_bytes = arguments.batch_mb << 20;
  arguments.load.put_aside_bytes = arguments.put_aside_mb << 20;
  TRY(check_source_of(arguments));
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  // Before the store: a mistyped path must not leave a new, empty data folder behind.
  TRY(auto input, service::find_input_files(posix_files(), arguments.load.paths));
  if (input.files.empty()) {
    return fail(ErrorCode::kInvalid,
                "there is nothing to load: no .json or .ndjson file, plain or "
                "with .gz, .bz2 or .zst, under the given paths");
  }
  Progress progress;
  auto sink = [&progress](const service::LoadProgress& at) {
    progress.show(at.storing ? "storing" : "reading", at.bytes_done, at.bytes_total,
                  at.resources_done);
  };
  auto store = record::open_store(options);
  if (!store && store.error().code != ErrorCode::kConflict) {
    return fail(store.error());
  }
  TRY(service::LoadAnswer answer, store ? load_here(**store, arguments.load, sink, progress)
                                        : load_there(options.data_folder, arguments.load, sink));
  progress.clear();
  std::fputs(answer.err.c_str(), stderr);
  std::fputs(answer.out.c_str(), stdout);
  return answer.exit_code;
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
      "Loading the same input again, after an interruption too, adds no version.\n"
      "While a server has the data folder open, it does the load, beside its other work: for a\n"
      "source of its region, from files that it can read; --batch-mb and --put-aside-mb then mean\n"
      "nothing. Ctrl-C stops it.");
}

}  // namespace continuum::commands
