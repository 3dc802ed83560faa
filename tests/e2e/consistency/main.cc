// consistency_run PROGRAM FOLDER POLICY: the folder holds data, region.key, region/region.toml and
// tokens, one of each system, a line each: see run, beside this file.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "ledger/entry.h"
#include "record/store.h"
#include "tests/e2e/consistency/limits.h"
#include "tests/e2e/consistency/round.h"

namespace continuum::consistency {
namespace {

constexpr int kExitFound = 1;
constexpr int kExitEnvironment = 2;

Result<std::vector<std::string>> read_tokens(const std::string& path) {
  TRY(const std::string text, read_file(posix_files(), path, kTokenBytesMax));
  std::vector<std::string> tokens;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    tokens.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return tokens;
}

Result<crypto::Key> read_key(const std::string& path) {
  TRY(const std::string text, read_file(posix_files(), path, kTokenBytesMax));
  TRY(const std::string bytes, from_hex(text.substr(0, 2 * sizeof(crypto::Key))));
  crypto::Key key{};
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(key.data()));
  return key;
}

bool is_of(const ledger::RequestEntry& entry, const Receipted& receipted) {
  return entry.id == receipted.receipt.id && entry.status == receipted.status;
}

// Every answer had a receipt: that number must be the entry of that request.
Status check_receipts(const std::string& folder, Tally& tally) {
  record::StoreOptions options;
  options.data_folder = folder + "/data";
  TRY(options.region_key, read_key(folder + "/region.key"));
  TRY(auto store, record::open_store(options));
  const auto view = store->view();
  TRY(const auto ledger, view->ledger());
  std::sort(
      tally.receipts.begin(), tally.receipts.end(),
      [](const Receipted& a, const Receipted& b) { return a.receipt.number < b.receipt.number; });
  size_t next = 0;
  TRY(ledger.scan(0, ledger.size(), [&](uint64_t number, std::string_view bytes) -> Status {
    while (next < tally.receipts.size() && tally.receipts[next].receipt.number == number) {
      TRY(const ledger::Entry entry, ledger::decode_entry(bytes));
      const auto* request = std::get_if<ledger::RequestEntry>(&entry);
      if (request == nullptr || !is_of(*request, tally.receipts[next])) {
        tally.add_problem(fmt::format("receipt {} is not that of its entry",
                                      tally.receipts[next].receipt.text()));
      }
      ++next;
    }
    return {};
  }));
  if (next != tally.receipts.size()) {
    tally.add_problem(fmt::format("{} receipts have no entry", tally.receipts.size() - next));
  }
  return {};
}

uint64_t seed() {
  const char* given = std::getenv("CONTINUUM_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

void print(const Tally& tally) {
  for (const auto& [what, count] : tally.counts) {
    fmt::print("{:>9} {}\n", count, what);
  }
  for (const std::string& problem : tally.problems) {
    fmt::print("FOUND: {}\n", problem);
  }
  fmt::print("{} rounds, {} kills, {} receipts, {} resources: {} problems\n", tally.rounds,
             tally.kills, tally.receipts.size(), tally.left.size(), tally.problems.size());
}

Status run_rounds(Server& server, const std::vector<std::string>& tokens, SeededRandom& random,
                  const std::string& folder, Tally& tally) {
  const char* is_long = std::getenv("CONTINUUM_LONG");
  const auto time =
      is_long != nullptr && std::string_view(is_long) == "1" ? kRunTimeLong : kRunTime;
  const auto end = std::chrono::steady_clock::now() + time;
  TRY(server.start());
  while (std::chrono::steady_clock::now() < end && tally.problems.empty()) {
    TRY(run_round(server, tokens, random.next(), tally));
    fmt::print("round {}: {} answers so far, {} kills\n", tally.rounds, tally.receipts.size(),
               tally.kills);
    std::fflush(stdout);
  }
  TRY(look_again(server, tokens, tally));
  TRY(server.stop());
  return check_receipts(folder, tally);
}

Result<int> run(const std::string& program, const std::string& folder, const std::string& policy) {
  TRY(const auto tokens, read_tokens(folder + "/tokens"));
  Server server({program, "serve", "--data", folder + "/data", "--region-key",
                 folder + "/region.key", "--config", folder + "/region/region.toml", "--policy",
                 policy, "--port", "0", "--log", "none"},
                folder + "/serve");
  const uint64_t of_run = seed();
  fmt::print("seed {}\n", of_run);
  std::fflush(stdout);
  SeededRandom random(of_run);
  Tally tally;
  const Status done = run_rounds(server, tokens, random, folder, tally);
  print(tally);
  TRY(done);
  return tally.problems.empty() ? 0 : kExitFound;
}

}  // namespace
}  // namespace continuum::consistency

int main(int count, char** words) {
  using namespace continuum::consistency;
  if (count != 4) {
    fmt::print(stderr, "consistency_run PROGRAM FOLDER POLICY\n");
    return kExitEnvironment;
  }
  const auto result = run(words[1], words[2], words[3]);
  if (!result) {
    fmt::print(stderr, "consistency: {}\n", result.error().text());
  }
  return result.value_or(kExitEnvironment);
}
