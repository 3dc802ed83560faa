#include "record/key_store.h"

#include <gtest/gtest.h>

namespace continuum::record {
namespace {

constexpr size_t kHead = 24;
constexpr size_t kRecord = 69;
constexpr const char* kPath = "/data.keys/keys.log";
const Ord kOrd = Ord::patient(1, kFirstPatientLocal);

crypto::Key region_key(uint8_t first) {
  crypto::Key key{};
  key[0] = first;
  return key;
}

Result<std::unique_ptr<KeyStore>> open(MemoryFileSystem& disk, uint8_t key = 1) {
  return KeyStore::open(disk, "/data.keys", region_key(key));
}

Ord ord(uint32_t number) {
  return Ord::patient(1, kFirstPatientLocal + number);
}

std::string bytes_of(MemoryFileSystem& disk) {
  return *read_file(disk, kPath, 1 << 20);
}

void overwrite(MemoryFileSystem& disk, const std::string& bytes) {
  ASSERT_TRUE(replace_file(disk, kPath, bytes));
}

// A synced key store of `count` data keys.
void fill(MemoryFileSystem& disk, uint32_t count) {
  auto store = open(disk);
  ASSERT_TRUE(store);
  for (uint32_t i = 0; i < count; ++i) {
    (*store)->data_key_or_new(ord(i));
  }
  ASSERT_TRUE((*store)->sync());
}

TEST(KeyStore, KeepsSyncedKeysOnly) {
  MemoryFileSystem disk;
  crypto::Key kept;
  crypto::Key ids;
  {
    auto store = open(disk);
    ASSERT_TRUE(store) << store.error().text();
    EXPECT_EQ((*store)->data_key(kOrd).error().code, ErrorCode::kNotFound);
    kept = (*store)->data_key_or_new(kOrd);
    EXPECT_EQ((*store)->data_key_or_new(kOrd), kept);
    EXPECT_NE((*store)->data_key_or_new(ord(1)), kept);
    ids = (*store)->purpose_key(Purpose::kIds);
    EXPECT_NE(ids, (*store)->purpose_key(Purpose::kFiles));
    EXPECT_NE(ids, (*store)->purpose_key(Purpose::kPageTokens));
    ASSERT_TRUE((*store)->sync());
    (*store)->data_key_or_new(ord(2));
  }
  disk.cut_power();
  disk.restore_power();
  auto store = open(disk);
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_EQ((*store)->data_key_count(), 2U);
  EXPECT_EQ(*(*store)->data_key(kOrd), kept);
  EXPECT_EQ((*store)->purpose_key(Purpose::kIds), ids);
  EXPECT_FALSE((*store)->data_key(ord(2)));
}

TEST(KeyStore, SyncsOnceAndOnlyWhenThereIsSomething) {
  MemoryFileSystem disk;
  auto store = open(disk);
  ASSERT_TRUE(store);
  uint64_t before = disk.file_syncs();
  ASSERT_TRUE((*store)->sync());
  EXPECT_EQ(disk.file_syncs(), before);
  (*store)->data_key_or_new(ord(0));
  (*store)->data_key_or_new(ord(1));
  ASSERT_TRUE((*store)->sync());
  EXPECT_EQ(disk.file_syncs(), before + 1);
}

TEST(KeyStore, KeepsAuditKeysApart) {
  MemoryFileSystem disk;
  auto store = open(disk);
  ASSERT_TRUE(store);
  crypto::Key data = (*store)->data_key_or_new(ord(1));
  crypto::Key audit = (*store)->audit_key_or_new(ord(1));
  crypto::Key month = (*store)->audit_month_key_or_new(1);
  EXPECT_NE(data, audit);
  EXPECT_NE(audit, month);
  EXPECT_EQ((*store)->audit_month_key(2).error().code, ErrorCode::kNotFound);
  EXPECT_EQ((*store)->audit_key(ord(2)).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE((*store)->sync());
  auto again = open(disk);
  ASSERT_TRUE(again);
  EXPECT_EQ(*(*again)->data_key(ord(1)), data);
  EXPECT_EQ(*(*again)->audit_key(ord(1)), audit);
  EXPECT_EQ(*(*again)->audit_month_key(1), month);
}

TEST(KeyStore, RefusesAnotherRegionKey) {
  MemoryFileSystem disk;
  fill(disk, 2);
  std::string before = bytes_of(disk);
  EXPECT_EQ(open(disk, 2).error().code, ErrorCode::kForbidden);
  EXPECT_EQ(bytes_of(disk), before);
  EXPECT_TRUE(open(disk, 1));
}

TEST(KeyStore, DropsATornTail) {
  MemoryFileSystem disk;
  fill(disk, 3);
  std::string whole = bytes_of(disk);
  // Four purpose keys; for each of three ords an audit key and a data key.
  ASSERT_EQ(whole.size(), kHead + 10 * kRecord);
  for (size_t cut = 1; cut <= kRecord; ++cut) {
    overwrite(disk, whole.substr(0, whole.size() - cut));
    auto store = open(disk);
    ASSERT_TRUE(store) << cut;
    EXPECT_EQ((*store)->data_key_count(), 2U);
    // The rest may be of a key after all: it is kept for a rescue.
    if (cut < kRecord) {
      EXPECT_EQ(*read_file(disk, std::string(kPath) + ".torn", 1000),
                whole.substr(whole.size() - kRecord, kRecord - cut));
    }
    // What is added after the tear is read again.
    crypto::Key key = (*store)->data_key_or_new(ord(7));
    ASSERT_TRUE((*store)->sync());
    auto again = open(disk);
    ASSERT_TRUE(again) << cut;
    EXPECT_EQ(*(*again)->data_key(ord(7)), key);
    EXPECT_EQ((*again)->data_key_count(), 3U);
  }
}

TEST(KeyStore, NamesADamagedRecord) {
  MemoryFileSystem disk;
  fill(disk, 3);
  std::string whole = bytes_of(disk);
  for (size_t at = 0; at < whole.size() - kRecord; ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    overwrite(disk, damaged);
    auto refused = open(disk);
    ASSERT_FALSE(refused) << at;
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt) << at;
    if (at >= kHead) {
      std::string record = "record " + std::to_string((at - kHead) / kRecord + 1) + " ";
      EXPECT_NE(refused.error().message.find(record), std::string::npos) << at;
    }
    EXPECT_EQ(bytes_of(disk), damaged);
  }
}

TEST(KeyStore, RecordsCantBeSwapped) {
  MemoryFileSystem disk;
  fill(disk, 3);
  std::string whole = bytes_of(disk);
  std::string swapped = whole;
  // The key of one ord under the number of another.
  swapped.replace(kHead + 4 * kRecord + 9, 60, whole, kHead + 5 * kRecord + 9, 60);
  overwrite(disk, swapped);
  EXPECT_EQ(open(disk).error().code, ErrorCode::kCorrupt);
}

TEST(KeyStore, AFailedSyncIsNeverForgotten) {
  for (uint64_t cut : {uint64_t{0}, uint64_t{1}}) {
    MemoryFileSystem disk;
    auto store = open(disk);
    ASSERT_TRUE(store);
    (*store)->data_key_or_new(ord(0));
    disk.cut_after(cut);
    ASSERT_FALSE((*store)->sync());
    EXPECT_FALSE((*store)->sync()) << "a key that was not written counts as written";
    disk.restore_power();
    EXPECT_FALSE((*store)->sync());
  }
}

// Cuts the power at every operation: the store opens again with every key that was synced.
TEST(KeyStore, SurvivesAPowerCutAtEveryOperation) {
  for (uint64_t cut = 0;; ++cut) {
    MemoryFileSystem disk;
    disk.cut_after(cut);
    std::vector<crypto::Key> acknowledged;
    if (auto store = open(disk)) {
      for (uint32_t i = 0; i < 4; ++i) {
        crypto::Key key = (*store)->data_key_or_new(ord(i));
        if (!(*store)->sync()) {
          break;
        }
        acknowledged.push_back(key);
      }
    }
    bool completed = !disk.power_is_cut();
    disk.cut_power();
    disk.restore_power();
    auto store = open(disk);
    ASSERT_TRUE(store) << "cut at " << cut << ": " << store.error().text();
    for (uint32_t i = 0; i < acknowledged.size(); ++i) {
      ASSERT_TRUE((*store)->data_key(ord(i))) << "cut at " << cut;
      ASSERT_EQ(*(*store)->data_key(ord(i)), acknowledged[i]) << "cut at " << cut;
    }
    if (completed) {
      EXPECT_GT(cut, 10U);
      break;
    }
  }
}

TEST(RegionKey, IsSixtyFourDigits) {
  std::string digits(64, 'a');
  EXPECT_EQ((*parse_region_key(digits))[0], 0xAA);
  EXPECT_TRUE(parse_region_key(" \n" + digits + "\r\n"));
  for (const std::string& text : {std::string(), std::string("  "), digits.substr(1), digits + "a",
                                  "g" + digits.substr(1), digits + " " + digits}) {
    EXPECT_EQ(parse_region_key(text).error().code, ErrorCode::kInvalid) << text;
  }
}

}  // namespace
}  // namespace continuum::record
