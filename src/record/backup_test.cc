// Backups of a real store: what is brought back is one moment of it, whole, and nothing else.
#include <array>
#include <atomic>
#include <set>
#include <thread>

#include "ledger/entry.h"
#include "record/backup_fixture_test.h"
#include "record/moment.h"

namespace continuum::record {
namespace {

Draw patient(const std::string& own_id, int change = 0) {
  return {"Patient", own_id, own_id, "\"multipleBirthInteger\":" + std::to_string(change),
          "999|1980-01-31"};
}
Draw observation(const std::string& own_id, const std::string& home, int change = 0) {
  return {"Observation", own_id, home, "\"note\":[{\"text\":\"" + std::to_string(change) + "\"}]"};
}
ledger::Append entry(const std::string& text) {
  return {.entry = *ledger::encode(ledger::CommandEntry{
              .instant = {}, .command = text, .by = "x", .outcome = "done", .details = "{}"})};
}

TEST_F(BackupTest, BringsBackOneMoment) {
  open();
  ASSERT_TRUE(writer().put({patient("p1"), observation("o1", "p1")}));
  ledger::Append first = entry("first");
  ASSERT_TRUE(store_->append_ledger({&first, 1}));
  ASSERT_TRUE(writer().put(observation("o1", "p1", 2)));
  auto view = store_->view();
  auto added = back_up();
  ASSERT_TRUE(added) << added.error().text();
  EXPECT_EQ(added->moment.facts.t, view->stable_t());
  EXPECT_EQ(added->moment.facts.ledger_size, view->ledger()->size());
  EXPECT_EQ(added->moment.facts.ledger_root, *view->ledger()->root());
  EXPECT_EQ(added->moment.name(), "1-20231114T221320Z");
  EXPECT_EQ(added->bytes_copied, added->moment.bytes());
  EXPECT_FALSE(disk_.exists("/data/moment")) << "it goes with the backup";
  ASSERT_TRUE(writer().put(observation("o1", "p1", 3)));
  ASSERT_TRUE(writer().put(patient("p2")));
  view.reset();
  store_.reset();

  auto store = restored();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->view()->stable_t(), added->moment.facts.t);
  EXPECT_EQ(store->view()->ledger()->size(), 1U);
  EXPECT_EQ(Writer(*store).read(patient("p2")).error().code, ErrorCode::kNotFound);
  EXPECT_NE(Writer(*store).read(observation("o1", "p1"))->find("\"versionId\":\"2\""),
            std::string::npos);
  ASSERT_TRUE(Writer(*store).put(patient("p3"))) << "it goes on from there";
  for (const char* name : {"/restored1.restoring", "/backups/incoming"}) {
    EXPECT_FALSE(disk_.exists(name)) << name;
  }
}

TEST_F(BackupTest, ASecondMomentCopiesOnlyWhatIsNew) {
  open();
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(writer().put({patient("p" + std::to_string(i)),
                              observation("o" + std::to_string(i), "p" + std::to_string(i))}));
  }
  auto first = back_up();
  ASSERT_TRUE(first);
  auto same = back_up();
  ASSERT_TRUE(same);
  ASSERT_TRUE(writer().put(observation("o1", "p1", 1)));
  auto third = back_up();
  ASSERT_TRUE(third);
  auto sorted_files = [](const BackupMoment& moment) {
    return std::count_if(moment.files.begin(), moment.files.end(),
                         [](const auto& file) { return file.name.ends_with(".sst"); });
  };
  EXPECT_GT(sorted_files(first->moment), 5);
  EXPECT_LE(same->files_copied + static_cast<size_t>(sorted_files(same->moment)),
            same->moment.files.size())
      << "no sorted file is copied again";
  EXPECT_GT(third->files_copied, same->files_copied);

  auto folder = BackupFolder::open(disk_, kBackups);
  ASSERT_TRUE(folder);
  auto listed = folder->list();
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 3U);
  std::set<crypto::Digest> distinct;
  for (const auto* added : {&*first, &*same, &*third}) {
    for (const BackupFile& file : added->moment.files) {
      distinct.insert(file.digest);
    }
  }
  EXPECT_EQ(disk_.list("/backups/files")->size(), distinct.size());

  store_.reset();
  EXPECT_NE(Writer(*restored("2")).read(observation("o1", "p1"))->find("\"versionId\":\"1\""),
            std::string::npos);
  EXPECT_NE(Writer(*restored(third->moment.name()))
                .read(observation("o1", "p1"))
                ->find("\"versionId\":\"2\""),
            std::string::npos);
  auto dropped = folder->drop("1");
  ASSERT_TRUE(dropped) << dropped.error().text();
  EXPECT_GT(dropped->files, 0U);
  EXPECT_EQ(folder->drop("1").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(folder->drop("3"));
  EXPECT_EQ(folder->drop("2").error().code, ErrorCode::kConflict) << "the only one";
  EXPECT_EQ(disk_.list("/backups/files")->size(), same->moment.files.size());
  EXPECT_TRUE(folder->check(same->moment, {}));
  auto store = restored();
  EXPECT_EQ(store->view()->stable_t(), first->moment.facts.t);
}

