// How the program says that something failed, and what its exit code then is.
#pragma once

#include <CLI/App.hpp>
#include <memory>

#include "base/result.h"
#include "main/subcommands.h"

namespace continuum::commands {

// One line on standard error: "continuum: ...".
void report_error(const Error& error);
// Of config::load_region: each problem on a line of its own, FILE:LINE:COLUMN: text.
void report_region_error(const Error& error);

// A verb of `app` that runs `verb` on the arguments when chosen, and leaves the exit code it gives;
// an error is reported and leaves kExitEnvironment. The verb keeps `arguments` alive.
template <typename Arguments, typename Verb>
CLI::App* add_verb(CLI::App& app, const char* name, const char* help,
                   const std::shared_ptr<Arguments>& arguments, Verb verb, int& exit_code) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->callback([arguments, verb, &exit_code] {
    Result<int> result = verb(*arguments);
    if (!result) {
      report_error(result.error());
    }
    exit_code = result.value_or(kExitEnvironment);
  });
  return sub;
}

}  // namespace continuum::commands
