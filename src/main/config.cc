// continuum config check FILE: everything that is wrong with a region.toml.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "config/region.h"
#include "main/report.h"
#include "main/subcommands.h"

namespace continuum::commands {
namespace {

int check(const std::string& path) {
  auto region = config::load_region(posix_files(), path);
  if (!region) {
    report_region_error(region.error());
    return kExitEnvironment;
  }
  fmt::print("{}: ok, {} organisations, {} sources\n", path, region->organisations.size(),
             region->sources.size());
  return kExitDone;
}

}  // namespace

void add_config(CLI::App& app, int& exit_code) {
  CLI::App* config = app.add_subcommand("config", "Work with region.toml");
  config->require_subcommand(1);
  CLI::App* verb =
      config->add_subcommand("check", "Say everything that is wrong with a region.toml");
  auto path = std::make_shared<std::string>();
  verb->add_option("FILE", *path, "region.toml")->required();
  verb->callback([path, &exit_code] { exit_code = check(*path); });
}

}  // namespace continuum::commands
