#include "rocks/rocks_store.h"

#include <atomic>
#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "kv/store_contract_test.h"

namespace continuum::rocks {
namespace {

Options options_at(const std::string& path) {
  Options options;
  options.path = path;
  options.families.resize(2);
  options.families[0].name = "one";
  options.families[0].looked_up = true;
  options.families[1].name = "two";
  options.families[1].content = Content::kRandom;
  options.file_key[0] = 42;
  options.tiny = true;
  return options;
}

std::string fresh_folder() {
  static int number = 0;
  std::string path = testing::TempDir() + "/continuum_rocks_" + std::to_string(getpid()) + "_" +
                     std::to_string(++number);
  std::filesystem::remove_all(path);
  return path;
}

std::unique_ptr<kv::Store> open_or_die(const Options& options) {
  auto store = open_store(options);
  EXPECT_TRUE(store) << store.error().text();
  return std::move(*store);
}

struct Row {
  kv::Family family;
  std::string key, value;
};

Status ingest(kv::Store& store, const std::vector<Row>& rows) {
  TRY(auto ingestion, store.begin_ingestion());
  for (const Row& row : rows) {
    auto part = ingestion->start_part(row.family);
    TRY(part->put(row.key, row.value));
    TRY(part->close());
  }
  return ingestion->finish();
}

TEST(RocksStore, KeepsWhatItWasGivenAndNothingInClear) {
  std::string path = fresh_folder();
  Options options = options_at(path);
  {
    auto store = open_or_die(options);
    kv::Batch batch;
    batch.put(0, "SECRETKEY", "SECRETVALUE");
    ASSERT_TRUE(store->commit(batch, kv::Durability::kSynced));
    auto ingestion = store->begin_ingestion();
    auto part = (*ingestion)->start_part(1);
    ASSERT_TRUE(part->put("SECRETKEY2", "SECRETVALUE2"));
    ASSERT_TRUE(part->close());
    ASSERT_TRUE((*ingestion)->finish());
    EXPECT_EQ(open_store(options).error().code, ErrorCode::kConflict);
  }
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) {
      std::string bytes = *read_file(posix_files(), entry.path().string(), 100'000'000);
      EXPECT_EQ(bytes.find("SECRET"), std::string::npos) << entry.path();
      ++files;
    }
  }
  EXPECT_GT(files, 3U);
  {
    auto store = open_or_die(options);
    std::string value;
    EXPECT_TRUE(*store->snapshot()->get(0, "SECRETKEY", value));
    EXPECT_TRUE(*store->snapshot()->get(1, "SECRETKEY2", value));
    EXPECT_EQ(value, "SECRETVALUE2");
  }
  options.file_key[0] = 43;
  auto refused = open_store(options);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt) << refused.error().text();
}

std::vector<std::string> keys_in(const kv::Snapshot& snapshot, const kv::Range& range) {
  std::vector<std::string> keys;
  auto cursor = snapshot.scan(0, range);
  while (cursor->next()) {
    keys.emplace_back(cursor->key());
  }
  EXPECT_TRUE(cursor->status());
  return keys;
}

// Rows in memory and in many files, of which the filter names a few: no scan may miss one.
TEST(RocksStore, AFilterOfPrefixesHidesNothing) {
  Options options = options_at(fresh_folder());
  options.families[0].prefix_size = 2;
  auto store = open_or_die(options);
  std::mt19937 random(1);
  auto letter = [&] { return static_cast<char>('a' + random() % 6); };
  auto key = [&] { return std::string{letter(), letter(), letter(), letter()}; };
  std::set<std::string> model;
  for (int round = 0; round < 60; ++round) {
    std::set<std::string> keys;
    for (int i = 0; i < 5; ++i) {
      keys.insert(key());
    }
    kv::Batch batch;
    std::vector<Row> rows;
    for (const std::string& some : keys) {
      batch.put(0, some, "v");
      rows.push_back({0, some, "v"});
    }
    ASSERT_TRUE(round % 2 == 0 ? store->commit(batch, kv::Durability::kBuffered)
                               : ingest(*store, rows));
    if (round % 8 == 0) {
      ASSERT_TRUE(store->flush());
    }
    model.insert(keys.begin(), keys.end());
    auto snapshot = store->snapshot();
    for (int probe = 0; probe < 30; ++probe) {
      std::string from = key();
      std::string to = probe % 2 == 0 ? kv::prefix_end(from.substr(0, 2)) : key();
      std::string start = probe % 4 == 0 ? from.substr(0, 2) : from;
      std::vector<std::string> expected;
      if (start < to) {
        expected.assign(model.lower_bound(start), model.lower_bound(to));
      }
      ASSERT_EQ(keys_in(*snapshot, {start, to}), expected) << start << " to " << to;
      auto cursor = snapshot->scan(0, {start, to});
      std::vector<std::string> back;
      for (std::string at = to; start < to && cursor->seek_before(at); at = cursor->key()) {
        back.insert(back.begin(), std::string(cursor->key()));
      }
      ASSERT_EQ(back, expected) << to << " back to " << start;
    }
    ASSERT_EQ(keys_in(*snapshot, {}).size(), model.size());
  }
}

