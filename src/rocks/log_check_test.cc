#include "rocks/log_check.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <filesystem>

namespace continuum::rocks {
namespace {

// A log as RocksDB writes it: 40 commits of very different sizes, some over several blocks.
std::string a_log() {
  const std::string folder = testing::TempDir() + "/continuum_log_check";
  std::filesystem::remove_all(folder);
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  EXPECT_TRUE(rocksdb::DB::Open(options, folder, &opened).ok());
  std::unique_ptr<rocksdb::DB> db(opened);
  for (size_t i = 0; i < 40; ++i) {
    rocksdb::WriteOptions write;
    write.sync = true;
    EXPECT_TRUE(db->Put(write, std::to_string(i), std::string(1 + i * i * 40, 'x')).ok());
  }
  std::string log;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".log") {
      EXPECT_TRUE(rocksdb::ReadFileToString(rocksdb::Env::Default(), entry.path(), &log).ok());
    }
  }
  db.reset();
  std::filesystem::remove_all(folder);
  EXPECT_GT(log.size(), size_t{1} << 19);
  return log;
}

// The last commit is of 39 * 39 * 40 bytes.
constexpr size_t kLastCommit = 61'000;

TEST(LogCheck, AWholeLogIsSound) {
  EXPECT_EQ(damage_in_log(a_log()), std::nullopt);
  EXPECT_EQ(damage_in_log(""), std::nullopt);
}

TEST(LogCheck, ATornEndIsNoDamage) {
  const std::string log = a_log();
  for (size_t size = 0; size < log.size(); size += 1 + log.size() / 41) {
    EXPECT_EQ(damage_in_log(std::string_view(log).substr(0, size)), std::nullopt) << size;
    // Its size was written, and nothing else: as some file systems leave it.
    std::string zeros = log.substr(0, size) + std::string(50'000, '\0');
    EXPECT_EQ(damage_in_log(zeros), std::nullopt) << size;
    std::string garbage = log.substr(0, size) + std::string(50'000, '\x5a');
    EXPECT_EQ(damage_in_log(garbage), std::nullopt) << size;
  }
}

TEST(LogCheck, DamageBeforeWholeRecordsIsFound) {
  const std::string log = a_log();
  for (size_t at = 0; at < log.size() - kLastCommit - 1000; at += 1 + log.size() / 101) {
    for (char flip : {'\x01', '\x7f'}) {
      std::string damaged = log;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      auto found = damage_in_log(damaged);
      ASSERT_TRUE(found) << at;
      EXPECT_LE(*found, at);
    }
    std::string zeroed = log;
    std::fill_n(zeroed.begin() + static_cast<std::ptrdiff_t>(at), 512, '\0');
    if (at + 512 < log.size() - kLastCommit - 1000 && zeroed != log) {
      EXPECT_TRUE(damage_in_log(zeroed)) << at;
    }
  }
}

}  // namespace
}  // namespace continuum::rocks
