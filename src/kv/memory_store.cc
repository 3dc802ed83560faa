#include "kv/memory_store.h"

#include <iterator>
#include <map>
#include <mutex>
#include <set>

#include "base/check.h"

namespace continuum::kv {
namespace {

using Map = std::map<std::string, std::string, std::less<>>;
using Families = std::vector<std::shared_ptr<Map>>;

class MemoryCursor final : public Cursor {
 public:
  MemoryCursor(std::shared_ptr<const Map> map, const Range& range)
      : map_(std::move(map)), to_(range.to), at_(map_->lower_bound(range.from)), first_(at_) {}

  bool next() override {
    if (started_ && at_ != map_->end()) {
      ++at_;
    }
    started_ = true;
    return inside();
  }
  bool seek(std::string_view key) override {
    at_ = first_ != map_->end() && key < first_->first ? first_ : map_->lower_bound(key);
    started_ = true;
    return inside();
  }
  bool seek_before(std::string_view key) override {
    started_ = true;
    std::string_view before = to_.empty() || key < to_ ? key : std::string_view(to_);
    bool has_one = first_ != map_->end() && first_->first < before;
    at_ = has_one ? std::prev(map_->lower_bound(before)) : map_->end();
    return has_one;
  }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }
  Status status() const override { return {}; }

 private:
  bool inside() const { return at_ != map_->end() && (to_.empty() || at_->first < to_); }

  std::shared_ptr<const Map> map_;
  std::string to_;
  Map::const_iterator at_;
  Map::const_iterator first_;
  bool started_ = false;
};

class MemorySnapshot final : public Snapshot {
 public:
  explicit MemorySnapshot(Families families) : families_(std::move(families)) {}

  Result<bool> get(Family family, std::string_view key, std::string& value) const override {
    const Map& map = *families_.at(family);
    auto found = map.find(key);
    if (found == map.end()) {
      return false;
    }
    value = found->second;
    return true;
  }
  std::unique_ptr<Cursor> scan(Family family, const Range& range, ReadKind) const override {
    return std::make_unique<MemoryCursor>(families_.at(family), range);
  }

 private:
  Families families_;
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      families_.push_back(std::make_shared<Map>());
    }
  }

  std::unique_ptr<Snapshot> snapshot() override {
    std::lock_guard lock(mutex_);
    return std::make_unique<MemorySnapshot>(families_);
  }

  Status commit(const Batch& batch, Durability) override {
    std::lock_guard lock(mutex_);
    for (const Batch::Entry& entry : batch.entries()) {
      Map& map = writable(entry.family);
      if (entry.removes) {
        map.erase(std::string(batch.key(entry)));
      } else {
        map.insert_or_assign(std::string(batch.key(entry)), std::string(batch.value(entry)));
      }
    }
    return {};
  }

  Result<std::unique_ptr<Ingestion>> begin_ingestion() override;

  Status flush() override { return {}; }
  Status freeze(const std::string& /*folder*/) override {
    return fail(ErrorCode::kUnsupported, "a store in memory has no files");
  }
  Status scrub(Family, const Range&) override { return {}; }

  FamilySize family_size(Family family) override {
    std::lock_guard lock(mutex_);
    FamilySize size;
    for (const auto& [key, value] : *families_.at(family)) {
      size.bytes += key.size() + value.size();
      ++size.keys;
    }
    return size;
  }

  size_t family_count() const { return families_.size(); }

 private:
  // A map nobody else is reading. Caller holds mutex_.
  Map& writable(Family family) {
    auto& map = families_.at(family);
    if (map.use_count() > 1) {
      map = std::make_shared<Map>(*map);
    }
    return *map;
  }

  std::mutex mutex_;
  Families families_;
};

class MemoryIngestion final : public Ingestion {
 public:
  explicit MemoryIngestion(MemoryStore& store) : store_(store) {}

  std::unique_ptr<Part> start_part(Family family) override;
  void take(const Batch& rows) {
    std::lock_guard lock(mutex_);
    for (const Batch::Entry& entry : rows.entries()) {
      CHECK(keys_.emplace(entry.family, rows.key(entry)).second);
      all_.put(entry.family, rows.key(entry), rows.value(entry));
    }
  }
  Status finish() override { return store_.commit(all_, Durability::kSynced); }

 private:
  MemoryStore& store_;
  std::mutex mutex_;
  Batch all_;
  std::set<std::pair<Family, std::string>> keys_;
};

class MemoryPart final : public Ingestion::Part {
 public:
  MemoryPart(MemoryIngestion& ingestion, Family family) : ingestion_(ingestion), family_(family) {}

  Status put(std::string_view key, std::string_view value) override {
    CHECK(rows_.empty() || key > last_);
    last_ = key;
    rows_.put(family_, key, value);
    return {};
  }
  Status close() override {
    ingestion_.take(rows_);
    rows_.clear();
    return {};
  }

 private:
  MemoryIngestion& ingestion_;
  Family family_;
  Batch rows_;
  std::string last_;
};

std::unique_ptr<Ingestion::Part> MemoryIngestion::start_part(Family family) {
  return std::make_unique<MemoryPart>(*this, family);
}

Result<std::unique_ptr<Ingestion>> MemoryStore::begin_ingestion() {
  return std::make_unique<MemoryIngestion>(*this);
}

}  // namespace

std::unique_ptr<Store> make_memory_store(size_t family_count) {
  return std::make_unique<MemoryStore>(family_count);
}

}  // namespace continuum::kv
