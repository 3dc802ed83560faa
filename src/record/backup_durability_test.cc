// Cuts the power, and lets one operation fail, at every step of a backup folder's life: what is
// listed is whole, nothing that is needed goes, and it can be gone on with.
#include <set>

#include "base/bytes.h"
#include "record/backup_fixture_test.h"
#include "record/failing_files_test.h"

namespace continuum::record {
namespace {

// A folder of files as a store's are named; no store, since none of this looks inside.
class BackupDurabilityTest : public testing::Test {
 protected:
  struct Life {
    MemoryFileSystem disk;
    FailingFiles files{disk};
    std::set<std::string> added;  // names of moments that add() said are durable
  };

  static void write(FileSystem& files, const std::string& path, std::string_view bytes) {
    ASSERT_TRUE(files.make_directories(parent_directory(path)));
    auto file = files.open_writable(path, OpenMode::kTruncate);
    ASSERT_TRUE(file && (*file)->append(bytes) && (*file)->sync());
    ASSERT_TRUE(files.sync_directory(parent_directory(path)));
  }
  // The n-th moment keeps one file of the moment before, and has a new one.
  static void freeze(FileSystem& files, int n) {
    const std::string folder = "/data/" + std::to_string(n) + "/";
    for (int number : {n, n + 1}) {
      std::string name = std::to_string(100 + number) + ".sst";
      write(files, folder + name, name + std::string(200, static_cast<char>('a' + number)));
    }
    write(files, folder + "CURRENT", "current " + std::to_string(n));
  }
  static Status add(FileSystem& files, int n, std::set<std::string>& added) {
    TRY(auto folder, BackupFolder::open_or_make(files, kBackups));
    TRY(auto done,
        folder.add("/data/" + std::to_string(n), {.format = 2, .t = 7}, BackupKey(crypto::Key{}),
                   Instant{1'700'000'000'000'000 + n * int64_t{1'000'000}}, "1", {}));
    added.insert(done.moment.name());
    return {};
  }
  static Status drop(FileSystem& files, std::set<std::string>& added) {
    TRY(auto folder, BackupFolder::open(files, kBackups));
    TRY(auto listed, folder.list());
    if (listed.empty()) {
      return fail(ErrorCode::kNotFound, "none");
    }
    // It may be gone from here on, whether or not that is said.
    added.erase(listed.front().name);
    TRY(auto dropped, folder.drop(listed.front().name));
    static_cast<void>(dropped);
    return {};
  }
  // As far as it goes.
  static bool live(FileSystem& files, std::set<std::string>& added) {
    for (int n : {1, 2, 3}) {
      if (!add(files, n, added)) {
        return false;
      }
    }
    return drop(files, added) && add(files, 4, added) && drop(files, added);
  }
  static void expect_whole(FileSystem& files, const std::set<std::string>& added) {
    auto folder = BackupFolder::open(files, kBackups);
    if (!folder) {
      ASSERT_TRUE(added.empty()) << folder.error().text();
      return;
    }
    auto listed = folder->list();
    ASSERT_TRUE(listed);
    std::set<std::string> names;
    for (const auto& [name, moment] : *listed) {
      ASSERT_TRUE(moment) << name << ": " << moment.error().text();
      Status whole = folder->check(*moment, {});
      ASSERT_TRUE(whole) << name << ": " << whole.error().text();
      names.insert(name);
    }
    EXPECT_TRUE(std::includes(names.begin(), names.end(), added.begin(), added.end()));
  }
  // It can be gone on with; what was left behind goes.
  static void expect_goes_on(FileSystem& files, std::set<std::string> added) {
    Status again = add(files, 5, added);
    ASSERT_TRUE(again) << again.error().text();
    expect_whole(files, added);
    auto folder = BackupFolder::open(files, kBackups);
    std::set<std::string> needed;
    const auto listed = *folder->list();
    for (const auto& entry : listed) {
      for (const BackupFile& file : entry.moment->files) {
        needed.insert(to_hex(crypto::view(file.digest)));
      }
    }
    const auto pooled = *files.list("/backups/files");
    EXPECT_EQ(std::set<std::string>(pooled.begin(), pooled.end()), needed);
    EXPECT_FALSE(files.exists("/backups/incoming"));
  }
};

TEST_F(BackupDurabilityTest, SurvivesAPowerCutAtEveryOperation) {
  uint64_t cut = 0;
  for (bool completed = false; !completed; ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    Life life;
    for (int n = 1; n <= 5; ++n) {
      freeze(life.disk, n);
    }
    life.disk.cut_after(cut);
    completed = live(life.disk, life.added);
    ASSERT_NE(completed, life.disk.power_is_cut());
    life.disk.cut_power();
    life.disk.restore_power();
    expect_whole(life.disk, life.added);
    expect_goes_on(life.disk, life.added);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(cut, 60U);
}

TEST_F(BackupDurabilityTest, AnyOperationMayFail) {
  uint64_t step = 0;
  for (bool completed = false; !completed; ++step) {
    SCOPED_TRACE("fails at " + std::to_string(step));
    Life life;
    for (int n = 1; n <= 5; ++n) {
      freeze(life.disk, n);
    }
    life.files.fail_after(step);
    live(life.files, life.added);
    completed = !life.files.has_failed();
    expect_whole(life.disk, life.added);
    expect_goes_on(life.disk, life.added);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(step, 150U);
}

TEST_F(BackupDurabilityTest, ALostFileIsCopiedAnewAndADamagedMomentCanBeDropped) {
  MemoryFileSystem disk;
  std::set<std::string> added;
  for (int n = 1; n <= 3; ++n) {
    freeze(disk, n);
  }
  ASSERT_TRUE(add(disk, 1, added));
  auto folder = BackupFolder::open(disk, kBackups);
  ASSERT_TRUE(folder);
  BackupMoment first = *folder->list()->front().moment;
  const BackupFile& shared = first.files[1];
  ASSERT_EQ(shared.name, "102.sst");
  ASSERT_TRUE(disk.remove("/backups/files/" + to_hex(crypto::view(shared.digest))));
  EXPECT_EQ(folder->check(first, {}).error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(add(disk, 2, added));
  EXPECT_TRUE(folder->check(first, {})) << "the store still had it";

  write(disk, "/backups/moments/" + first.name(), "not a moment");
  auto pooled = *disk.list("/backups/files");
  ASSERT_TRUE(add(disk, 3, added)) << "others can be added";
  EXPECT_GT(disk.list("/backups/files")->size(), pooled.size())
      << "no file goes while what is needed is not known";
  EXPECT_EQ(folder->drop("2").error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(folder->drop("1"));
  added.erase(first.name());
  expect_whole(disk, added);
  EXPECT_EQ(folder->list()->size(), 2U);
}

// Nothing is in the place of the store, or all of it.
class RestoreDurabilityTest : public BackupTest {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(writer().put({{"Patient", "p1", "p1"}, {"Observation", "o1", "p1"}}));
    ASSERT_TRUE(back_up());
    store_.reset();
  }
  static Status bring_back(FileSystem& files, const StoreOptions& target) {
    TRY(auto folder, BackupFolder::open(files, kBackups));
    TRY(auto restoring, Restoring::begin(folder, "", target, {}));
    return restoring->finish();
  }
  void expect_all_or_nothing(bool is_done) {
    EXPECT_TRUE(!is_done || disk_.exists("/restored"));
    EXPECT_FALSE(disk_.exists("/restored") && !store_exists(disk_, "/restored"));
    if (disk_.exists("/restored")) {
      auto store = open_store(options("/restored"));
      ASSERT_TRUE(store) << store.error().text();
      EXPECT_TRUE(Writer(**store).read({"Observation", "o1", "p1"}));
      store->reset();
      ASSERT_TRUE(remove_tree(disk_, "/restored"));
    }
  }
};

TEST_F(RestoreDurabilityTest, APowerCutLeavesAllOrNothing) {
  uint64_t cut = 0;
  for (bool completed = false; !completed; ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    disk_.cut_after(cut);
    bool is_done = static_cast<bool>(bring_back(disk_, options("/restored")));
    completed = !disk_.power_is_cut();
    ASSERT_TRUE(!completed || is_done);
    disk_.cut_power();
    disk_.restore_power();
    expect_all_or_nothing(is_done);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(cut, 20U);
  EXPECT_TRUE(bring_back(disk_, options("/restored")));
}

TEST_F(RestoreDurabilityTest, AFailureLeavesAllOrNothing) {
  uint64_t step = 0;
  for (bool completed = false; !completed; ++step) {
    SCOPED_TRACE("fails at " + std::to_string(step));
    FailingFiles files(disk_);
    StoreOptions target = options("/restored");
    target.files = &files;
    files.fail_after(step);
    bool is_done = static_cast<bool>(bring_back(files, target));
    completed = !files.has_failed();
    ASSERT_TRUE(!completed || is_done);
    expect_all_or_nothing(is_done);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(step, 40U);
}

}  // namespace
}  // namespace continuum::record
