// continuum: one program that loads, serves and checks a store.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <new>
#include <string_view>

#include "main/subcommands.h"

namespace {

using continuum::commands::kExitDone;
using continuum::commands::kExitEnvironment;

constexpr void (*kSubcommands[])(CLI::App&, int&) = {
    continuum::commands::add_load,   continuum::commands::add_serve,
    continuum::commands::add_check,  continuum::commands::add_synth,
    continuum::commands::add_ledger, continuum::commands::add_config,
    continuum::commands::add_policy, continuum::commands::add_key,
    continuum::commands::add_erase,  continuum::commands::add_scrub,
    continuum::commands::add_backup, continuum::commands::add_restore,
};

// What a program without memory would do half, it does not do: acknowledged writes are durable, and
// starting again is the way back (docs/adr/0021-out-of-memory-ends-the-process.md).
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kText =
      "continuum: out of memory: ended at once; nothing that was acknowledged is lost. Give it "
      "more "
      "memory, or lower [limits] in region.toml, and start again\n";
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, kText.data(), kText.size());
  std::_Exit(kExitEnvironment);
}

int run(int argc, char** argv) {
  CLI::App app("One lifelong record for every person of a region, over FHIR R4", "continuum");
  app.set_version_flag("--version", "continuum " CONTINUUM_VERSION);
  app.require_subcommand(1);
  int exit_code = kExitDone;
  for (auto add : kSubcommands) {
    add(app, exit_code);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == kExitDone ? kExitDone : kExitEnvironment;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  std::set_new_handler(end_without_memory);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // third-party code
    std::cerr << "continuum: " << error.what() << '\n';
    return kExitEnvironment;
  }
}
