#include "record/erasure_list.h"

#include <gtest/gtest.h>

namespace continuum::record {
namespace {

constexpr const char* kPath = "/data.keys.erasures";

crypto::Key key(uint8_t first) {
  crypto::Key out{};
  out[0] = first;
  return out;
}

Erasure erasure(uint64_t number) {
  Ord ord = Ord::patient(7, kFirstPatientLocal + static_cast<uint32_t>(number));
  return {number,     Instant{1'700'000'000'123'000},
          ord,        erased_patient(key(3), {}),
          "op \"1\"", seal_reason(key(9), ord, "she asked for it")};
}

Result<ErasureList> open(MemoryFileSystem& disk, uint8_t first = 1) {
  return ErasureList::open(disk, kPath, key(first));
}

void fill(MemoryFileSystem& disk, uint64_t count) {
  auto list = open(disk);
  ASSERT_TRUE(list);
  for (uint64_t number = 1; number <= count; ++number) {
    ASSERT_TRUE(list->append(erasure(number)));
  }
}

TEST(ErasureList, IsReadAsItWasWritten) {
  MemoryFileSystem disk;
  EXPECT_TRUE(open(disk)->all().empty());
  auto list = open(disk);
  std::vector<Erasure> expected;
  for (uint64_t number = 1; number <= 3; ++number) {
    expected.push_back(erasure(number));
    ASSERT_TRUE(list->append(expected.back()));
  }
  EXPECT_EQ(list->all(), expected);
  auto again = open(disk);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->all(), expected);
  EXPECT_EQ(again->next_certificate(), 4U);
  EXPECT_TRUE(again->contains(expected[1].ord));
  EXPECT_FALSE(again->contains(erasure(9).ord));
  EXPECT_EQ(*open_reason(key(9), expected[1].ord, again->all()[1].reason), "she asked for it");
  EXPECT_FALSE(open_reason(key(9), expected[0].ord, again->all()[1].reason));
  EXPECT_EQ(read_file(disk, kPath, 1 << 20)->find("she asked"), std::string::npos);
}

TEST(ErasureList, IsRefusedUnlessItIsWhatWasWritten) {
  MemoryFileSystem disk;
  fill(disk, 3);
  std::string whole = *read_file(disk, kPath, 1 << 20);
  EXPECT_EQ(open(disk, 2).error().code, ErrorCode::kCorrupt);
  auto code_of = [&](const std::string& text) {
    EXPECT_TRUE(replace_file(disk, kPath, text));
    auto list = open(disk);
    EXPECT_FALSE(list) << text;
    return list ? ErrorCode::kInternal : list.error().code;
  };
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x01);
    EXPECT_EQ(code_of(damaged), ErrorCode::kCorrupt) << at;
  }
  size_t second = whole.find('\n') + 1;
  size_t third = whole.find('\n', second) + 1;
  EXPECT_EQ(code_of(whole.substr(second)), ErrorCode::kCorrupt) << "without the first";
  EXPECT_EQ(code_of(whole.substr(0, second) + whole.substr(third)), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(whole + whole), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(whole.substr(0, whole.size() - 1)), ErrorCode::kCorrupt) << "without its LF";
}

TEST(ErasureList, SurvivesAPowerCutAtEveryOperation) {
  for (uint64_t cut = 0;; ++cut) {
    MemoryFileSystem disk;
    fill(disk, 1);
    auto list = open(disk);
    disk.cut_after(cut);
    bool done = list->append(erasure(2)).has_value();
    bool completed = !disk.power_is_cut();
    disk.cut_power();
    disk.restore_power();
    ASSERT_EQ(done, completed);
    auto again = open(disk);
    ASSERT_TRUE(again) << again.error().text();
    ASSERT_GE(again->all().size(), done ? 2U : 1U);
    if (completed) {
      EXPECT_GT(cut, 2U);
      break;
    }
  }
}

}  // namespace
}  // namespace continuum::record