// Each writer commits a patient with an observation and an entry in the ledger, and notes it once
// acknowledged.
TEST_F(BackupTest, HoldsEveryCommitAcknowledgedBeforeAndNoneInHalves) {
  open();
  constexpr int kWriters = 3;
  std::atomic<bool> stops{false};
  std::array<std::atomic<int>, kWriters> acknowledged{};
  std::vector<std::thread> threads;
  auto patient_of = [](int writer, int n) {
    return patient("w" + std::to_string(writer) + "-" + std::to_string(n));
  };
  auto observation_of = [&](int writer, int n) {
    return observation("o" + patient_of(writer, n).own_id, patient_of(writer, n).own_id);
  };
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int n = 0; !stops; ++n) {
        std::vector<Prepared> items(2);
        ASSERT_TRUE(Writer(*store_).prepare(patient_of(writer, n), items[0]));
        ASSERT_TRUE(Writer(*store_).prepare(observation_of(writer, n), items[1]));
        ledger::Append append = entry("write");
        auto done = store_->commit(items, {&append, 1});
        ASSERT_TRUE(done) << done.error().text();
        ++acknowledged[static_cast<size_t>(writer)];
      }
    });
  }
  std::vector<std::array<int, kWriters>> before;
  for (int round = 0; round < 4; ++round) {
    int wanted = acknowledged[0] + 20;
    while (acknowledged[0] < wanted) {
      std::this_thread::yield();
    }
    auto& counts = before.emplace_back();
    std::copy(acknowledged.begin(), acknowledged.end(), counts.begin());
    auto added = back_up();
    ASSERT_TRUE(added) << added.error().text();
    EXPECT_EQ(added->moment.facts.t, added->moment.facts.ledger_size) << "one entry a commit";
  }
  stops = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  store_.reset();
  for (size_t round = 0; round < before.size(); ++round) {
    auto store = restored(std::to_string(round + 1));
    ASSERT_NE(store, nullptr);
    Writer reader(*store);
    T commits = 0;
    for (int writer = 0; writer < kWriters; ++writer) {
      int n = 0;
      while (reader.read(patient_of(writer, n))) {
        EXPECT_TRUE(reader.read(observation_of(writer, n))) << "half a commit";
        ++n;
      }
      EXPECT_FALSE(reader.read(observation_of(writer, n))) << "half a commit";
      EXPECT_GE(n, before[round][static_cast<size_t>(writer)]);
      commits += static_cast<T>(n);
    }
    EXPECT_EQ(store->view()->stable_t(), commits);
    EXPECT_EQ(store->view()->ledger()->size(), commits);
  }
}

TEST_F(BackupTest, WhatWasErasedSinceDoesNotComeBack) {
  open();
  ASSERT_TRUE(writer().put({patient("p1"), observation("o1", "p1")}));
  ASSERT_TRUE(writer().put({patient("p2"), observation("o2", "p2")}));
  ASSERT_TRUE(back_up());
  auto plan = store_->plan_erasure(*writer().home(patient("p1")));
  ASSERT_TRUE(plan);
  ASSERT_TRUE(store_->erase({plan->ord, plan->state, "someone", "why"}, {}));
  store_.reset();
  auto store = restored();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(Writer(*store).read(observation("o1", "p1")).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(Writer(*store).read(observation("o2", "p2")));
  EXPECT_EQ(store->erasures().size(), 1U);
  EXPECT_EQ(*store->unscrubbed_erasures(), 1U);
}

TEST_F(BackupTest, KeepsOneMomentAtATimeAndLeavesNone) {
  open();
  ASSERT_TRUE(writer().put({patient("p1"), observation("o1", "p1")}));
  {
    auto moment = store_->freeze();
    ASSERT_TRUE(moment);
    EXPECT_EQ((*moment)->folder(), "/data/moment");
    EXPECT_EQ(store_->freeze().error().code, ErrorCode::kBusy);
    EXPECT_EQ(store_->scrub({}).error().code, ErrorCode::kBusy);
  }
  ASSERT_TRUE(store_->scrub({}));
  {
    auto moment = store_->freeze();
    ASSERT_TRUE(moment);
    ASSERT_TRUE(disk_.make_directories("/data/copy"));
    const auto names = *disk_.list("/data/moment");
    for (const std::string& name : names) {
      ASSERT_TRUE(disk_.link("/data/moment/" + name, "/data/copy/" + name));
    }
  }
  store_.reset();
  ASSERT_TRUE(disk_.rename("/data/copy", "/data/moment"));  // as a crash leaves it
  open();
  EXPECT_FALSE(disk_.exists("/data/moment"));

  TestStore memory(Engine::kMemory);
  EXPECT_EQ(memory->freeze().error().code, ErrorCode::kUnsupported);
}

class RefusalTest : public BackupTest {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(writer().put({patient("p1"), observation("o1", "p1")}));
    ASSERT_TRUE(back_up());
    ASSERT_TRUE(writer().put(observation("o1", "p1", 1)));
    ASSERT_TRUE(back_up());
    store_.reset();
  }
  // Nothing comes of it, and nothing is left.
  ErrorCode refused(const StoreOptions& target, std::string_view name = {}) {
    std::vector<std::string> before = *disk_.list("/");
    Status done = restore(target, name);
    EXPECT_FALSE(done);
    EXPECT_EQ(*disk_.list("/"), before);
    return done ? ErrorCode::kInternal : done.error().code;
  }
  void write(const std::string& path, std::string_view bytes) {
    auto file = disk_.open_writable(path, OpenMode::kTruncate);
    ASSERT_TRUE(file && (*file)->append(bytes));
  }
};

