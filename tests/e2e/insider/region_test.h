// A small region on the disk with a ledger of all kinds of entries, and the hands of somebody who
// has everything that is its operator's: data folder, key store, region key and signing key.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "access/waiting_test.h"
#include "base/bytes.h"
#include "ledger/export.h"
#include "ledger/tile_path.h"
#include "ledger/verify.h"
#include "record/store_fixture_test.h"
#include "service/checkpoints.h"

namespace continuum::insider {

namespace fs = std::filesystem;

inline constexpr const char* kPolicyFile = CONTINUUM_SOURCE "/policy/region.policy";
inline constexpr const char* kVerifier = CONTINUUM_SOURCE "/web/verifier/verify-ledger";
inline constexpr const char* kOrigin = "record.example/fhir/ledger";
inline constexpr int kVisitsEach = 100;  // between one checkpoint and the next
inline constexpr int kVisitsPerCommand = 7;

inline std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}
inline void own_only(const fs::path& path) {
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

// What a program said: its findings, one a line, and all of it.
struct Said {
  int exit_code = -1;
  std::vector<std::string> findings;
  std::string text;
};
inline bool is_finding(const std::string& line) {
  static const std::regex kFinding(
      "(entry-changed|entries-exchanged|entry-malformed|entry-missing|tile-changed|cut|forked|"
      "rewritten|checkpoint-signature|checkpoint-order|checkpoint-malformed)( [0-9]+)+");
  return std::regex_match(line, kFinding);
}
inline Said run(const std::vector<std::string>& words) {
  std::string command;
  for (const std::string& word : words) {
    command += "'" + word + "' ";
  }
  Said said;
  FILE* pipe = popen((command + "2>&1").c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  char buffer[4096];
  while (size_t read = fread(buffer, 1, sizeof buffer, pipe)) {
    said.text.append(buffer, read);
  }
  int status = pclose(pipe);
  said.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  for (size_t at = 0; at < said.text.size();) {
    size_t end = std::min(said.text.find('\n', at), said.text.size());
    std::string line = said.text.substr(at, end - at);
    if (is_finding(line)) {
      said.findings.push_back(line);
    }
    at = end + 1;
  }
  return said;
}

inline crypto::Ed25519Key signing_key() {
  return crypto::Ed25519Key::from_seed(crypto::Key{7});
}
inline ledger::VerifierKey verifier_key() {
  return {kOrigin, signing_key().public_key()};
}

inline rocks::Options rocks_options(const fs::path& data, const crypto::Key& region_key) {
  rocks::Options options;
  options.path = data;
  for (const char* name : record::kFamilyNames) {
    options.families.push_back({name, rocks::Content::kPlain});
  }
  auto keys = record::KeyStore::open(posix_files(), data.string() + ".keys", region_key);
  EXPECT_TRUE(keys) << keys.error().text();
  options.file_key = (*keys)->purpose_key(record::Purpose::kFiles);
  return options;
}

// One copy of a region's files; removed with it. What lies outside the data folder, and so out of
// the insider's reach, is `checkpoints` and `verifier_key`.
class Region {
 public:
  Region() = default;
  explicit Region(fs::path root, uint8_t key = 1) : root_(std::move(root)), key_(key) {
    fs::remove_all(root_);
    fs::create_directories(root_);
    write_file(root_ / "region.key", to_hex(crypto::view(record::region_key(key_))));
    own_only(root_ / "region.key");
    write_file(root_ / "ledger.key", to_hex(crypto::view(signing_key().seed())));
    own_only(root_ / "ledger.key");
    write_file(verifier_key_file(), ledger::encode(verifier_key()) + "\n");
    write_file(root_ / "region.toml", R"(name = "Test"
base_url = "http://record.example/fhir"
mode = "demo"
[listen]
port = 0
[[organisation]]
ods_code = "A81001"
name = "Surgery"
kind = "gp-practice"
[[source]]
name = "gp"
organisation = "A81001"
client_id = "gp-system"
[[issuer]]
url = "http://127.0.0.1:1"
kinds = ["staff"]
)");
  }
  ~Region() {
    if (!root_.empty()) {
      fs::remove_all(root_);
    }
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  std::unique_ptr<Region> copy(const fs::path& to) const {
    auto out = std::make_unique<Region>();
    out->root_ = to;
    out->key_ = key_;
    fs::remove_all(to);
    fs::copy(root_, to, fs::copy_options::recursive);
    return out;
  }

  fs::path data() const { return root_ / "data"; }
  fs::path keys() const { return root_ / "data.keys"; }
  fs::path checkpoint_file() const { return root_ / "checkpoints"; }
  fs::path verifier_key_file() const { return root_ / "verifier.key"; }
  fs::path export_folder() const { return root_ / "export"; }
  crypto::Key region_key() const { return record::region_key(key_); }

  record::StoreOptions store_options() const {
    record::StoreOptions options;
    options.data_folder = data();
    options.region_key = region_key();
    options.cache_bytes = 1 << 20;
    options.clock = &clock();
    return options;
  }
  static FakeClock& clock() {
    static FakeClock clock{Instant{1'790'000'000'000'000}};
    return clock;
  }
  service::Checkpoints::Options checkpoint_options(record::Store& store) const {
    return {.store = store,
            .files = posix_files(),
            .clock = clock(),
            .path = checkpoint_file(),
            .origin = kOrigin,
            .key = signing_key()};
  }
  std::vector<std::string> notes() const {
    return ledger::read_checkpoint_file(posix_files(), checkpoint_file())->notes;
  }

  // The rows themselves.
  void with_rows(const std::function<void(kv::Store&)>& use) const {
    auto kv = rocks::open_store(rocks_options(data(), region_key()));
    ASSERT_TRUE(kv) << kv.error().text();
    use(**kv);
  }

  Said verify_data() const {
    return run({CONTINUUM_PROGRAM, "ledger", "verify", "--data", data(), "--region-key",
                root_ / "region.key", "--verifier-key", verifier_key_file(), "--checkpoints",
                checkpoint_file()});
  }
  Said verify_export() const {
    return run({CONTINUUM_PROGRAM, "ledger", "verify", "--export", export_folder(),
                "--verifier-key", verifier_key_file(), "--checkpoints", checkpoint_file()});
  }
  Said verify_export_independently() const {
    return run({kVerifier, export_folder(), "--key", verifier_key_file(), "--checkpoints",
                checkpoint_file()});
  }
  Said serve() const {
    return run({"timeout",         "20",
                CONTINUUM_PROGRAM, "serve",
                "--config",        root_ / "region.toml",
                "--data",          data(),
                "--region-key",    root_ / "region.key",
                "--policy",        kPolicyFile,
                "--ledger-key",    root_ / "ledger.key",
                "--checkpoints",   checkpoint_file(),
                "--verifier-key",  verifier_key_file(),
                "--port",          "0"});
  }

 private:
  fs::path root_;
  uint8_t key_ = 1;
};

// Patients with a few resources, so that there is something to look at.
inline void store_patients(record::Store& store) {
  record::Writer writer(store);
  for (int i = 0; i < 8; ++i) {
    std::string id = "p" + std::to_string(i);
    ASSERT_TRUE(writer.put({{"Patient", id, id, R"("birthDate":"1980-01-31")"},
                            {"Observation", "o" + id, id, R"("status":"final")"}}));
  }
}

// The source's own system reads `count` times, one or two patients each, through the door.
inline void visit(record::Store& store, int from, int count) {
  config::Region region;
  region.sources.push_back({"gp", "A81001", "gp-system"});
  auto policy = access::Policy::load(posix_files(), kPolicyFile);
  ASSERT_TRUE(policy);
  auto door = access::Door::open({store, region, Region::clock()}, *policy);
  ASSERT_TRUE(door);
  access::Principal system;
  system.kind = access::PrincipalKind::kSystem;
  system.subject = system.client_id = "gp-system";
  system.source = "gp";
  system.purpose = "HOPERAT";
  record::Writer writer(store);
  for (int i = from; i < from + count; ++i) {
    Region::clock().advance_micros(1'000'000);
    auto visit = (*door)->enter(system, {.interaction = "read",
                                         .method = "GET",
                                         .path = "Observation/" + std::to_string(i),
                                         .query = {},
                                         .form = {},
                                         .fields = {}});
    ASSERT_TRUE(visit);
    for (int person = 0; person <= i % 2; ++person) {
      std::string id = "p" + std::to_string((i + person) % 8);
      auto located = (*visit)->locate(*writer.id({"Observation", "o" + id, id}));
      ASSERT_TRUE(located);
      auto item = (*visit)->read(located->key);
      ASSERT_TRUE(item);
      std::string body;
      ASSERT_TRUE((*visit)->append_resource(*item, body));
    }
    auto closed = access::close_and_wait(**door, std::move(*visit), 200, std::string());
    ASSERT_TRUE(closed);
    if (i % kVisitsPerCommand == 0) {
      ledger::Append command;
      command.entry = *ledger::encode(
          ledger::CommandEntry{Region::clock().now(), "load", "me", "done", std::to_string(i)});
      ASSERT_TRUE(store.append_ledger({&command, 1}));
    }
  }
}

// ---- What the insider does with rows

inline std::vector<ledger::Append> read_ledger(const kv::Snapshot& snapshot) {
  std::vector<ledger::Append> out;
  auto reader = ledger::Reader::open(snapshot, record::kLedgerFamilies);
  EXPECT_TRUE(reader->scan(0, reader->size(), [&](uint64_t, std::string_view entry) -> Status {
    out.push_back({.entry = std::string(entry)});
    if (auto decoded = ledger::decode_entry(entry)) {
      if (const auto* policy = std::get_if<ledger::PolicyEntry>(&*decoded)) {
        out.back().policy = policy->digest;
      }
    }
    return {};
  }));
  auto cursor = snapshot.scan(record::kAccesses, {}, kv::ReadKind::kScan);
  while (cursor->next()) {
    auto access = *ledger::parse_access(cursor->key(), cursor->value());
    out[access.number].ord = access.ord;
    out[access.number].ordinal = access.ordinal;
  }
  return out;
}

// The whole ledger anew: entries, tiles, size and the rows that lead to them.
inline void rewrite(kv::Store& kv, std::span<const ledger::Append> appends) {
  kv::Batch batch;
  for (kv::Family family : {record::kLedger, record::kAccesses}) {
    for (const auto& [key, value] : record::all_rows(*kv.snapshot(), family)) {
      batch.remove(family, key);
    }
  }
  ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
  auto log = ledger::Log::open(*kv.snapshot(), record::kLedgerFamilies);
  ASSERT_TRUE(log);
  batch.clear();
  for (const ledger::Append& append : appends) {
    log->stage({&append, 1}, [&](kv::Family family, std::string_view key, std::string_view value) {
      batch.put(family, key, value);
    });
  }
  ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
}

inline std::string sign(uint64_t size, const ledger::Hash& root) {
  return ledger::sign({kOrigin, size, root, Region::clock().now()}, signing_key());
}

// What is there, as an export, with a checkpoint that the real key signs: by the library where it
// will, otherwise by hand, missing entries left out.
inline void export_what_is_there(const kv::Snapshot& snapshot, const fs::path& folder) {
  fs::remove_all(folder);
  auto reader = ledger::Reader::open(snapshot, record::kLedgerFamilies);
  ASSERT_TRUE(reader);
  auto root = reader->root();
  if (root && ledger::export_to(posix_files(), *reader, sign(reader->size(), *root), folder)) {
    return;
  }
  fs::remove_all(folder);
  uint64_t size = reader->size();
  auto source = ledger::KvSource::open(snapshot, record::kLedgerFamilies);
  std::map<uint64_t, std::string> tiles;
  std::map<uint64_t, std::string> hashes;
  std::unique_ptr<kv::Store> scratch = kv::make_memory_store(record::kFamilyCount);
  auto log = ledger::Log::open(*scratch->snapshot(), record::kLedgerFamilies);
  ASSERT_TRUE(source->scan([&](uint64_t n, std::optional<std::string_view> entry) -> Status {
    if (entry && n < size) {
      put_u16(tiles[n / ledger::kTileWidth], static_cast<uint16_t>(entry->size()));
      tiles[n / ledger::kTileWidth].append(*entry);
      hashes[n / ledger::kTileWidth].append(crypto::view(ledger::leaf_hash(*entry)));
      ledger::Append append{.entry = std::string(*entry)};
      log->stage({&append, 1}, [](kv::Family, std::string_view, std::string_view) {});
      log->confirm();
    }
    return {};
  }));
  auto width_of = [](uint64_t count, uint64_t n) {
    return static_cast<size_t>(
        std::min<uint64_t>(ledger::kTileWidth, count - n * ledger::kTileWidth));
  };
  for (uint64_t n = 0; n * ledger::kTileWidth < size; ++n) {
    write_file(folder / ledger::tile_path({std::nullopt, n, width_of(size, n)}), tiles[n]);
  }
  for (uint8_t level = 0; level < ledger::kTileLevels; ++level) {
    uint64_t count = size >> (8 * level);
    for (uint64_t n = 0; n * ledger::kTileWidth < count; ++n) {
      size_t width = width_of(count, n);
      auto tile = source->tile(level, n, width);
      ASSERT_TRUE(tile);
      write_file(folder / ledger::tile_path({level, n, width}), tile->value_or(hashes[n]));
    }
  }
  write_file(folder / "checkpoint", sign(size, log->root()));
}

}  // namespace continuum::insider
