// The checker must be able to fail: made-up histories, each with one thing wrong, and the same
// without it.
#include "tests/e2e/consistency/checker.h"

#include <gtest/gtest.h>

namespace continuum::consistency {
namespace {

// Writes and reads of resources 0 and 1, both of patient 0.
class Story {
 public:
  Story() { history_.resources.resize(2); }

  // What is there in the end.
  Story& ends(uint32_t resource, const std::vector<uint64_t>& markers) {
    for (const uint64_t marker : markers) {
      auto& versions = history_.resources[resource].versions;
      versions.push_back({static_cast<uint32_t>(versions.size() + 1), marker});
    }
    return *this;
  }
  Story& request(Nanos begin, Nanos end, Outcome outcome, std::vector<Change> changes) {
    history_.requests.push_back({begin, end, outcome, std::move(changes)});
    return *this;
  }
  // An acknowledged write of resource 0.
  Story& wrote(Nanos begin, Nanos end, uint32_t version, uint64_t marker,
               std::optional<uint32_t> if_match = std::nullopt) {
    return request(begin, end, Outcome::kDone, {{0, marker, if_match, version}});
  }
  Story& read(Nanos begin, Nanos end, uint32_t version, uint64_t marker) {
    history_.reads.push_back({begin, end, Read::What::kNewest, 0, {version, marker}});
    return *this;
  }
  Story& read(Nanos begin, Nanos end, Read::What what, Version version = {}) {
    history_.reads.push_back({begin, end, what, 0, version});
    return *this;
  }
  Story& history(Nanos begin, Nanos end, std::vector<Version> versions) {
    history_.history_reads.push_back({begin, end, 0, std::move(versions)});
    return *this;
  }
  Story& snapshot(Nanos begin, Nanos end, std::vector<Snapshot::Seen> seen) {
    history_.snapshots.push_back({begin, end, 0, std::move(seen)});
    return *this;
  }

  // The faults found, in the order of their numbers, each once.
  std::vector<Fault> faults() const {
    std::vector<Fault> faults;
    for (const Finding& finding : check(history_)) {
      faults.push_back(finding.fault);
      EXPECT_FALSE(finding.text.empty());
      EXPECT_FALSE(to_string(finding.fault).empty());
    }
    std::sort(faults.begin(), faults.end());
    faults.erase(std::unique(faults.begin(), faults.end()), faults.end());
    return faults;
  }

  History& raw() { return history_; }

