// The verbs of the program, one file each. Each adds itself to the command line and, when chosen,
// runs and leaves its exit code: 0 done, 2 usage or environment, others as the verb says.
#pragma once

#include <CLI/App.hpp>

namespace continuum::commands {

inline constexpr int kExitDone = 0;
inline constexpr int kExitEnvironment = 2;

void add_backup(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_config(CLI::App& app, int& exit_code);
void add_erase(CLI::App& app, int& exit_code);
void add_key(CLI::App& app, int& exit_code);
void add_ledger(CLI::App& app, int& exit_code);
void add_load(CLI::App& app, int& exit_code);
void add_policy(CLI::App& app, int& exit_code);
void add_restore(CLI::App& app, int& exit_code);
void add_scrub(CLI::App& app, int& exit_code);
void add_serve(CLI::App& app, int& exit_code);
void add_synth(CLI::App& app, int& exit_code);

}  // namespace continuum::commands
