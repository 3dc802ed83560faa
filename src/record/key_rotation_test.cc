// A region key is changed, a key destroyed, a key store backed up: whole, or not at all.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "record/key_backup.h"
#include "record/key_store.h"

namespace continuum::record {
namespace {

constexpr const char* kFolder = "/data.keys";
constexpr const char* kPath = "/data.keys/keys.log";

crypto::Key region_key(uint8_t first) {
  crypto::Key key{};
  key[0] = first;
  return key;
}

Result<std::unique_ptr<KeyStore>> open(MemoryFileSystem& disk, uint8_t key) {
  return KeyStore::open(disk, kFolder, region_key(key));
}

Ord ord(uint32_t number) {
  return Ord::patient(1, kFirstPatientLocal + number);
}

// Everything a key store holds.
using Held = std::map<KeyId, crypto::Key>;
Held held(FileSystem& disk, uint8_t key) {
  Held out;
  auto records = KeyStore::read(disk, kFolder, region_key(key));
  EXPECT_TRUE(records) << records.error().text();
  for (const KeyRecord& record : records ? *records : std::vector<KeyRecord>()) {
    EXPECT_TRUE(out.emplace(record.id, record.key).second) << "twice";
  }
  return out;
}

// Keys of `count` ords and of a month under region key 1, synced.
void fill(MemoryFileSystem& disk, uint32_t count) {
  auto store = open(disk, 1);
  ASSERT_TRUE(store);
  for (uint32_t i = 0; i < count; ++i) {
    (*store)->data_key_or_new(ord(i));
  }
  (*store)->audit_month_key_or_new(682);
  ASSERT_TRUE((*store)->sync());
}

TEST(KeyRotation, KeepsEveryKeyUnderTheNewRegionKeyAlone) {
  MemoryFileSystem disk;
  fill(disk, 5000);
  Held before = held(disk, 1);
  ASSERT_EQ(before.size(), 4 + 2 * 5000 + 1U);
  auto store = open(disk, 1);
  ASSERT_TRUE(store);
  uint64_t last = 0;
  ASSERT_TRUE((*store)->change_region_key(region_key(2), [&](uint64_t done, uint64_t total) {
    EXPECT_GT(done, last);
    EXPECT_EQ(total, before.size());
    last = done;
  }));
  EXPECT_EQ(last, before.size());
  EXPECT_EQ(held(disk, 2), before);
  EXPECT_EQ(open(disk, 1).error().code, ErrorCode::kForbidden);
  // The store goes on with what is made from now on.
  crypto::Key later = (*store)->data_key_or_new(ord(9000));
  ASSERT_TRUE((*store)->sync());
  before[{KeyKind::kData, ord(9000).value()}] = later;
  before[{KeyKind::kAudit, ord(9000).value()}] = *(*store)->audit_key(ord(9000));
  EXPECT_EQ(held(disk, 2), before);
}

TEST(KeyRotation, SaysUnderWhichKeyAStoreIs) {
  MemoryFileSystem disk;
  fill(disk, 1);
  auto refused = open(disk, 2);
  ASSERT_FALSE(refused);
  std::string text = refused.error().text();
  EXPECT_NE(text.find(shown_mark(key_mark(region_key(1)))), std::string::npos) << text;
  EXPECT_NE(text.find(shown_mark(key_mark(region_key(2)))), std::string::npos) << text;
  EXPECT_NE(key_mark(region_key(1)), key_mark(region_key(2)));
}

// Keys are made and synced all the while: each that was acknowledged is there at the end.
TEST(KeyRotation, LosesNothingThatIsMadeMeanwhile) {
  MemoryFileSystem disk;
  fill(disk, 3000);
  auto store = open(disk, 1);
  ASSERT_TRUE(store);
  std::atomic<bool> over{false};
  std::map<uint32_t, crypto::Key> acknowledged;
  std::thread others([&] {
    for (uint32_t i = 10'000; !over; ++i) {
      crypto::Key key = (*store)->data_key_or_new(ord(i));
      ASSERT_TRUE((*store)->sync());
      acknowledged[i] = key;
    }
  });
  for (uint8_t key : {uint8_t{2}, uint8_t{3}, uint8_t{4}}) {
    EXPECT_TRUE((*store)->change_region_key(region_key(key)));
  }
  over = true;
  others.join();
  ASSERT_TRUE((*store)->sync());
  Held now = held(disk, 4);
  EXPECT_EQ(now.size(), 4 + 1 + 2 * (3000 + acknowledged.size()));
  for (const auto& [number, key] : acknowledged) {
    EXPECT_EQ((now[{KeyKind::kData, ord(number).value()}]), key) << number;
  }
}

// Cuts the power at every operation of a rotation: all keys are there, under one of the two region
// keys, and running it again ends with the new one.
TEST(KeyRotation, SurvivesAPowerCutAtEveryOperation) {
  MemoryFileSystem template_disk;
  fill(template_disk, 3);
  Held before = held(template_disk, 1);
  std::string bytes = *read_file(template_disk, kPath, 1 << 20);
  bool was_old = false;
  bool was_new = false;
  for (uint64_t cut = 0;; ++cut) {
    MemoryFileSystem disk;
    ASSERT_TRUE(disk.make_directories(kFolder));
    ASSERT_TRUE(replace_file(disk, kPath, bytes + "a torn end"));
    ASSERT_TRUE(disk.sync_directory("/"));
    disk.cut_after(cut);
    Status done = fail(ErrorCode::kUnavailable, "");
    if (auto store = open(disk, 1)) {
      done = (*store)->change_region_key(region_key(2));
      // After a failure it must not go on as if it knew which file is there.
      if (!done && disk.power_is_cut()) {
        (*store)->data_key_or_new(ord(8));
        EXPECT_FALSE((*store)->sync());
      }
    }
    bool completed = !disk.power_is_cut();
    disk.cut_power();
    disk.restore_power();
    ASSERT_TRUE(!completed || done);
    auto with_old = open(disk, 1);
    auto with_new = open(disk, 2);
    ASSERT_NE(with_old.has_value(), with_new.has_value()) << "cut at " << cut;
    ASSERT_TRUE(!done || with_new) << "cut at " << cut;
    was_old = was_old || with_old;
    was_new = was_new || with_new;
    EXPECT_EQ(held(disk, with_new ? 2 : 1), before) << "cut at " << cut;
    ASSERT_TRUE((with_new ? *with_new : *with_old)->change_region_key(region_key(2)));
    EXPECT_EQ(held(disk, 2), before) << "cut at " << cut;
    EXPECT_EQ(*disk.list(kFolder), std::vector<std::string>{"keys.log"}) << "cut at " << cut;
    if (completed) {
      EXPECT_GT(cut, 5U);
      break;
    }
  }
  EXPECT_TRUE(was_old && was_new);
}

TEST(KeyDestruction, LeavesNoTraceOfTheKey) {
  MemoryFileSystem disk;
  fill(disk, 3);
  Held before = held(disk, 1);
  auto store = open(disk, 1);
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->destroy_data_keys(std::vector<Ord>{ord(1), ord(77)}));
  EXPECT_EQ((*store)->data_key(ord(1)).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE((*store)->audit_key(ord(1)));
  before.erase({KeyKind::kData, ord(1).value()});
  EXPECT_EQ(held(disk, 1), before);
  uint64_t operations = disk.operations();
  ASSERT_TRUE((*store)->destroy_data_keys(std::vector<Ord>{ord(1)}));
  EXPECT_EQ(disk.operations(), operations) << "there was nothing to destroy";
}

TEST(KeyDestruction, SurvivesAPowerCutAtEveryOperation) {
  for (uint64_t cut = 0;; ++cut) {
    MemoryFileSystem disk;
    fill(disk, 4);
    Held before = held(disk, 1);
    auto store = open(disk, 1);
    ASSERT_TRUE(store);
    disk.cut_after(cut);
    Status done = (*store)->destroy_data_keys(std::vector<Ord>{ord(1), ord(2)});
    bool completed = !disk.power_is_cut();
    store->reset();
    disk.cut_power();
    disk.restore_power();
    ASSERT_EQ(done.has_value(), completed);
    Held after = held(disk, 1);
    ASSERT_TRUE(after.size() == before.size() || after.size() == before.size() - 2) << cut;
    ASSERT_TRUE(!done || after.size() == before.size() - 2);
    for (const auto& [id, key] : after) {
      EXPECT_EQ(before[id], key);
    }
    if (completed) {
      EXPECT_GT(cut, 3U);
      break;
    }
  }
}

class KeyBackupTest : public testing::Test {
 protected:
  KeyBackupTest() {
    fill(disk_, 3);
    backup_ = {Instant{1'700'000'000'000'000}, *KeyStore::read(disk_, kFolder, region_key(1))};
    EXPECT_TRUE(write_key_backup(disk_, "/backup", region_key(1), backup_));
  }
  ErrorCode code_of(const std::string& bytes, uint8_t key = 1) {
    EXPECT_TRUE(replace_file(disk_, "/other", bytes));
    auto read = read_key_backup(disk_, "/other", region_key(key));
    EXPECT_FALSE(read);
    return read ? ErrorCode::kInternal : read.error().code;
  }

  MemoryFileSystem disk_;
  KeyBackup backup_;
};

TEST_F(KeyBackupTest, GivesBackTheKeyStore) {
  Held before = held(disk_, 1);
  auto read = read_key_backup(disk_, "/backup", region_key(1));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->instant, backup_.instant);
  EXPECT_EQ(KeyStore::make(disk_, kFolder, region_key(1), read->keys).error().code,
            ErrorCode::kConflict);
  ASSERT_TRUE(disk_.remove(kPath));
  ASSERT_TRUE(KeyStore::make(disk_, kFolder, region_key(1), read->keys));
  EXPECT_EQ(held(disk_, 1), before);
  EXPECT_TRUE(open(disk_, 1));
  EXPECT_TRUE(*KeyStore::peek(disk_, kFolder, region_key(1), Purpose::kFiles));
}

TEST_F(KeyBackupTest, IsRefusedUnlessItIsWhatWasWritten) {
  std::string whole = *read_file(disk_, "/backup", 1 << 20);
  for (const KeyRecord& key : backup_.keys) {
    EXPECT_EQ(whole.find(crypto::view(key.key)), std::string::npos) << "a key in clear";
  }
  EXPECT_EQ(code_of(whole, 2), ErrorCode::kForbidden);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    // A damaged mark looks like another key's.
    bool in_mark = at >= 8 && at < 8 + kKeyMarkSize;
    EXPECT_EQ(code_of(damaged), in_mark ? ErrorCode::kForbidden : ErrorCode::kCorrupt) << at;
  }
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(code_of(whole.substr(0, size)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_EQ(code_of(whole + whole), ErrorCode::kCorrupt);
  EXPECT_EQ(write_key_backup(disk_, "/backup", region_key(1), backup_).error().code,
            ErrorCode::kConflict);
}

}  // namespace
}  // namespace continuum::record