 private:
  History history_;
};

using Faults = std::vector<Fault>;
const Faults kRight;

// Resource 0: written at 10-20 and at 30-40.
Story two_writes() {
  return Story().ends(0, {71, 72}).wrote(10, 20, 1, 71).wrote(30, 40, 2, 72);
}

TEST(Checker, TakesWhatIsRight) {
  EXPECT_EQ(Story().faults(), kRight);
  EXPECT_EQ(two_writes().faults(), kRight);
  EXPECT_EQ(two_writes().read(12, 15, 1, 71).read(21, 35, 1, 71).faults(), kRight);
  EXPECT_EQ(two_writes().read(31, 32, 2, 72).read(31, 39, 1, 71).faults(), kRight);
  EXPECT_EQ(two_writes().history(35, 36, {{1, 71}, {2, 72}}).faults(), kRight);
  EXPECT_EQ(two_writes().read(90, 91, Read::What::kVersion, {1, 71}).faults(), kRight);
}

TEST(Checker, ALostWrite) {
  EXPECT_EQ(Story().ends(0, {71}).wrote(10, 20, 1, 71).wrote(30, 40, 2, 72).faults(),
            Faults{Fault::kLostWrite});
  // Another took its number.
  EXPECT_EQ(two_writes().wrote(30, 40, 2, 73).faults(), Faults{Fault::kLostWrite});
  // It was shown, then the power went.
  EXPECT_EQ(two_writes().request(50, 60, Outcome::kUnknown, {{0, 73}}).read(52, 53, 3, 73).faults(),
            Faults{Fault::kLostWrite});
  EXPECT_EQ(two_writes().read(90, 91, Read::What::kMissing, {1, 71}).faults(),
            Faults{Fault::kLostWrite});
}

TEST(Checker, AnUnknownWriteIsThereOrNot) {
  EXPECT_EQ(two_writes().request(50, 60, Outcome::kUnknown, {{0, 73}}).faults(), kRight);
  Story there = Story().ends(0, {71, 72, 73}).wrote(10, 20, 1, 71).wrote(30, 40, 2, 72);
  EXPECT_EQ(Story(there).request(50, 60, Outcome::kUnknown, {{0, 73}}).faults(), kRight);
  EXPECT_EQ(Story(there).faults(), Faults{Fault::kUnsentWrite});
  // Too early to be the third.
  EXPECT_EQ(Story(there).request(1, 25, Outcome::kUnknown, {{0, 73}}).faults(),
            Faults{Fault::kOrder});
}

TEST(Checker, AWriteThatIsThereTwice) {
  EXPECT_EQ(Story().ends(0, {71, 71}).wrote(10, 20, 1, 71).wrote(10, 30, 2, 71).faults(),
            Faults{Fault::kUnsentWrite});
}

TEST(Checker, AGap) {
  Story story = two_writes();
  story.raw().resources[0].versions[1].number = 3;
  EXPECT_EQ(story.faults(), Faults{Fault::kVersionGap});
  EXPECT_EQ(two_writes().history(50, 51, {{2, 72}}).faults(), Faults{Fault::kVersionGap});
}

TEST(Checker, AStaleRead) {
  EXPECT_EQ(two_writes().read(41, 42, 1, 71).faults(), Faults{Fault::kStaleRead});
  EXPECT_EQ(two_writes().history(41, 42, {{1, 71}}).faults(), Faults{Fault::kStaleRead});
  EXPECT_EQ(two_writes().snapshot(41, 42, {{0, {1, 71}}}).faults(), Faults{Fault::kStaleRead});
  // A read goes back: what one has shown must stay, though its write was not acknowledged yet.
  EXPECT_EQ(two_writes().read(31, 32, 2, 72).read(33, 34, 1, 71).faults(),
            Faults{Fault::kEarlyRead});
  EXPECT_EQ(two_writes().read(31, 32, 2, 72).read(31, 34, 1, 71).faults(), kRight);
}

TEST(Checker, AnEarlyRead) {
  EXPECT_EQ(two_writes().read(25, 28, 2, 72).faults(), Faults{Fault::kEarlyRead});
  EXPECT_EQ(two_writes().read(25, 28, Read::What::kVersion, {2, 72}).faults(),
            Faults{Fault::kEarlyRead});
}

TEST(Checker, AChangedVersion) {
  EXPECT_EQ(two_writes().read(50, 51, Read::What::kVersion, {1, 79}).faults(),
            Faults{Fault::kChangedVersion});
  EXPECT_EQ(two_writes().history(50, 51, {{1, 79}, {2, 72}}).faults(),
            Faults{Fault::kChangedVersion});
}

TEST(Checker, VersionsInAnotherOrderThanTheirRequests) {
  EXPECT_EQ(Story().ends(0, {71, 72}).wrote(30, 40, 1, 71).wrote(10, 20, 2, 72).faults(),
            Faults{Fault::kOrder});
  EXPECT_EQ(Story().ends(0, {71, 72}).wrote(10, 40, 1, 71).wrote(15, 20, 2, 72).faults(), kRight);
}

TEST(Checker, AStaleIfMatchThatPassed) {
  EXPECT_EQ(Story().ends(0, {71, 72}).wrote(10, 20, 1, 71).wrote(30, 40, 2, 72, 1).faults(),
            kRight);
  Story three = Story().ends(0, {71, 72, 73}).wrote(10, 20, 1, 71).wrote(30, 40, 2, 72);
  EXPECT_EQ(Story(three).wrote(31, 50, 3, 73, 1).faults(), Faults{Fault::kStaleIfMatch});
  // One whose answer was lost is held to it as well.
  EXPECT_EQ(Story(three).request(31, 50, Outcome::kUnknown, {{0, 73, 1}}).faults(),
            Faults{Fault::kStaleIfMatch});
}

TEST(Checker, ARefusal) {
  EXPECT_EQ(two_writes().request(50, 60, Outcome::kUnmatched, {{0, 73, 1}}).faults(), kRight);
  EXPECT_EQ(two_writes().request(35, 60, Outcome::kUnmatched, {{0, 73, 2}}).faults(), kRight);
  EXPECT_EQ(two_writes().request(50, 60, Outcome::kUnmatched, {{0, 73, 2}}).faults(),
            Faults{Fault::kNeedlessRefusal});
  EXPECT_EQ(Story()
                .ends(0, {71, 72})
                .wrote(10, 20, 1, 71)
                .request(30, 40, Outcome::kUnmatched, {{0, 72, 1}})
                .faults(),
            Faults{Fault::kRefusedWrite});
  EXPECT_EQ(Story()
                .ends(0, {71, 72})
                .wrote(10, 20, 1, 71)
                .request(30, 40, Outcome::kBusy, {{0, 72}})
                .faults(),
            Faults{Fault::kRefusedWrite});
}

TEST(Checker, Deletions) {
  Story deleted = Story().ends(0, {71, 0}).wrote(10, 20, 1, 71).wrote(30, 40, 2, 0);
  EXPECT_EQ(Story(deleted).faults(), kRight);
  // Deleted already: the same version is told again.
  EXPECT_EQ(Story(deleted).wrote(50, 60, 2, 0).faults(), kRight);
  EXPECT_EQ(Story(deleted).read(35, 36, Read::What::kGone).faults(), kRight);
  EXPECT_EQ(Story(deleted).read(22, 28, Read::What::kGone).faults(), Faults{Fault::kNeverGone});
  EXPECT_EQ(Story(deleted).request(22, 28, Outcome::kGone, {{0, 79}}).faults(),
            Faults{Fault::kNeverGone});
  EXPECT_EQ(Story(deleted).snapshot(22, 28, {}).faults(), Faults{Fault::kNeverGone});
  EXPECT_EQ(Story(deleted).snapshot(35, 36, {}).faults(), kRight);
  // Nobody's, and one whose answer was lost.
  Story unclaimed = Story().ends(0, {71, 0}).wrote(10, 20, 1, 71);
  EXPECT_EQ(Story(unclaimed).faults(), Faults{Fault::kUnsentWrite});
  EXPECT_EQ(Story(unclaimed).request(30, 40, Outcome::kUnknown, {{0, 0}}).faults(), kRight);
  // A deletion that was acknowledged and is not there.
  EXPECT_EQ(Story().ends(0, {71}).wrote(10, 20, 1, 71).wrote(30, 40, 2, 0).faults(),
            Faults{Fault::kLostWrite});
}

// Both resources written by 10-20, then both by one transaction at 30-40.
Story transaction(Outcome outcome) {
  const uint32_t version = outcome == Outcome::kDone ? 2 : 0;
  return Story()
      .request(10, 20, Outcome::kDone, {{0, 71, std::nullopt, 1}, {1, 71, std::nullopt, 1}})
      .request(30, 40, outcome, {{0, 72, std::nullopt, version}, {1, 72, std::nullopt, version}});
}

TEST(Checker, HalfATransaction) {
  for (const Outcome outcome : {Outcome::kDone, Outcome::kUnknown}) {
    EXPECT_EQ(transaction(outcome).ends(0, {71, 72}).ends(1, {71, 72}).faults(), kRight);
  }
  EXPECT_EQ(transaction(Outcome::kUnknown).ends(0, {71}).ends(1, {71}).faults(), kRight);
  EXPECT_EQ(transaction(Outcome::kUnknown).ends(0, {71, 72}).ends(1, {71}).faults(),
            Faults{Fault::kHalfTransaction});
  EXPECT_EQ(transaction(Outcome::kDone).ends(0, {71}).ends(1, {71, 72}).faults(),
            (Faults{Fault::kLostWrite, Fault::kHalfTransaction}));
}

TEST(Checker, HalfATransactionShown) {
  const Story story = transaction(Outcome::kDone).ends(0, {71, 72}).ends(1, {71, 72});
  EXPECT_EQ(Story(story).snapshot(25, 45, {{0, {1, 71}}, {1, {1, 71}}}).faults(), kRight);
  EXPECT_EQ(Story(story).snapshot(25, 45, {{0, {2, 72}}, {1, {2, 72}}}).faults(), kRight);
  EXPECT_EQ(Story(story).snapshot(32, 38, {{0, {2, 72}}, {1, {1, 71}}}).faults(),
            Faults{Fault::kHalfShown});
  EXPECT_EQ(Story(story).snapshot(32, 38, {{0, {1, 71}}, {1, {2, 72}}}).faults(),
            Faults{Fault::kHalfShown});
  // Not even there yet, though it was made with what is shown.
  EXPECT_EQ(Story(story).snapshot(12, 18, {{0, {1, 71}}}).faults(), Faults{Fault::kHalfShown});
}

// What is written later shows that the transaction is there as well.
TEST(Checker, HalfATransactionShownByAnother) {
  const Story story =
      transaction(Outcome::kDone).ends(0, {71, 72, 73}).ends(1, {71, 72}).wrote(32, 50, 3, 73);
  EXPECT_EQ(Story(story).snapshot(32, 38, {{0, {3, 73}}, {1, {2, 72}}}).faults(), kRight);
  EXPECT_EQ(Story(story).snapshot(32, 38, {{0, {3, 73}}, {1, {1, 71}}}).faults(),
            Faults{Fault::kHalfShown});
}

TEST(Checker, FindingsAreBounded) {
  Story story;
  for (uint32_t i = 0; i < 2 * kFindingsMax; ++i) {
    story.wrote(10, 20, i + 1, 71 + i);
  }
  EXPECT_EQ(check(story.raw()).size(), kFindingsMax);
}

}  // namespace
}  // namespace continuum::consistency
