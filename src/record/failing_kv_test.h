// For tests: a kv store in memory whose disk can be slow, or stop taking anything.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "kv/memory_store.h"
#include "record/kv/families.h"

namespace continuum::record {

class FailingKv final : public kv::Store {
 public:
  std::atomic<bool> fails{false};  // commits and ingestions
  std::chrono::milliseconds commit_takes{0};
  std::atomic<int> commits{0};  // tried

  std::unique_ptr<kv::Snapshot> snapshot() override { return below_->snapshot(); }
  Status commit(const kv::Batch& batch, kv::Durability durability) override {
    ++commits;
    std::this_thread::sleep_for(commit_takes);
    return fails ? full() : below_->commit(batch, durability);
  }
  Result<std::unique_ptr<kv::Ingestion>> begin_ingestion() override {
    if (fails) {
      return fail(full().error());
    }
    return below_->begin_ingestion();
  }
  Status flush() override { return {}; }
  Status scrub(kv::Family, const kv::Range&) override { return {}; }
  Status freeze(const std::string&) override { return full(); }
  FamilySize family_size(kv::Family) override { return {}; }

 private:
  static Status full() { return fail(ErrorCode::kUnavailable, "the disk takes nothing"); }
  std::unique_ptr<kv::Store> below_ = kv::make_memory_store(kFamilyCount);
};

}  // namespace continuum::record
