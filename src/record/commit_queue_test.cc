// Commits in groups, waited for or not.
#include "record/kv/commit_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <set>

#include "record/limits.h"

namespace continuum::record {
namespace {

constexpr uint64_t kFailing = 13;  // commits of so many entries fail

// Gives each commit the number of the first of its entries, and each group its time.
class Committer {
 public:
  void operator()(std::span<CommitQueue::Commit* const> group) {
    EXPECT_FALSE(is_busy_.exchange(true)) << "two groups at once";
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    EXPECT_LE(group.size(), kGroupCommitMax);
    ++groups_;
    for (CommitQueue::Commit* commit : group) {
      if (commit->entries.size() == kFailing) {
        commit->result = fail(ErrorCode::kUnavailable, "the disk is full");
        continue;
      }
      commit->result->ledger_number = entries_;
      entries_ += commit->entries.size();
    }
    is_busy_ = false;
  }
  uint64_t groups() const { return groups_; }
  uint64_t entries() const { return entries_; }

 private:
  std::atomic<bool> is_busy_{false};
  std::atomic<uint64_t> groups_{0};
  std::atomic<uint64_t> entries_{0};
};

std::vector<ledger::Append> entries(size_t count) {
  return std::vector<ledger::Append>(count);
}

TEST(CommitQueue, DoesEachOnceWhetherWaitedForOrNot) {
  constexpr int kThreads = 6;
  constexpr int kRounds = 300;
  Committer committer;
  std::mutex mutex;
  std::set<uint64_t> numbers;
  std::atomic<int> failed{0};
  auto take = [&](const Result<uint64_t>& number) {
    std::lock_guard lock(mutex);
    failed += number ? 0 : 1;
    EXPECT_TRUE(!number || numbers.insert(*number).second) << "twice";
  };
  {
    CommitQueue queue([&](auto group) { committer(group); }, [] { return false; });
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kRounds; ++i) {
          auto mine = entries(i % 50 == 7 ? kFailing : 1 + static_cast<size_t>(i % 3));
          if ((thread + i) % 2 == 0) {
            queue.begin(std::move(mine), take);
            continue;
          }
          auto result = queue.commit({}, mine);
          take(result ? Result<uint64_t>(*result->ledger_number) : fail(result.error()));
        }
      });
    }
  }
  constexpr int kFailed = kThreads * kRounds / 50;
  EXPECT_EQ(failed, kFailed);
  EXPECT_EQ(numbers.size(), static_cast<size_t>(kThreads * kRounds - kFailed));
  EXPECT_LT(committer.groups(), static_cast<uint64_t>(kThreads * kRounds) / 2);
}

TEST(CommitQueue, ACommitAloneStaysOnItsThread) {
  std::thread::id led_by;
  CommitQueue queue(
      [&](auto group) {
        led_by = std::this_thread::get_id();
        group.front()->result->ledger_number = 0;
      },
      [] { return false; });
  ASSERT_TRUE(queue.commit({}, entries(1)));
  EXPECT_EQ(led_by, std::this_thread::get_id());
  std::promise<void> done;
  queue.begin(entries(1), [&](const auto&) { done.set_value(); });
  done.get_future().get();
  EXPECT_NE(led_by, std::this_thread::get_id());
}

// The one who waits takes over what began while it led, and the other way round.
TEST(CommitQueue, NobodyIsLeftBehind) {
  for (bool first_waits : {true, false}) {
    std::latch entered(1);
    std::latch leave(1);
    std::atomic<int> groups{0};
    CommitQueue queue(
        [&](auto group) {
          if (++groups == 1) {
            entered.count_down();
            leave.wait();
          }
          for (CommitQueue::Commit* commit : group) {
            commit->result->ledger_number = 0;
          }
        },
        [] { return false; });
    std::promise<void> begun;
    std::promise<void> begun_later;
    std::jthread first([&] {
      if (first_waits) {
        EXPECT_TRUE(queue.commit({}, entries(1)));
        begun.set_value();
      } else {
        queue.begin(entries(1), [&](const auto&) { begun.set_value(); });
      }
    });
    entered.wait();
    std::jthread second([&] {
      if (first_waits) {
        queue.begin(entries(1), [&](const auto&) { begun_later.set_value(); });
      } else {
        EXPECT_TRUE(queue.commit({}, entries(1)));
        begun_later.set_value();
      }
    });
    leave.count_down();
    begun.get_future().get();
    begun_later.get_future().get();
  }
}

TEST(CommitQueue, WaitsALittleForThoseWhoMayCome) {
  std::atomic<bool> others{true};
  std::atomic<int> done{0};
  Committer committer;
  CommitQueue queue([&](auto group) { committer(group); }, [&] { return others.load(); });
  for (int i = 0; i < 20; ++i) {
    others = i + 1 < 20;
    queue.begin(entries(1), [&](const auto&) { ++done; });
  }
  while (done < 20) {
    std::this_thread::yield();
  }
  EXPECT_LT(committer.groups(), 10U);
  others = true;  // and nobody comes
  std::promise<void> alone;
  queue.begin(entries(1), [&](const auto&) { alone.set_value(); });
  alone.get_future().get();
}

TEST(CommitQueue, FinishesWhatWasBegun) {
  std::atomic<int> done{0};
  Committer committer;
  {
    CommitQueue queue([&](auto group) { committer(group); }, [] { return false; });
    for (size_t i = 0; i < 2 * kGroupCommitMax; ++i) {
      queue.begin(entries(1), [&](const auto& number) { done += number ? 1 : 0; });
    }
  }
  EXPECT_EQ(done, static_cast<int>(2 * kGroupCommitMax));
  EXPECT_EQ(committer.entries(), 2 * kGroupCommitMax);
}

}  // namespace
}  // namespace continuum::record
