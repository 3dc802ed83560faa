// `continuum`: the subcommands, and nothing else.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "main/commands.h"
#include "main/store_options.h"

int main(int argc, char** argv) {
  CLI::App app{"Continuum: one shared care record for a region."};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of all subcommands");
  int exit_code = 0;
  continuum::add_check(app, exit_code);
  continuum::add_load(app, exit_code);
  continuum::add_synth(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : continuum::kExitUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "continuum: %s\n", error.what());
    return continuum::kExitUsage;
  }
  return exit_code;
}
