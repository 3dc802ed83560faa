#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"

namespace continuum::commands {
namespace {

constexpr int kExitUnsound = 1;

Result<int> run(const StoreArguments& arguments) {
  TRY(record::StoreOptions options, to_store_options(arguments));
  if (!record::store_exists(posix_files(), options.data_folder)) {
    return fail(ErrorCode::kNotFound, options.data_folder + " holds no store");
  }
  options.damaged_ledger = record::DamagedLedger::kReadOnly;
  TRY(auto store, record::open_store(options));
  uint64_t total = 0;
  uint64_t bytes = 0;
  for (const auto& family : store->sizes().families) {
    total += family.name == "current" ? family.keys : 0;
    bytes += family.bytes;
  }
  Progress progress;
  TRY(record::CheckReport report,
      store->check([&](uint64_t done) { progress.show("checking", done, total, done); }));
  progress.clear();
  for (const std::string& finding : report.findings) {
    std::printf("finding: %s\n", finding.c_str());
  }
  for (const auto& family : store->sizes().families) {
    std::printf("%-10s %12lu keys %14lu bytes\n", family.name.c_str(), family.keys, family.bytes);
  }
  std::printf(
      "checked %lu resources, %lu versions, %lu index rows of %lu source patients in %.2f s"
      " (%lu bytes in files)\n",
      report.items, report.versions, report.index_rows, report.source_patients, progress.seconds(),
      bytes);
  if (report.finding_count > 0) {
    std::printf("UNSOUND: %lu findings, %zu of them above\n", report.finding_count,
                report.findings.size());
    return kExitUnsound;
  }
  std::printf("sound: no findings\n");
  return 0;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<StoreArguments>();
  CLI::App* command =
      add_verb(app, "check", "Verify a whole store: every body, every index row, both ways",
               arguments, run, exit_code);
  add_store_arguments(*command, *arguments);
  command->footer("Exit code: 0 sound; 1 findings, named; 2 usage or environment.");
}

}  // namespace continuum::commands