// The n-th batch writes n to both families: whoever finds one without the other, or a number
// without those before it, sees a moment that never was.
Status commit_number(kv::Store& store, uint64_t number) {
  kv::Batch batch;
  std::string key = std::to_string(1'000'000 + number);
  batch.put(0, key, std::string(200, 'v'));
  batch.put(1, key, "w");
  return store.commit(batch, kv::Durability::kBuffered);
}
uint64_t expect_a_moment(kv::Store& store) {
  auto snapshot = store.snapshot();
  uint64_t count = 0;
  for (kv::Family family : {kv::Family{0}, kv::Family{1}}) {
    uint64_t next = 0;
    auto cursor = snapshot->scan(family, {});
    while (cursor->next()) {
      EXPECT_EQ(cursor->key(), std::to_string(1'000'000 + next));
      ++next;
    }
    EXPECT_TRUE(cursor->status());
    EXPECT_TRUE(family == 0 || next == count) << count << " and " << next;
    count = next;
  }
  return count;
}

TEST(RocksStore, FreezesOneMomentWhileOthersWrite) {
  for (bool on_disk : {true, false}) {
    SCOPED_TRACE(on_disk ? "disk" : "memory");
    MemoryFileSystem memory;
    Options options = options_at(on_disk ? fresh_folder() : "/data");
    options.files = on_disk ? nullptr : &memory;
    FileSystem& files = on_disk ? posix_files() : memory;
    auto store = open_or_die(options);
    std::atomic<uint64_t> committed{0};
    std::atomic<bool> stops{false};
    std::thread writer([&] {
      while (!stops) {
        EXPECT_TRUE(commit_number(*store, committed));
        ++committed;
      }
    });
    for (int round = 0; round < 8; ++round) {
      for (uint64_t wanted = committed + 200; committed < wanted;) {
        std::this_thread::yield();
      }
      Options frozen = options;
      frozen.path += ".frozen" + std::to_string(round);
      uint64_t before = committed;
      Status made = store->freeze(frozen.path);
      ASSERT_TRUE(made) << made.error().text();
      uint64_t after = committed;
      EXPECT_EQ(store->freeze(frozen.path).error().code, ErrorCode::kConflict);
      auto names = *files.list(frozen.path);
      auto opened = open_store(frozen, OpenFor::kReadOnly);
      ASSERT_TRUE(opened) << opened.error().text();
      uint64_t count = expect_a_moment(**opened);
      EXPECT_GE(count, before);
      EXPECT_LE(count, after + 1);
      EXPECT_FALSE(commit_number(**opened, 0)) << "it is read only";
      opened->reset();
      EXPECT_EQ(*files.list(frozen.path), names);
      uint64_t again = expect_a_moment(*open_or_die(frozen));
      EXPECT_EQ(again, count) << "opened to be written to, it is the same moment";
    }
    stops = true;
    writer.join();
    EXPECT_EQ(expect_a_moment(*store), committed);
  }
}

TEST(RocksStore, AFrozenMomentSharesFilesAndOutlivesTheirRemoval) {
  Options options = options_at(fresh_folder());
  auto store = open_or_die(options);
  for (uint64_t number = 0; number < 500; ++number) {
    ASSERT_TRUE(commit_number(*store, number));
  }
  Options frozen = options;
  frozen.path += ".frozen";
  ASSERT_TRUE(store->freeze(frozen.path));
  size_t shared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(frozen.path)) {
    if (entry.path().extension() == ".sst") {
      EXPECT_GT(std::filesystem::hard_link_count(entry.path()), 1U) << entry.path();
      ++shared;
    }
  }
  EXPECT_GT(shared, 0U);
  ASSERT_TRUE(store->scrub(0, {}));
  ASSERT_TRUE(store->scrub(1, {}));
  EXPECT_EQ(expect_a_moment(*open_or_die(frozen)), 500U);
  ASSERT_TRUE(commit_number(*store, 500));
  EXPECT_EQ(expect_a_moment(*store), 501U);
}

// Cuts the power at every write and sync in turn: what was acknowledged is there, whole.
TEST(RocksStore, SurvivesAPowerCutAtEveryOperation) {
  for (uint64_t cut = 0;; ++cut) {
    MemoryFileSystem disk;
    Options options = options_at("/data");
    options.files = &disk;
    int acknowledged = 0;
    disk.cut_after(cut);
    if (auto store = open_store(options)) {
      for (int i = 1; i <= 4; ++i) {
        kv::Batch batch;
        batch.put(0, "k" + std::to_string(i), std::string(3000, 'v'));
        batch.put(1, "k" + std::to_string(i), "w");
        if (!(*store)->commit(batch, kv::Durability::kSynced)) {
          break;
        }
        acknowledged = i;
      }
      if (acknowledged == 4 && ingest(**store, {{0, "k5", "i"}, {1, "k5", "i"}})) {
        acknowledged = 5;
      }
    }
    bool completed = !disk.power_is_cut();
    disk.cut_power();
    disk.restore_power();
    auto store = open_or_die(options);
    ASSERT_NE(store, nullptr) << "cut at " << cut;
    auto snapshot = store->snapshot();
    for (int i = 1; i <= 5; ++i) {
      std::string value;
      bool first = *snapshot->get(0, "k" + std::to_string(i), value);
      bool second = *snapshot->get(1, "k" + std::to_string(i), value);
      ASSERT_EQ(first, second) << "torn: cut at " << cut << " key " << i;
      ASSERT_TRUE(first || i > acknowledged) << "lost: cut at " << cut << " key " << i;
    }
    if (completed) {
      ASSERT_GT(cut, 20U);
      break;
    }
  }
}

}  // namespace
}  // namespace continuum::rocks

namespace continuum::kv {

INSTANTIATE_TEST_SUITE_P(
    Rocks, StoreContract,
    testing::Values(ContractSubject{
        "rocks", [] { return rocks::open_or_die(rocks::options_at(rocks::fresh_folder())); }}),
    [](const auto& info) { return info.param.name; });

}  // namespace continuum::kv
