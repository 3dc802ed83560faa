// Group commit: what is committed while a group before it is being made durable waits together, and
// is the next group.
//
// A caller that waits commits by its own thread when it is first in the queue: a lone commit
// switches no threads. What nobody waits for is committed by a thread of the queue's, which first
// waits a little for others that are likely to come: a sync costs as much for one as for many.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "record/store.h"

namespace continuum::record {

// Thread-safe.
class CommitQueue {
 public:
  // Rows changed outside of any resource's versions. Made from the rows of commit `as_of`: good
  // only while that is the last.
  struct Rewriting {
    T as_of = 0;
    kv::Batch rows;
    std::optional<Ord> erased;  // nothing may be stored under it any more
  };
  struct Commit {
    std::span<Prepared> items;
    std::span<const ledger::Append> entries;
    std::span<const Condition> conditions;
    const Rewriting* rewriting = nullptr;  // null: none; without items
    Result<CommitResult> result = CommitResult();
  };
  // Commits a group, at most kGroupCommitMax, and leaves each one's result in it. Called by one
  // thread at a time.
  using CommitGroup = std::function<void(std::span<Commit* const> group)>;

  // `others_may_come`: whether somebody is likely to begin() soon. Called on any thread.
  CommitQueue(CommitGroup commit_group, std::function<bool()> others_may_come)
      : commit_group_(std::move(commit_group)), others_may_come_(std::move(others_may_come)) {}
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;
  // What was begun is done first.
  ~CommitQueue();

  // Returns when it is done.
  Result<CommitResult> commit(std::span<Prepared> items, std::span<const ledger::Append> entries,
                              std::span<const Condition> conditions = {},
                              const Rewriting* rewriting = nullptr);
  // As Store::append_ledger with `done`.
  void begin(std::vector<ledger::Append> entries, Store::Appended done);

 private:
  struct Waiter {
    Commit commit;
    std::vector<ledger::Append> entries;  // what nobody waits for is kept here
    Store::Appended appended;             // null: somebody waits
    bool is_done = false;
    // PERF: one each. With one for all, every commit woke all who waited, the next group's too.
    std::condition_variable moved;  // it is done, or it is to lead
  };

  void lead(std::unique_lock<std::mutex>& lock);
  void run();
  bool is_worth_it() const;

  CommitGroup commit_group_;
  std::function<bool()> others_may_come_;
  std::mutex mutex_;
  std::deque<Waiter*> queue_;
  bool is_led_ = false;
  bool is_over_ = false;
  std::condition_variable thread_leads_;
  std::thread thread_;  // from the first begin()
};

}  // namespace continuum::record
