#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <unordered_set>

#include "base/check.h"
#include "record/kv/changes.h"
#include "record/kv/kv_store.h"
#include "record/kv/row_buffer.h"

namespace continuum::record {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kSortThreads = 2;
constexpr size_t kPivotSample = 1001;
// Each is an open file and a buffer while they are merged.
constexpr size_t kPutAsidesMax = 64;

auto put_into(RowBuffer& rows) {
  return [&rows](FamilyNumber family, std::string_view key, std::string_view value) {
    rows.put(family, key, value);
  };
}

}  // namespace

// Each ord touched since rows were last written gets one t. Rows carry it as they are made, so
// nothing is rewritten later.
class KvBulkLoad final : public BulkLoad {
 public:
  KvBulkLoad(KvStore& store, const BulkLoadOptions& options) : store_(store), options_(options) {}

  Status add(const Prepared& item) override {
    CHECK(item.is_new());
    Status added = add_rows(item);
    if (!added) {
      std::lock_guard lock(mutex_);
      broken_ = added;  // its changes may be noted, and its rows not there
    }
    return added;
  }

  bool is_full() const override { return bytes_.load() >= options_.buffer_bytes; }

  Status make_room() override {
    TRY(broken_);
    if (store_.temporary_.folder.empty() || put_asides_ == kPutAsidesMax ||
        put_aside_ + bytes_.load() > options_.put_aside_bytes) {
      return flush();
    }
    if (!changes_.empty()) {
      // The rows are given away as they are written: a second try would write a part.
      broken_ = put_aside();
    }
    return broken_;
  }

  Status flush() override {
    TRY(broken_);
    if (changes_.empty() && put_aside_ == 0) {
      return {};
    }
    broken_ = ingest();
    TRY(broken_);
    store_.last_t_ = group_.t;
    store_.all_changed_t_ = group_.t;
    store_.last_person_ = group_.person;
    store_.last_instant_ = group_.instant;
    forget_what_was_written();
    return {};
  }

 private:
  struct LockedLane {
    std::mutex mutex;
    RowBuffer rows;
  };
  struct OrdChanges {
    T t = 0;
    std::vector<Change> changes;
  };
  // The rows of one family from one key to another: what one thread sorts, puts aside and writes.
  struct Part {
    FamilyNumber family = kPostings;
    std::string from;
    std::optional<std::string> to;
    std::vector<std::unique_ptr<RowRun>> runs = {};
  };
  // What a thread sorts on.
  struct Desk {
    std::vector<RowRef> rows;
    RowSorter sorter;
  };

  static size_t lane_of_this_thread() {
    static std::atomic<size_t> next{0};
    thread_local size_t lane = next.fetch_add(1) % kLanes;
    return lane;
  }

  void start_group() {
    if (group_.before == nullptr) {
      group_.before = store_.kv_view();
      group_.t = store_.last_t_;
      group_.person = store_.last_person_;
      group_.instant = store_.next_instant();
    }
  }

  Status add_rows(const Prepared& item) {
    RowHeader header = item.header;
    header.version = 1;
    std::vector<T> copy_ts;
    {
      std::lock_guard lock(mutex_);
      start_group();
      TRY(header.t, note(item));
      for (const Prepared::Copy& copy : item.copies) {
        copy_ts.push_back(note_change(copy.key, header.source));
      }
      header.instant = group_.instant;
    }
    LockedLane& lane = lanes_[lane_of_this_thread()];
    std::lock_guard lock(lane.mutex);
    size_t before_bytes = lane.rows.bytes();
    auto put = put_into(lane.rows);
    write_item_rows(item, header, put);
    for (size_t i = 0; i < item.copies.size(); ++i) {
      header.t = copy_ts[i];
      write_copy_rows(item, item.copies[i], header, put);
    }
    bytes_.fetch_add(lane.rows.bytes() - before_bytes);
    return {};
  }