TEST_F(RefusalTest, NamesWhatStandsInTheWay) {
  EXPECT_EQ(refused(options()), ErrorCode::kConflict) << "a store is there";
  StoreOptions target = options("/restored");
  EXPECT_EQ(refused(target, "7"), ErrorCode::kNotFound);
  StoreOptions other = target;
  other.region_key = region_key(2);
  EXPECT_EQ(refused(other), ErrorCode::kForbidden) << "another region key";
  other = target;
  other.keys_folder = "/nowhere";
  EXPECT_EQ(refused(other), ErrorCode::kUnavailable) << "no key store";
  ASSERT_TRUE(KeyStore::open(disk_, "/other.keys", region_key()));
  other.keys_folder = "/other.keys";
  EXPECT_EQ(refused(other), ErrorCode::kForbidden) << "another region";
  EXPECT_EQ(BackupFolder::open(disk_, "/nowhere").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(BackupFolder::open(disk_, "/data").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(BackupFolder::open_or_make(disk_, "/data").error().code, ErrorCode::kInvalid);

  ASSERT_TRUE(disk_.make_directories("/empty"));
  EXPECT_TRUE(restore(options("/empty")));
  EXPECT_TRUE(store_exists(disk_, "/empty"));
}

TEST_F(RefusalTest, NamesWhatIsNewerThanTheProgram) {
  const std::string marker = "/backups/continuum-backup";
  std::string was = *read_file(disk_, marker, 99);
  write(marker, "continuum backup folder 2\n");
  EXPECT_EQ(refused(options("/restored")), ErrorCode::kUnsupported);
  EXPECT_EQ(BackupFolder::open_or_make(disk_, kBackups).error().code, ErrorCode::kUnsupported);
  write(marker, was);

  auto folder = BackupFolder::open(disk_, kBackups);
  ASSERT_TRUE(folder);
  BackupMoment moment = *folder->list()->back().moment;
  const std::string path = "/backups/moments/" + moment.name();
  was = *read_file(disk_, path, 1 << 20);
  ++moment.facts.format;
  write(path, encode_manifest(moment, BackupKey(*read_file_key(options()))));
  EXPECT_EQ(refused(options("/restored")), ErrorCode::kUnsupported) << "a newer store";
  write(path, "continuum backup 2\nwhatever follows\n");
  EXPECT_EQ(refused(options("/restored")), ErrorCode::kUnsupported) << "a backup of format 2";
  write(path, was);
  EXPECT_TRUE(restore(options("/restored")));
}

TEST_F(RefusalTest, NamesAnyFileThatIsDamagedOrMissing) {
  auto folder = BackupFolder::open(disk_, kBackups);
  ASSERT_TRUE(folder);
  const BackupMoment moment = *folder->list()->back().moment;
  std::vector<std::string> paths{"/backups/moments/" + moment.name()};
  for (const BackupFile& file : moment.files) {
    paths.push_back("/backups/files/" + to_hex(crypto::view(file.digest)));
  }
  ASSERT_GT(paths.size(), 4U);
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const std::string was = *read_file(disk_, path, 1 << 24);
    bool is_file = path != paths.front();
    for (size_t at : {size_t{0}, was.size() / 2, was.size() - 1}) {
      std::string changed = was;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      write(path, changed);
      EXPECT_EQ(refused(options("/restored")), ErrorCode::kCorrupt) << "byte " << at;
    }
    write(path, was.substr(0, was.size() - 1));
    EXPECT_EQ(refused(options("/restored")), ErrorCode::kCorrupt) << "cut";
    EXPECT_EQ(folder->drop("1").error().code, ErrorCode::kCorrupt)
        << "what would be left is not whole";
    write(path, was + "x");
    EXPECT_EQ(refused(options("/restored")), ErrorCode::kCorrupt) << "longer";
    ASSERT_TRUE(disk_.remove(path));
    if (is_file) {
      EXPECT_EQ(refused(options("/restored")), ErrorCode::kCorrupt) << "missing";
      EXPECT_EQ(folder->check(moment, {}).error().code, ErrorCode::kCorrupt);
      EXPECT_EQ(folder->drop("1").error().code, ErrorCode::kCorrupt);
    }
    write(path, was);
  }
  EXPECT_EQ(folder->list()->size(), 2U);
  EXPECT_TRUE(folder->check(moment, {}));
  EXPECT_TRUE(restore(options("/restored")));
}

}  // namespace
}  // namespace continuum::record
