// One function a subcommand, each in the file of its name: adds the subcommand and, when it is the
// one given, runs it and leaves its exit code.
#pragma once

namespace CLI {
class App;
}

namespace continuum {

void add_check(CLI::App& app, int& exit_code);
void add_load(CLI::App& app, int& exit_code);
void add_synth(CLI::App& app, int& exit_code);

}  // namespace continuum