  // The t of the item's ord. Caller of this and the next holds mutex_.
  T note_change(const ItemKey& key, SourceNumber source) {
    OrdChanges& of_ord = changes_[key.ord.value()];
    if (of_ord.t == 0) {
      of_ord.t = ++group_.t;
    }
    of_ord.changes.push_back({key, 1, false, source});
    return of_ord.t;
  }

  // The same, and the item's link is noted.
  Result<T> note(const Prepared& item) {
    T t = note_change(item.key, item.header.source);
    TRY(auto link, store_.read_link(item, group_));
    if (link) {
      store_.write_link(item, *link, t, group_);
    }
    return t;
  }

  // Changes, times and links, as rows beside the others.
  void write_commits() {
    auto put = put_into(lanes_[0].rows);
    for (auto& [ord, of_ord] : changes_) {
      write_changes(of_ord.t, of_ord.changes, put);
      put(kTimes, t_key(of_ord.t), encode_instant(group_.instant));
      written_ords_.insert(ord);
    }
    changes_.clear();
    for (const auto& entry : group_.batch.entries()) {
      put(static_cast<FamilyNumber>(entry.family), group_.batch.key(entry),
          group_.batch.value(entry));
    }
    group_.batch.clear();
  }

  // Places and counters as they are when all is taken in: what waits for a commit after that has
  // reserved its items already.
  void write_counters() {
    auto put = put_into(lanes_[0].rows);
    std::lock_guard lock(store_.places_mutex_);
    for (uint64_t ord : written_ords_) {
      if (auto place = store_.places_.find(ord); place != store_.places_.end()) {
        store_.write_place(Ord::from_value(ord), place->second, put);
      }
    }
    std::string value;
    put_u64(value, group_.t);
    put(kMeta, kMetaT, value);
    value.clear();
    put_u64(value, group_.person);
    put(kMeta, kMetaPerson, value);
  }

  Status put_aside() {
    uint64_t bytes = bytes_.load();
    write_commits();
    TRY(for_each_part([this](Part& part, Desk& desk) { return put_part_aside(part, desk); }));
    put_aside_ += bytes;
    ++put_asides_;
    clear_lanes();
    return {};
  }

  Status put_part_aside(Part& part, Desk& desk) {
    SortedRows rows(sorted_rows_of(part, desk));
    TRY(bool has_row, rows.next());
    if (!has_row) {
      return {};
    }
    auto run = store_.temporary_run();
    TRY(auto writer, run->write());
    while (has_row) {
      TRY(writer->put(rows.key(), rows.value()));
      TRY(has_row, rows.next());
    }
    TRY(writer->close());
    part.runs.push_back(std::move(run));
    return {};
  }

  Status ingest() {
    write_commits();
    write_counters();
    TRY(store_.keys_->sync());
    TRY(auto ingestion, store_.kv_->begin_ingestion());
    TRY(for_each_part([&](Part& part, Desk& desk) { return ingest_part(part, desk, *ingestion); }));
    // PERF: for a snapshot's sake the engine would stamp the rows as newer than it, and rewrite the
    // files later to take the stamps off.
    group_.before.reset();
    return ingestion->finish();
  }

  Status ingest_part(Part& part, Desk& desk, kv::Ingestion& ingestion) {
    std::vector<std::unique_ptr<RowSource>> sources;
    for (const auto& run : part.runs) {
      TRY(auto source, run->read());
      sources.push_back(std::move(source));
    }
    sources.push_back(std::make_unique<SortedRows>(sorted_rows_of(part, desk)));
    RowMerge rows(std::move(sources));
    auto written = ingestion.start_part(part.family);
    for (;;) {
      TRY(bool has_row, rows.next());
      if (!has_row) {
        return written->close();
      }
      TRY(written->put(rows.key(), rows.value()));
    }
  }

  // What the lanes hold of it. Valid until the desk is used again.
  std::span<const RowRef> sorted_rows_of(const Part& part, Desk& desk) {
    desk.rows.clear();
    for (const LockedLane& lane : lanes_) {
      for (const RowRef& row : lane.rows.rows(part.family)) {
        std::string_view key = row.key_view();
        if (key >= part.from && (!part.to || key < *part.to)) {
          desk.rows.push_back(row);
        }
      }
    }
    desk.sorter.sort(desk.rows);
    return desk.rows;
  }

