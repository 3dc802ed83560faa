#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <span>
#include <thread>

#include "base/check.h"
#include "record/kv/changes.h"
#include "record/kv/kv_store.h"

namespace continuum::record {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kChunkBytes = size_t{1} << 20;
constexpr size_t kSortThreads = 2;

// Rows of one family in one lane: bytes in chunks, and where each row is.
struct RowRef {
  uint64_t prefix;  // 8 key bytes at the depth being sorted, big-endian
  const char* key;  // value follows
  uint32_t key_size;
  uint32_t value_size;

  std::string_view key_view() const { return {key, key_size}; }
  std::string_view value_view() const { return {key + key_size, value_size}; }
};

bool before(const RowRef& a, const RowRef& b) {
  return a.key_view() < b.key_view();
}

uint64_t prefix_at(std::string_view key, size_t depth) {
  unsigned char bytes[8] = {};
  if (depth < key.size()) {
    std::memcpy(bytes, key.data() + depth, std::min<size_t>(key.size() - depth, 8));
  }
  uint64_t value = 0;
  for (unsigned char byte : bytes) {
    value = (value << 8) | byte;
  }
  return value;
}

constexpr size_t kSmallRun = 24;

// Sorts rows whose keys agree in their first `depth` bytes and whose prefix is that at `depth`.
// Stable: of equal keys (a value said twice) the order of putting stands. PERF: radix by 8 bytes.
// Comparing whole keys cost a quarter of a load: most postings share 20 to 40 bytes, and every
// comparison missed the cache twice.
void sort_rows(std::span<RowRef> rows, size_t depth) {
  if (rows.size() <= kSmallRun) {
    std::stable_sort(rows.begin(), rows.end(), before);
    return;
  }
  auto differs = [&](const RowRef& row) { return row.prefix != rows.front().prefix; };
  if (std::any_of(rows.begin(), rows.end(), differs)) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const RowRef& a, const RowRef& b) { return a.prefix < b.prefix; });
  }
  for (size_t from = 0; from < rows.size();) {
    size_t to = from + 1;
    bool all_longer = rows[from].key_size > depth + 8;
    while (to < rows.size() && rows[to].prefix == rows[from].prefix) {
      all_longer = all_longer && rows[to].key_size > depth + 8;
      ++to;
    }
    std::span<RowRef> run = rows.subspan(from, to - from);
    if (run.size() > 1 && !all_longer) {
      std::stable_sort(run.begin(), run.end(), before);
    } else if (run.size() > 1) {
      for (RowRef& row : run) {
        row.prefix = prefix_at(row.key_view(), depth + 8);
      }
      sort_rows(run, depth + 8);
    }
    from = to;
  }
}

class Lane {
 public:
  void put(FamilyNumber family, std::string_view key, std::string_view value) {
    size_t size = key.size() + value.size();
    char* at = allocate(size);
    std::memcpy(at, key.data(), key.size());
    std::memcpy(at + key.size(), value.data(), value.size());
    rows_[family].push_back({prefix_at(key, 0), at, static_cast<uint32_t>(key.size()),
                             static_cast<uint32_t>(value.size())});
    bytes_ += size + sizeof(RowRef);
  }
  std::vector<RowRef>& rows(FamilyNumber family) { return rows_[family]; }
  size_t bytes() const { return bytes_; }
  void clear() {
    for (auto& rows : rows_) {
      rows.clear();
    }
    chunks_.clear();
    left_ = 0;
    bytes_ = 0;
  }

 private:
  char* allocate(size_t size) {
    if (size > left_) {
      size_t chunk = std::max(size, kChunkBytes);
      chunks_.push_back(std::unique_ptr<char[]>(new char[chunk]));
      next_ = chunks_.back().get();
      left_ = chunk;
    }
    char* at = next_;
    next_ += size;
    left_ -= size;
    return at;
  }

  std::array<std::vector<RowRef>, kFamilyCount> rows_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

// Each ord touched since the last flush gets one t. Rows carry it as they are made, so nothing is
// rewritten later.
class KvBulkLoad final : public BulkLoad {
 public:
  KvBulkLoad(KvStore& store, uint64_t budget_bytes) : store_(store), budget_(budget_bytes) {}

  Status add(const Prepared& item) override {
    CHECK(item.is_new());
    RowHeader header = item.header;
    header.version = 1;
    {
      std::lock_guard lock(mutex_);
      TRY(header.t, note(item));
      header.instant = group_.instant;
    }
    LockedLane& lane = lanes_[lane_of_this_thread()];
    std::lock_guard lock(lane.mutex);
    size_t before_bytes = lane.lane.bytes();
    write_rows(item, header,
               [&](FamilyNumber family, std::string_view key, std::string_view value) {
                 lane.lane.put(family, key, value);
               });
    bytes_.fetch_add(lane.lane.bytes() - before_bytes);
    return {};
  }

  bool is_full() const override { return bytes_.load() >= budget_; }

  Status flush() override {
    TRY(broken_);
    if (changes_.empty()) {
      return {};
    }
    // The rows are given away as they are written: a second try would write a part.
    broken_ = ingest();
    TRY(broken_);
    store_.last_t_ = group_.t;
    store_.last_person_ = group_.person;
    store_.last_instant_ = group_.instant;
    start_over();
    return {};
  }

 private:
  Status ingest() {
    write_commits();
    TRY(store_.keys_->sync());
    TRY(auto ingestion, store_.kv_->begin_ingestion());
    TRY(write_families(*ingestion));
    return ingestion->finish();
  }

