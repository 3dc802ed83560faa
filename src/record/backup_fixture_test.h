// For tests: a store on a disk in memory, its backups, and what comes of them.
#pragma once

#include <memory>
#include <string>

#include "record/restore.h"
#include "record/store_fixture_test.h"

namespace continuum::record {

inline constexpr const char* kBackups = "/backups";

class BackupTest : public testing::Test {
 protected:
  static StoreOptions options(FileSystem& disk, const Clock& clock,
                              const std::string& folder = "/data") {
    StoreOptions options;
    options.data_folder = folder;
    options.keys_folder = "/data.keys";
    options.region_key = region_key();
    options.cache_bytes = 1 << 20;
    options.files = &disk;
    options.clock = &clock;
    options.tiny = true;
    return options;
  }
  StoreOptions options(const std::string& folder = "/data") {
    return options(disk_, clock_, folder);
  }

  void open() {
    auto store = open_store(options());
    ASSERT_TRUE(store) << store.error().text();
    store_ = std::move(*store);
  }
  Writer writer() { return Writer(*store_); }

  Result<BackupFolder::Added> back_up() {
    TRY(auto moment, store_->freeze());
    return add(moment->folder());
  }
  Result<BackupFolder::Added> add(const std::string& frozen) {
    TRY(crypto::Key file_key, read_file_key(options()));
    TRY(MomentFacts facts, read_moment(disk_, frozen, file_key));
    TRY(auto folder, BackupFolder::open_or_make(disk_, kBackups));
    return folder.add(frozen, facts, BackupKey(file_key), clock_.now(), "1.2.3", {});
  }
  // As `target` says; opened, and put into its place. The text of a failure, or nothing.
  Status restore(const StoreOptions& target, std::string_view name = {}) {
    TRY(auto folder, BackupFolder::open(disk_, kBackups));
    TRY(auto restoring, Restoring::begin(folder, name, target, {}));
    {
      TRY(auto store, open_store(restoring->options()));
      EXPECT_EQ(Writer(*store).findings(), std::vector<std::string>{});
    }
    return restoring->finish();
  }
  std::unique_ptr<Store> restored(std::string_view name = {}) {
    StoreOptions target = options("/restored" + std::to_string(++restored_));
    Status done = restore(target, name);
    EXPECT_TRUE(done) << done.error().text();
    auto store = done ? open_store(target) : fail(done.error());
    EXPECT_TRUE(store);
    return store ? std::move(*store) : nullptr;
  }

  FakeClock clock_{Instant{1'700'000'000'000'000}};
  MemoryFileSystem disk_;
  std::unique_ptr<Store> store_;
  int restored_ = 0;
};

}  // namespace continuum::record