  // Runs `work(part, desk)` for every part on kSortThreads threads; the first error of all.
  template <typename Work>
  Status for_each_part(const Work& work) {
    if (parts_.empty()) {
      make_parts();
    }
    std::vector<Status> results(parts_.size());
    std::atomic<size_t> next{0};
    auto run = [&](Desk& desk) {
      for (size_t i = next.fetch_add(1); i < parts_.size(); i = next.fetch_add(1)) {
        results[i] = work(parts_[i], desk);
      }
    };
    std::vector<std::thread> threads;
    for (size_t i = 1; i < kSortThreads; ++i) {
      threads.emplace_back(run, std::ref(desks_[i]));
    }
    run(desks_[0]);
    for (std::thread& thread : threads) {
      thread.join();
    }
    for (const Status& result : results) {
      TRY(result);
    }
    return {};
  }

  // The largest first, so that the threads end together; postings, half of all rows, in two.
  void make_parts() {
    std::string pivot = median_key(kPostings);
    parts_.push_back({kPostings, "", pivot});
    parts_.push_back({kPostings, pivot, std::nullopt});
    for (FamilyNumber family : {kRanges, kCurrent, kDirectory, kTimeline, kCare, kLedger, kAccesses,
                                kChanges, kTimes, kLinks, kMeta, kHistory}) {
      parts_.push_back({family, "", std::nullopt});
    }
  }

  // Of a sample of what is in the lanes.
  std::string median_key(FamilyNumber family) const {
    std::vector<std::string_view> sample;
    for (const LockedLane& lane : lanes_) {
      std::span<const RowRef> rows = lane.rows.rows(family);
      size_t step = rows.size() / kPivotSample + 1;
      for (size_t i = 0; i < rows.size(); i += step) {
        sample.push_back(rows[i].key_view());
      }
    }
    if (sample.empty()) {
      return {};
    }
    auto middle = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
    std::nth_element(sample.begin(), middle, sample.end());
    return std::string(*middle);
  }

  void clear_lanes() {
    for (LockedLane& lane : lanes_) {
      lane.rows.clear();
    }
    bytes_ = 0;
  }

  void forget_what_was_written() {
    clear_lanes();
    parts_.clear();
    put_aside_ = 0;
    put_asides_ = 0;
    group_ = KvStore::Group();
    // What was written can be read again; places nothing was stored in yet are known here only.
    std::lock_guard lock(store_.places_mutex_);
    for (uint64_t ord : written_ords_) {
      store_.places_.erase(ord);
    }
    written_ords_.clear();
    std::erase_if(store_.placed_, [this](const auto& entry) {
      return !store_.places_.contains(entry.second.value());
    });
  }

  KvStore& store_;
  BulkLoadOptions options_;
  std::atomic<uint64_t> bytes_{0};
  std::array<LockedLane, kLanes> lanes_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, OrdChanges> changes_;
  KvStore::Group group_;
  std::vector<Part> parts_;
  std::array<Desk, kSortThreads> desks_;
  uint64_t put_aside_ = 0;  // bytes as they were in the lanes
  size_t put_asides_ = 0;   // runs of each part
  std::unordered_set<uint64_t> written_ords_;
  Status broken_;
};

Result<std::unique_ptr<BulkLoad>> KvStore::begin_bulk_load(const BulkLoadOptions& options) {
  return std::make_unique<KvBulkLoad>(*this, options);
}

std::unique_ptr<RowRun> KvStore::temporary_run() {
  uint64_t number = temporary_.next_number.fetch_add(1);
  return std::make_unique<RowRun>(*temporary_.files,
                                  temporary_.folder + "/" + std::to_string(number) + ".run",
                                  temporary_.key, number);
}

}  // namespace continuum::record
