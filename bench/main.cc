// continuum_bench [NAME...] [--people N] [--seconds S] [--entries E] [--keep]: docs/benchmarks.md.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bench/benchmarks.h"
#include "bench/floors.h"

namespace continuum::bench {
namespace {

constexpr const char* kUsage =
    "continuum_bench [NAME...] [--people N] [--seconds S] [--entries E] [--keep]\n\n"
    "NAME       load, size, start, read, record, decide, ledger, structure, write or memory, or\n"
    "           how it begins; default: all\n"
    "--people   of the synthetic region [10000]\n"
    "--seconds  of each measurement [5]\n"
    "--entries  of the large ledger [10000000]\n"
    "--keep     leaves the data in build/bench\n";

struct Benchmark {
  const char* name;
  Status (*run)(Stage&);
};
constexpr Benchmark kBenchmarks[] = {{"load", bench_load},           {"size", bench_size},
                                     {"start", bench_start},         {"read", bench_read},
                                     {"record", bench_whole_record}, {"decide", bench_decide},
                                     {"ledger", bench_ledger},       {"structure", bench_structure},
                                     {"write", bench_write},         {"memory", bench_memory}};

// Nothing for a wrong command line.
std::optional<Options> parse(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const bool has_value = i + 1 < count;
    if (word == "--people" && has_value) {
      options.people = static_cast<uint32_t>(std::strtoul(words[++i], nullptr, 10));
    } else if (word == "--seconds" && has_value) {
      options.seconds = std::strtod(words[++i], nullptr);
    } else if (word == "--entries" && has_value) {
      options.ledger_entries = std::strtoul(words[++i], nullptr, 10);
    } else if (word == "--keep") {
      options.keep = true;
    } else if (word.starts_with('-')) {
      return std::nullopt;
    } else {
      options.names.push_back(word);
    }
  }
  return options.people > 0 && options.seconds > 0 ? std::optional(options) : std::nullopt;
}

bool known(const std::string& prefix) {
  for (const Benchmark& benchmark : kBenchmarks) {
    if (std::string_view(benchmark.name).starts_with(prefix)) {
      return true;
    }
  }
  return false;
}

// The program and our folder lie beside this program: build/release/continuum, build/bench.
void find_places(Options& options) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  options.program = self.parent_path() / "continuum";
  options.folder = self.parent_path().parent_path() / "bench";
}

int run(const Options& options) {
  std::filesystem::remove_all(options.folder);
  Stage stage(options);
  stage.report().note(machine_line("start"));
  int exit_code = 0;
  for (const Benchmark& benchmark : kBenchmarks) {
    if (!stage.wants(benchmark.name)) {
      continue;
    }
    if (Status status = benchmark.run(stage); !status) {
      std::fprintf(stderr, "%s: %s\n", benchmark.name, status.error().text().c_str());
      exit_code = 1;
    }
  }
  stage.report().note(fmt::format("{} people, {} resources, cache: load {} MB, serve {} MB",
                                  options.people, stage.synth().resources, Stage::load_cache_mb(),
                                  stage.cache_mb()));
  stage.report().print();
  if (!options.keep) {
    std::filesystem::remove_all(options.folder);
  }
  return exit_code;
}

}  // namespace
}  // namespace continuum::bench

int main(int count, char** words) {
  using namespace continuum::bench;
  if (count == 4 && std::string_view(words[1]) == kConstantServerVerb) {
    return run_constant_server(words[2], words[3]);
  }
  auto options = parse(count, words);
  if (!options || !std::all_of(options->names.begin(), options->names.end(), known)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  find_places(*options);
  return run(*options);
}