  struct LockedLane {
    std::mutex mutex;
    Lane lane;
  };
  struct OrdChanges {
    T t = 0;
    std::vector<Change> changes;
  };

  static size_t lane_of_this_thread() {
    static std::atomic<size_t> next{0};
    thread_local size_t lane = next.fetch_add(1) % kLanes;
    return lane;
  }

  // The t of the item's ord, with its change and link noted. Caller holds mutex_.
  Result<T> note(const Prepared& item) {
    if (group_.before == nullptr) {
      group_.before = store_.kv_view();
      group_.t = store_.last_t_;
      group_.person = store_.last_person_;
      group_.instant = store_.next_instant();
    }
    OrdChanges& of_ord = changes_[item.key.ord.value()];
    if (of_ord.t == 0) {
      of_ord.t = ++group_.t;
    }
    of_ord.changes.push_back({item.key, 1, false});
    TRY(auto link, store_.read_link(item, group_));
    if (link) {
      store_.write_link(item, *link, of_ord.t, group_);
    }
    return of_ord.t;
  }

  // Changes, times, places, links and counters, as rows beside the others.
  void write_commits() {
    Lane& lane = lanes_[0].lane;
    auto put = [&lane](FamilyNumber family, std::string_view key, std::string_view value) {
      lane.put(family, key, value);
    };
    std::lock_guard lock(store_.places_mutex_);
    for (auto& [ord, of_ord] : changes_) {
      std::sort(of_ord.changes.begin(), of_ord.changes.end(),
                [](const Change& a, const Change& b) { return a.item < b.item; });
      put(kChanges, t_key(of_ord.t), encode_changes(of_ord.changes));
      put(kTimes, t_key(of_ord.t), encode_instant(group_.instant));
      if (auto place = store_.places_.find(ord); place != store_.places_.end()) {
        store_.write_place(Ord::from_value(ord), place->second, put);
      }
    }
    for (const auto& entry : group_.batch.entries()) {
      put(static_cast<FamilyNumber>(entry.family), group_.batch.key(entry),
          group_.batch.value(entry));
    }
    std::string value;
    put_u64(value, group_.t);
    put(kMeta, kMetaT, value);
    value.clear();
    put_u64(value, group_.person);
    put(kMeta, kMetaPerson, value);
  }

  // Runs work(0) to work(count - 1) on kSortThreads threads.
  template <typename Work>
  static void in_parallel(size_t count, const Work& work) {
    std::atomic<size_t> next{0};
    auto run = [&] {
      for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
        work(i);
      }
    };
    std::vector<std::thread> threads;
    for (size_t i = 1; i < kSortThreads; ++i) {
      threads.emplace_back(run);
    }
    run();
    for (std::thread& thread : threads) {
      thread.join();
    }
  }

  // Each lane's rows are sorted by themselves, then merged as they are written.
  Status write_families(kv::Ingestion& ingestion) {
    // The largest first, so that the threads end together.
    constexpr FamilyNumber kOrder[] = {kPostings, kRanges, kCurrent, kDirectory, kTimeline,
                                       kChanges,  kTimes,  kLinks,   kMeta,      kHistory};
    in_parallel(kFamilyCount * kLanes,
                [&](size_t i) { sort_rows(lanes_[i % kLanes].lane.rows(kOrder[i / kLanes]), 0); });
    std::array<Status, kFamilyCount> results;
    in_parallel(kFamilyCount, [&](size_t i) { results[i] = write_family(kOrder[i], ingestion); });
    for (const Status& result : results) {
      TRY(result);
    }
    return {};
  }

  Status write_family(FamilyNumber family, kv::Ingestion& ingestion) {
    std::vector<std::span<const RowRef>> runs;
    for (LockedLane& lane : lanes_) {
      if (!lane.lane.rows(family).empty()) {
        runs.emplace_back(lane.lane.rows(family));
      }
    }
    std::string_view last;
    while (!runs.empty()) {
      auto least = std::min_element(runs.begin(), runs.end(), [](const auto& a, const auto& b) {
        return before(a.front(), b.front());
      });
      const RowRef& row = least->front();
      *least = least->subspan(1);
      // Of equal keys in a lane the last put stands; those of several lanes have the same value.
      bool again = row.key_view() == last ||
                   (!least->empty() && least->front().key_view() == row.key_view());
      if (least->empty()) {
        runs.erase(least);
      }
      if (!again) {
        TRY(ingestion.put(family, row.key_view(), row.value_view()));
        last = row.key_view();
      }
    }
    return {};
  }

  void start_over() {
    for (LockedLane& lane : lanes_) {
      lane.lane.clear();
    }
    bytes_ = 0;
    group_ = KvStore::Group();
    // What was written can be read again; places nothing was stored in yet are known here only.
    std::lock_guard lock(store_.places_mutex_);
    for (const auto& [ord, of_ord] : changes_) {
      store_.places_.erase(ord);
    }
    std::erase_if(store_.placed_, [this](const auto& entry) {
      return !store_.places_.contains(entry.second.value());
    });
    changes_.clear();
  }

  KvStore& store_;
  uint64_t budget_;
  std::atomic<uint64_t> bytes_{0};
  std::array<LockedLane, kLanes> lanes_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, OrdChanges> changes_;
  KvStore::Group group_;
  Status broken_;
};

Result<std::unique_ptr<BulkLoad>> KvStore::begin_bulk_load(uint64_t budget_bytes) {
  return std::make_unique<KvBulkLoad>(*this, budget_bytes);
}

}  // namespace continuum::record
