#include "record/kv/commit_queue.h"

#include <algorithm>
#include <memory>

#include "record/limits.h"

namespace continuum::record {

CommitQueue::~CommitQueue() {
  {
    std::lock_guard lock(mutex_);
    is_over_ = true;
    thread_leads_.notify_one();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

Result<CommitResult> CommitQueue::commit(std::span<Prepared> items,
                                         std::span<const ledger::Append> entries,
                                         std::span<const Condition> conditions,
                                         const Rewriting* rewriting) {
  Waiter waiter;
  waiter.commit.rewriting = rewriting;
  waiter.commit.items = items;
  waiter.commit.entries = entries;
  waiter.commit.conditions = conditions;
  std::unique_lock lock(mutex_);
  queue_.push_back(&waiter);
  while (!waiter.is_done) {
    if (is_led_ || queue_.front() != &waiter) {
      waiter.moved.wait(lock);
    } else {
      lead(lock);
    }
  }
  return std::move(waiter.commit.result);
}

void CommitQueue::begin(std::vector<ledger::Append> entries, Store::Appended done) {
  auto waiter = std::make_unique<Waiter>();
  waiter->entries = std::move(entries);
  waiter->commit.entries = waiter->entries;
  waiter->appended = std::move(done);
  std::lock_guard lock(mutex_);
  if (!thread_.joinable()) {
    thread_ = std::thread([this] { run(); });
  }
  queue_.push_back(waiter.release());
  if (!is_led_ && (queue_.size() == 1 || is_worth_it())) {
    thread_leads_.notify_one();
  }
}

// Nobody more will come soon, or no more fit in.
bool CommitQueue::is_worth_it() const {
  return is_over_ || queue_.size() >= kGroupCommitMax || !others_may_come_();
}

void CommitQueue::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    auto is_first = [this] { return !is_led_ && !queue_.empty() && queue_.front()->appended; };
    thread_leads_.wait(lock, [&] { return is_first() || (is_over_ && queue_.empty()); });
    if (!is_first()) {
      return;
    }
    thread_leads_.wait_for(lock, kGroupWaitMax, [this] { return is_worth_it(); });
    if (is_first()) {
      lead(lock);
    }
  }
}

// Takes what waits, up to a bound, through one batch and one sync.
void CommitQueue::lead(std::unique_lock<std::mutex>& lock) {
  is_led_ = true;
  auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kGroupCommitMax));
  std::vector<Waiter*> waiters(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  lock.unlock();
  std::vector<Commit*> group;
  for (Waiter* waiter : waiters) {
    group.push_back(&waiter->commit);
  }
  commit_group_(group);
  lock.lock();
  // The next group's leader first: its sync is what the others will wait for.
  is_led_ = false;
  if (!queue_.empty()) {
    (queue_.front()->appended ? thread_leads_ : queue_.front()->moved).notify_one();
  }
  std::vector<std::unique_ptr<Waiter>> begun;
  for (Waiter* waiter : waiters) {
    if (waiter->appended) {
      begun.emplace_back(waiter);
    } else {
      // Told under the lock: once it sees that it is done, the waiter is no more.
      waiter->is_done = true;
      waiter->moved.notify_one();
    }
  }
  lock.unlock();
  for (const auto& waiter : begun) {
    Result<CommitResult>& result = waiter->commit.result;
    waiter->appended(result ? Result<uint64_t>(*result->ledger_number) : fail(result.error()));
  }
  lock.lock();
}

}  // namespace continuum::record
