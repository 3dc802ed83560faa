#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"
#include "synth/region.h"

namespace continuum::commands {
namespace {

struct SynthArguments {
  synth::Options options;
  std::string as_at;
  std::string out;
};

Result<int> run(SynthArguments& arguments) {
  if (!arguments.as_at.empty()) {
    TRY(arguments.options.as_at, parse_fhir_instant(arguments.as_at + "T00:00:00Z"));
  }
  Progress progress;
  auto sink = [&](const synth::Totals& so_far) {
    progress.show("writing", so_far.people, arguments.options.people, so_far.resources);
  };
  TRY(synth::Totals totals,
      synth::write_region(arguments.options, posix_files(), arguments.out, sink));
  progress.clear();
  std::printf("wrote %u people, %lu source patients, %lu resources to %s in %.2f s\n",
              totals.people, totals.source_patients, totals.resources, arguments.out.c_str(),
              progress.seconds());
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SynthArguments>();
  CLI::App* command =
      app.add_subcommand("synth", "Write a synthetic region: invented people, known truth");
  command->add_option("--people", arguments->options.people, "How many people, at most 909091")
      ->required()
      ->type_name("N");
  command->add_option("--seed", arguments->options.seed, "The same seed gives the same region")
      ->capture_default_str()
      ->type_name("S");
  command->add_option("--as-at", arguments->as_at, "Nothing happens later [2026-01-01]")
      ->type_name("DATE");
  command->add_option("--out", arguments->out, "Folder to write; made when absent")
      ->required()
      ->type_name("DIR");
  command->callback([arguments, &exit_code] {
    auto result = run(*arguments);
    if (!result) {
      report_error(result.error());
    }
    exit_code = result.value_or(kExitEnvironment);
  });
}

}  // namespace continuum::commands
