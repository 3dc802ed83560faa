#include "access/ord_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace continuum::access {
namespace {

using record::Ord;

std::vector<Ord> members(const OrdSet& set) {
  std::vector<Ord> out;
  set.for_each([&](Ord ord) { out.push_back(ord); });
  return out;
}

TEST(OrdSet, IsEmptyUntilSomethingIsAdded) {
  OrdSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.count(), 0U);
  EXPECT_FALSE(set.contains(Ord::shared()));
  EXPECT_EQ(set, OrdSet());
  set.add(Ord::shared());
  EXPECT_FALSE(set.empty());
  EXPECT_TRUE(set.contains(Ord::shared()));
  EXPECT_NE(set, OrdSet());
}

TEST(OrdSet, GoesInOrderThroughBucketsAndTheirEnds) {
  const Ord last = Ord::patient(4095, 0xFFFFFFFF);
  const Ord first = Ord::quarantine(1);
  const Ord middle = Ord::patient(1, record::kFirstPatientLocal);
  const OrdSet set{last, middle, first, middle};
  EXPECT_EQ(members(set), (std::vector<Ord>{first, middle, last}));
  EXPECT_FALSE(set.contains(Ord::patient(2, record::kFirstPatientLocal)));
}

TEST(OrdSet, KeepsAllFortyEightBitsApart) {
  const Ord low = Ord::from_value(7);
  const Ord high = Ord::from_value((uint64_t{1} << 32) | 7);
  OrdSet set{high};
  EXPECT_FALSE(set.contains(low));
  set.add(low);
  EXPECT_EQ(members(set), (std::vector<Ord>{low, high}));
}

TEST(OrdSet, CopiesAreWholeAndMovedFromIsEmpty) {
  OrdSet original{Ord::patient(1, 70'000)};
  OrdSet copy = original;
  copy.add(Ord::patient(1, 70'001));
  EXPECT_EQ(original.count(), 1U);
  const OrdSet taken = std::move(copy);
  EXPECT_EQ(taken.count(), 2U);
  original = OrdSet();
  EXPECT_TRUE(original.empty());
}

// Random sets against std::set, with buckets in common, of one side only, and emptied.
TEST(OrdSet, IsWhatAPlainSetIs) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto draw = [&](OrdSet& set, std::set<Ord>& plain) {
      const uint64_t count = random() % 60;
      for (uint64_t i = 0; i < count; ++i) {
        const Ord ord = Ord::patient(static_cast<uint16_t>(random() % 4),
                                     static_cast<uint32_t>(65'536 + random() % 30));
        set.add(ord);
        plain.insert(ord);
      }
    };
    OrdSet left;
    OrdSet right;
    std::set<Ord> plain_left;
    std::set<Ord> plain_right;
    draw(left, plain_left);
    draw(right, plain_right);
    OrdSet either = left;
    either |= right;
    OrdSet both = left;
    both &= right;
    OrdSet without = left;
    without -= right;
    std::set<Ord> plain_either = plain_left;
    plain_either.insert(plain_right.begin(), plain_right.end());
    std::vector<Ord> plain_both;
    std::vector<Ord> plain_without;
    for (const Ord ord : plain_left) {
      (plain_right.contains(ord) ? plain_both : plain_without).push_back(ord);
    }
    EXPECT_EQ(members(either), std::vector<Ord>(plain_either.begin(), plain_either.end()));
    EXPECT_EQ(members(both), plain_both);
    EXPECT_EQ(members(without), plain_without);
    EXPECT_EQ(both.count(), plain_both.size());
    EXPECT_EQ(both.empty(), plain_both.empty());
    EXPECT_EQ(without.empty(), plain_without.empty());
    OrdSet again = both;
    again |= without;
    EXPECT_EQ(again, left);
    EXPECT_EQ(again == right, plain_left == plain_right);
  }
}

}  // namespace
}  // namespace continuum::access
