#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "config/region.h"
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
  std::string demo_issuer;
};

constexpr std::string_view kOperator = "region-operator";  // as in accounts.json

// The synthetic region as a demo that believes a development identity provider. kInvalid: the URL
// is none such a region may name.
Result<std::string> demo_region(const std::string& issuer) {
  TRY(config::Region region, config::parse_region(synth::region_toml(), "region.toml"));
  region.mode = config::Mode::kDemo;
  config::Issuer& believed = region.issuers.emplace_back();
  believed.url = issuer;
  for (const auto& [kind, name] : config::kCallerKinds) {
    believed.kinds.push_back(kind);
  }
  region.operators.push_back({std::string(kOperator)});
  std::string text = "# A synthetic region: every person, number and place in it is invented.\n" +
                     config::to_toml(region);
  if (!config::parse_region(text, "region.toml")) {
    return fail(ErrorCode::kInvalid, "not the URL of a development identity provider",
                {{"--demo-issuer",
                  "expected https, or http on a loopback address, without a "
                  "slash at the end: http://127.0.0.1:9090"}});
  }
  return text;
}

Result<int> run(SynthArguments& arguments) {
  if (!arguments.as_at.empty()) {
    TRY(arguments.options.as_at, parse_fhir_instant(arguments.as_at + "T00:00:00Z"));
  }
  std::string demo;
  if (!arguments.demo_issuer.empty()) {
    TRY(demo, demo_region(arguments.demo_issuer));
  }
  Progress progress;
  auto sink = [&](const synth::Totals& so_far) {
    progress.show("writing", so_far.people, arguments.options.people, so_far.resources);
  };
  TRY(synth::Totals totals,
      synth::write_region(arguments.options, posix_files(), arguments.out, sink));
  progress.clear();
  if (!demo.empty()) {
    TRY(replace_file(posix_files(), arguments.out + "/region.toml", demo));
  }
  std::printf("wrote %u people, %lu source patients, %lu resources to %s in %.2f s\n",
              totals.people, totals.source_patients, totals.resources, arguments.out.c_str(),
              progress.seconds());
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SynthArguments>();
  CLI::App* command =
      add_verb(app, "synth", "Write a synthetic region: invented people, known truth", arguments,
               run, exit_code);
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
  command
      ->add_option("--demo-issuer", arguments->demo_issuer,
                   "Make region.toml that of a demo which believes the development identity "
                   "provider at this URL")
      ->type_name("URL");
}

}  // namespace continuum::commands
