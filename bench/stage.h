// What the benchmarks share: a synthetic region, loaded into a store on first use, and the real
// program, run as a child.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/drive.h"
#include "bench/facts.h"
#include "bench/process.h"
#include "bench/report.h"

namespace continuum::bench {

struct Options {
  std::vector<std::string> names;  // prefixes; empty: all
  uint32_t people = 10'000;
  double seconds = 5;  // of each measurement
  uint64_t ledger_entries = 10'000'000;
  bool keep = false;
  std::string program;  // path of continuum
  std::string folder;   // ours alone; removed at the end unless `keep`
};

// Who may see what.
inline constexpr const char* kPolicyFile = CONTINUUM_SOURCE_DIR "/policy/region.policy";

// What `continuum load` of one or more inputs came to.
struct LoadFigures {
  uint64_t resources = 0;
  double seconds = 0;  // as the program prints them
  double cpu_seconds = 0;
  double peak_mb = 0;
  double per_second() const { return static_cast<double>(resources) / seconds; }
};

struct SynthFigures {
  uint64_t resources = 0;
  uint64_t bytes = 0;
};

// A store and what belongs to it. All under `folder`.
class Place {
 public:
  Place(std::string program, std::string folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}

  // Makes the folder and a random region key in a file that only its owner can read.
  Status create() const;
  std::string data() const { return folder_ + "/data"; }
  std::string region_file() const { return folder_ + "/region.toml"; }
  std::string key_file() const { return folder_ + "/region.key"; }
  std::string file(const std::string& name) const { return folder_ + '/' + name; }
  const std::string& program() const { return program_; }

  // Runs `continuum ARGUMENTS` to its end; any exit code but 0 is an error. Its output is in
  // file(name + ".txt").
  Result<Usage> run(const std::string& name, std::vector<std::string> arguments) const;
  Result<LoadFigures> load(const std::string& path, const std::string& source,
                           uint64_t cache_mb) const;
  // Writes region_file() as `from`, with that cache and an issuer of tokens for callers().
  Status write_region(const std::string& from, uint64_t cache_mb);
  // Once there is a region.
  const Callers& callers() const { return *callers_; }

 private:
  std::vector<std::string> store_arguments() const;
  friend class Server;

  std::string program_;
  std::string folder_;
  std::optional<Callers> callers_;
};

// `continuum serve`, ready to be asked. Its place must outlive it.
class Server {
 public:
  static Result<Server> start(const Place& place);
  const Peer& peer() const { return peer_; }
  pid_t pid() const { return process_.pid(); }
  Usage stop(int signal) { return process_.stop(signal); }

 private:
  explicit Server(Process process) : process_(std::move(process)) {}
  Process process_;
  Peer peer_;
};

class Stage {
 public:
  explicit Stage(Options options)
      : options_(std::move(options)), place_(options_.program, options_.folder + "/region") {}

  const Options& options() const { return options_; }
  Report& report() { return report_; }
  const Place& place() const { return place_; }

  // Of the first load into an empty store; made when not done yet.
  Result<LoadFigures> loaded();
  // The same input once more.
  Result<LoadFigures> load_again();
  // About the loaded store; opens it, so no server may run the first time.
  Result<const Facts*> facts();
  const SynthFigures& synth() const { return synth_; }
  // Of the server: at most a quarter of the data, at least the least that is allowed.
  uint64_t cache_mb() const { return cache_mb_; }
  // Of the loader.
  static uint64_t load_cache_mb();

  // Whether rows of that name were asked for.
  bool wants(std::string_view name) const;

 private:
  Status write_people();
  Result<LoadFigures> load_sources();

  Options options_;
  Place place_;
  Report report_;
  SynthFigures synth_;
  uint64_t cache_mb_ = 0;
  std::optional<LoadFigures> loaded_;
  std::optional<Facts> facts_;
};

// Bytes of all files in a folder.
uint64_t bytes_in(const std::string& folder);

}  // namespace continuum::bench
