#include "service/disk_reserve.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace continuum::service {
namespace {

constexpr uint64_t kSize = 1'000;

// A disk of numbers.
struct FakeDisk {
  uint64_t free = 0;
  uint64_t held = 0;
  bool fails = false;
};
class FakeReserveFile final : public ReserveFile {
 public:
  explicit FakeReserveFile(FakeDisk& disk) : disk_(disk) {}
  Result<uint64_t> free_bytes() override { return disk_.free; }
  Result<uint64_t> held_bytes() override { return disk_.held; }
  Status hold(uint64_t bytes) override {
    if (disk_.fails) {
      return fail(ErrorCode::kUnavailable, "no");
    }
    disk_.free -= bytes - disk_.held;
    disk_.held = bytes;
    return {};
  }
  Status give_up() override {
    if (disk_.fails) {
      return fail(ErrorCode::kUnavailable, "no");
    }
    disk_.free += disk_.held;
    disk_.held = 0;
    return {};
  }

 private:
  FakeDisk& disk_;
};

class DiskReserveTest : public testing::Test {
 protected:
  using Event = DiskReserve::Event;
  DiskReserve reserve_of(uint64_t bytes) {
    return DiskReserve(std::make_unique<FakeReserveFile>(disk_), bytes);
  }
  FakeDisk disk_;
};

TEST_F(DiskReserveTest, IsMadeWhereThereIsRoomForThreeOfIt) {
  disk_.free = 3 * kSize - 1;
  DiskReserve reserve = reserve_of(kSize);
  EXPECT_EQ(*reserve.look(), Event::kNone);
  EXPECT_EQ(reserve.numbers().reserve_bytes, 0U);
  EXPECT_TRUE(reserve.numbers().low);
  disk_.free = 3 * kSize;
  EXPECT_EQ(*reserve.look(), Event::kMade);
  EXPECT_EQ(reserve.numbers().reserve_bytes, kSize);
  EXPECT_EQ(reserve.numbers().free_bytes, 2 * kSize);
  EXPECT_FALSE(reserve.numbers().low);
  EXPECT_EQ(*reserve.look(), Event::kNone);
}

TEST_F(DiskReserveTest, IsGivenUpWhenLessThanItsSizeIsFreeAndMadeAgainLater) {
  disk_.free = 3 * kSize;
  DiskReserve reserve = reserve_of(kSize);
  EXPECT_EQ(*reserve.look(), Event::kMade);
  disk_.free = kSize;
  EXPECT_EQ(*reserve.look(), Event::kNone);
  EXPECT_FALSE(reserve.numbers().low);
  disk_.free = kSize - 1;
  EXPECT_EQ(*reserve.look(), Event::kGivenUp);
  EXPECT_EQ(disk_.free, 2 * kSize - 1);
  EXPECT_EQ(reserve.numbers().reserve_bytes, 0U);
  EXPECT_TRUE(reserve.numbers().low);
  // What it freed is not taken back for it.
  for (uint64_t free : {2 * kSize, kSize, uint64_t{0}, 3 * kSize - 1}) {
    disk_.free = free;
    EXPECT_EQ(*reserve.look(), Event::kNone) << free;
    EXPECT_TRUE(reserve.numbers().low);
  }
  disk_.free = 3 * kSize;
  EXPECT_EQ(*reserve.look(), Event::kMade);
  EXPECT_FALSE(reserve.numbers().low);
}

TEST_F(DiskReserveTest, OfAnotherSizeIsMadeWhole) {
  disk_ = {.free = 10 * kSize, .held = 10};
  DiskReserve reserve = reserve_of(kSize);
  EXPECT_EQ(*reserve.look(), Event::kMade);
  EXPECT_EQ(disk_.held, kSize);
}

TEST_F(DiskReserveTest, OfNothingIsNeverMade) {
  DiskReserve reserve = reserve_of(0);
  for (uint64_t free : {uint64_t{0}, 10 * kSize}) {
    disk_.free = free;
    EXPECT_EQ(*reserve.look(), Event::kNone);
    EXPECT_FALSE(reserve.numbers().low);
  }
}

TEST_F(DiskReserveTest, AFailureIsToldAndTriedAgain) {
  disk_ = {.free = 3 * kSize, .held = 0, .fails = true};
  DiskReserve reserve = reserve_of(kSize);
  EXPECT_FALSE(reserve.look());
  EXPECT_TRUE(reserve.numbers().low);
  EXPECT_EQ(reserve.numbers().free_bytes, 3 * kSize);
  disk_.fails = false;
  EXPECT_EQ(*reserve.look(), Event::kMade);
  disk_.fails = true;
  disk_.free = 1;
  EXPECT_FALSE(reserve.look());
  EXPECT_TRUE(reserve.numbers().low);
}

TEST(PosixReserveFile, TakesBlocksAndFreesThem) {
  std::string path = testing::TempDir() + "/continuum_reserve_" + std::to_string(getpid());
  constexpr uint64_t kBytes = uint64_t{1} << 20;
  auto file = posix_reserve_file(path);
  EXPECT_EQ(*file->held_bytes(), 0U);
  EXPECT_TRUE(file->give_up());
  EXPECT_GT(*file->free_bytes(), 0U);
  ASSERT_TRUE(file->hold(kBytes));
  EXPECT_EQ(*file->held_bytes(), kBytes);
  ASSERT_TRUE(file->give_up());
  EXPECT_EQ(*file->held_bytes(), 0U);
  std::filesystem::resize_file(path, kBytes);  // sparse: nothing is held
  EXPECT_LT(*file->held_bytes(), kBytes);
  std::filesystem::remove(path);
  EXPECT_FALSE(posix_reserve_file("/no/such/folder/reserve")->hold(kBytes));
  EXPECT_FALSE(posix_reserve_file("/no/such/folder/reserve")->free_bytes());
}

}  // namespace
}  // namespace continuum::service
