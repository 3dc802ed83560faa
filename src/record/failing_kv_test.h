// A kv store in memory whose disk can stop taking anything.
#pragma once

#include <atomic>
#include <memory>

#include "kv/memory_store.h"
#include "record/kv/families.h"

namespace continuum::record {

class FailingKv final : public kv::Store {
 public:
  std::atomic<bool> fails{false};

  std::unique_ptr<kv::Snapshot> snapshot() override { return below_->snapshot(); }
  Status commit(const kv::Batch& batch, kv::Durability durability) override {
    if (fails) {
      return fail(ErrorCode::kUnavailable, "the disk takes nothing");
    }
    return below_->commit(batch, durability);
  }
  Result<std::unique_ptr<kv::Ingestion>> begin_ingestion() override {
    return below_->begin_ingestion();
  }
  Status flush() override { return {}; }
  FamilySize family_size(kv::Family) override { return {}; }

 private:
  std::unique_ptr<kv::Store> below_ = kv::make_memory_store(kFamilyCount);
};

}  // namespace continuum::record
