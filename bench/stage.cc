#include "bench/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file_system.h"
#include "base/random.h"
#include "config/limits.h"
#include "config/region.h"

namespace continuum::bench {
namespace {

constexpr uint64_t kLoadCacheMb = 64;
constexpr uint64_t kOutputBytesMax = 1 << 24;
constexpr std::chrono::seconds kStartTimeMax{120};
constexpr std::chrono::microseconds kStartPoll{500};
constexpr std::string_view kListening = "listening on http://127.0.0.1:";

std::string last_line(std::string text) {
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text.substr(text.rfind('\n') + 1);
}

Status make_folder(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  return problem ? Status(fail(ErrorCode::kUnavailable, "a folder could not be made",
                               {{path, problem.message()}}))
                 : Status();
}

// Nothing while the line is not there yet.
std::optional<uint16_t> port_in(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line) || stream.eof() || !line.starts_with(kListening)) {
    return std::nullopt;
  }
  return static_cast<uint16_t>(std::stoul(line.substr(kListening.size())));
}

std::vector<std::string> sources_in(const std::string& folder) {
  std::vector<std::string> sources;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) {
      sources.push_back(entry.path().filename());
    }
  }
  std::sort(sources.begin(), sources.end());
  return sources;
}

}  // namespace

Status Place::create() const {
  TRY(make_folder(folder_));
  SecureRandom random;
  std::string key;
  for (char byte : random.bytes(sizeof(crypto::Key))) {
    key += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return replace_file(posix_files(), key_file(), key + '\n');
}

std::vector<std::string> Place::store_arguments() const {
  return {"--data", data(), "--region-key", key_file()};
}

Result<Usage> Place::run(const std::string& name, std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), program_);
  const std::string errors = file(name + ".err");
  TRY(Process process, Process::spawn(arguments, file(name + ".txt"), errors));
  Usage usage = process.wait();
  if (usage.exit_code != 0) {
    TRY(std::string text, read_file(posix_files(), errors, kOutputBytesMax));
    return fail(ErrorCode::kUnavailable,
                fmt::format("continuum {} ended with {}", arguments[1], usage.exit_code),
                {{errors, text.substr(0, 400)}});
  }
  return usage;
}

Result<LoadFigures> Place::load(const std::string& path, const std::string& source,
                                uint64_t cache_mb) const {
  std::vector<std::string> arguments = {"load", path,         "--source",
                                        source, "--cache-mb", std::to_string(cache_mb)};
  for (const std::string& argument : store_arguments()) {
    arguments.push_back(argument);
  }
  TRY(Usage usage, run("load", arguments));
  TRY(std::string output, read_file(posix_files(), file("load.txt"), kOutputBytesMax));
  LoadFigures figures{.cpu_seconds = usage.cpu_seconds, .peak_mb = usage.peak_mb};
  if (std::sscanf(last_line(output).c_str(), "loaded %lu resources in %lf s", &figures.resources,
                  &figures.seconds) != 2) {
    return fail(ErrorCode::kInternal, "continuum load did not say what it loaded");
  }
  return figures;
}

Status Place::write_region(const std::string& from, uint64_t cache_mb) {
  TRY(config::Region region, config::load_region(posix_files(), from));
  region.cache_mb = cache_mb;
  region.listen.port = 0;
  TRY(callers_, Callers::create(region, file("issuer.json")));
  return replace_file(posix_files(), region_file(), config::to_toml(region));
}

Result<Server> Server::start(const Place& place) {
  std::vector<std::string> arguments = {place.program(), "serve",  "--config", place.region_file(),
                                        "--log",         "failed", "--policy", kPolicyFile};
  for (const std::string& argument : place.store_arguments()) {
    arguments.push_back(argument);
  }
  const std::string out = place.file("serve.txt");
  const std::string errors = place.file("serve.err");
  std::remove(out.c_str());
  TRY(Process process, Process::spawn(arguments, out, errors));
  Server server(std::move(process));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeMax;
  std::optional<uint16_t> port;
  while (!(port = port_in(out))) {
    if (server.process_.has_ended() || std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorCode::kUnavailable, "continuum serve did not start",
                  {{errors, "see there"}});
    }
    std::this_thread::sleep_for(kStartPoll);
  }
  server.peer_ = {.port = *port, .pid = server.pid(), .callers = &place.callers()};
  return server;
}

uint64_t Stage::load_cache_mb() {
  return kLoadCacheMb;
}

Status Stage::write_people() {
  TRY(place_.create());
  TRY(place_.run("synth", {"synth", "--people", std::to_string(options_.people), "--out",
                           place_.file("synth")}));
  TRY(std::string output, read_file(posix_files(), place_.file("synth.txt"), kOutputBytesMax));
  if (std::sscanf(last_line(output).c_str(), "wrote %*u people, %*u source patients, %lu resources",
                  &synth_.resources) != 1) {
    return fail(ErrorCode::kInternal, "continuum synth did not say what it wrote");
  }
  synth_.bytes = bytes_in(place_.file("synth"));
  return {};
}

Result<LoadFigures> Stage::load_sources() {
  LoadFigures all;
  for (const std::string& source : sources_in(place_.file("synth"))) {
    TRY(LoadFigures one, place_.load(place_.file("synth/" + source), source, kLoadCacheMb));
    all.resources += one.resources;
    all.seconds += one.seconds;
    all.cpu_seconds += one.cpu_seconds;
    all.peak_mb = std::max(all.peak_mb, one.peak_mb);
  }
  return all;
}

Result<LoadFigures> Stage::loaded() {
  if (!loaded_) {
    TRY(write_people());
    TRY(LoadFigures figures, load_sources());
    loaded_ = figures;
    cache_mb_ = std::max(config::kCacheMbMin, bytes_in(place_.data()) / 4 >> 20);
    TRY(place_.write_region(place_.file("synth/region.toml"), cache_mb_));
  }
  return *loaded_;
}

Result<LoadFigures> Stage::load_again() {
  TRY(loaded());
  return load_sources();
}

Result<const Facts*> Stage::facts() {
  TRY(loaded());
  if (!facts_) {
    TRY(facts_, gather_facts(place_));
  }
  return &*facts_;
}

bool Stage::wants(std::string_view name) const {
  return options_.names.empty() ||
         std::any_of(options_.names.begin(), options_.names.end(),
                     [name](const std::string& prefix) { return name.starts_with(prefix); });
}

uint64_t bytes_in(const std::string& folder) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    bytes += entry.is_regular_file() ? entry.file_size() : 0;
  }
  return bytes;
}

}  // namespace continuum::bench
