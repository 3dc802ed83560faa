// The ledger and the power: whoever was given a receipt finds their entry under its number for
// good, and what fails once is not gone on with.
#include <atomic>
#include <cstdlib>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "ledger/verify.h"
#include "record/ledger_fixture_test.h"
#include "record/power_cut_test.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

constexpr int kWriters = 4;
constexpr uint64_t kRounds = 6;

StoreOptions options_over(FileSystem& files, const Clock& clock) {
  StoreOptions options;
  options.data_folder = "/data";
  options.region_key = region_key();
  options.cache_bytes = 1 << 20;
  options.files = &files;
  options.clock = &clock;
  options.tiny = true;
  return options;
}

// What was acknowledged: the entries under their numbers, and resources together with them.
class Receipts {
 public:
  void keep(uint64_t first, const std::vector<ledger::Append>& appends,
            std::optional<Draw> with = std::nullopt) {
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < appends.size(); ++i) {
      EXPECT_TRUE(entries_.emplace(first + i, appends[i].entry).second) << "a number twice";
    }
    if (with) {
      commits_.emplace_back(first, *with);
    }
  }
  // The longest start of the ledger of which every entry was acknowledged.
  uint64_t prefix() const {
    uint64_t n = 0;
    while (entries_.contains(n)) {
      ++n;
    }
    return n;
  }
  ledger::Hash root_of_prefix() const {
    std::string hashes;
    std::vector<ledger::Hash> leaves;
    for (uint64_t n = 0; n < prefix(); ++n) {
      leaves.push_back(ledger::leaf_hash(entries_.at(n)));
    }
    return root_of(leaves);
  }
  const std::map<uint64_t, std::string>& entries() const { return entries_; }
  const std::vector<std::pair<uint64_t, Draw>>& commits() const { return commits_; }

 private:
  // RFC 9162 section 2.1.1, as it stands there.
  static ledger::Hash root_of(std::span<const ledger::Hash> leaves) {
    if (leaves.empty()) {
      return ledger::empty_root();
    }
    if (leaves.size() == 1) {
      return leaves.front();
    }
    size_t left = 1;
    while (left * 2 < leaves.size()) {
      left *= 2;
    }
    return ledger::node_hash(root_of(leaves.first(left)), root_of(leaves.subspan(left)));
  }

  std::mutex mutex_;
  std::map<uint64_t, std::string> entries_;
  std::vector<std::pair<uint64_t, Draw>> commits_;
};

Draw observation(uint64_t writer, uint64_t round) {
  return {"Observation", std::to_string(writer) + "-" + std::to_string(round),
          "p" + std::to_string(writer)};
}
uint64_t request_number(uint64_t writer, uint64_t round) {
  return writer * 1'000 + round;
}

// Appends as one who does something else meanwhile.
Result<uint64_t> append_without_waiting(Store& store, std::vector<ledger::Append> entries) {
  std::promise<Result<uint64_t>> number;
  store.append_ledger(std::move(entries), [&number](auto done) { number.set_value(done); });
  return number.get_future().get();
}

// One writer: requests, some of several persons, and every other one with a resource. Ends with the
// first refusal; true when there was none.
bool write(Store& store, uint64_t writer, uint64_t from, Receipts& receipts) {
  for (uint64_t round = from; round < from + kRounds; ++round) {
    std::vector<uint64_t> ords;
    for (uint64_t person = 0; person < (writer + round) % 3; ++person) {
      ords.push_back(20 + person + round);
    }
    auto appends = request_entries(store, request_number(writer, round), ords);
    if (round % 2 == 0) {
      auto number =
          round % 4 == 0 ? append_without_waiting(store, appends) : store.append_ledger(appends);
      if (!number) {
        return false;
      }
      receipts.keep(*number, appends);
    } else {
      std::vector<Prepared> items(1);
      Draw draw = observation(writer, round);
      Status prepared = Writer(store).prepare(draw, items[0]);
      auto result =
          prepared ? store.commit(items, appends) : Result<CommitResult>(fail(prepared.error()));
      if (!result) {
        return false;
      }
      receipts.keep(*result->ledger_number, appends, draw);
    }
  }
  return true;
}
bool write_from_all(Store& store, uint64_t from, Receipts& receipts) {
  std::atomic<bool> all{true};
  std::vector<std::thread> writers;
  for (uint64_t writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      if (!write(store, writer, from, receipts)) {
        all = false;
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  return all;
}

// A resource and its entry came in one commit: both are there, or neither.
void expect_both_or_neither(Store& store, uint64_t rounds) {
  auto view = store.view();
  auto ledger = view->ledger();
  ASSERT_TRUE(ledger);
  std::set<ledger::RequestId> there;
  ASSERT_TRUE(ledger->scan(0, ledger->size(), [&](uint64_t, std::string_view bytes) -> Status {
    TRY(auto entry, ledger::decode_entry(bytes));
    if (const auto* request = std::get_if<ledger::RequestEntry>(&entry)) {
      there.insert(request->id);
    }
    return {};
  }));
  for (uint64_t writer = 0; writer < kWriters; ++writer) {
    for (uint64_t round = 1; round < rounds; round += 2) {
      bool has_entry = there.contains(request_id(request_number(writer, round)));
      bool has_resource = Writer(store).read(observation(writer, round)).has_value();
      EXPECT_EQ(has_entry, has_resource) << writer << "-" << round;
    }
  }
}

void expect_kept(Store& store, const Receipts& receipts) {
  auto view = store.view();
  auto ledger = view->ledger();
  ASSERT_TRUE(ledger) << ledger.error().text();
  for (const auto& [number, bytes] : receipts.entries()) {
    auto entry = ledger->entry(number);
    ASSERT_TRUE(entry) << number << ": " << entry.error().text();
    ASSERT_EQ(*entry, bytes) << number;
  }
  EXPECT_EQ(*ledger::root_at(*ledger, receipts.prefix()), receipts.root_of_prefix());
  for (const auto& [number, draw] : receipts.commits()) {
    EXPECT_TRUE(Writer(store).read(draw)) << draw.own_id;
  }
  auto source = view->ledger_source();
  ASSERT_TRUE(source);
  EXPECT_TRUE(ledger::verify(*source, {}, {})->clean());
  auto report = store.check({});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->findings, std::vector<std::string>{});
}

class LedgerDurabilityTest : public testing::Test {
 protected:
  void live(uint64_t cut, bool& power_stayed_on) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    MemoryFileSystem disk;
    Receipts receipts;
    disk.cut_after(cut);
    if (auto store = open_store(options_over(disk, clock_))) {
      bool all = write_from_all(**store, 0, receipts);
      ASSERT_TRUE(all || disk.power_is_cut());
      power_stayed_on = !disk.power_is_cut();
    }
    disk.cut_power();
    disk.restore_power();

    auto store = open_store(options_over(disk, clock_));
    ASSERT_TRUE(store) << store.error().text();
    expect_kept(**store, receipts);
    expect_both_or_neither(**store, kRounds);
    // And it goes on from there.
    ASSERT_TRUE(write_from_all(**store, kRounds, receipts));
    expect_kept(**store, receipts);
    acknowledged_ += receipts.entries().size();
  }

  FakeClock clock_{Instant{1'700'000'000'000'000}};
  std::atomic<uint64_t> acknowledged_{0};
};

TEST_F(LedgerDurabilityTest, WhatWasAcknowledgedOutlivesAPowerCutAtEveryOperation) {
  uint64_t next = live_with_every_cut(
      cut_stride(5), [this](uint64_t cut, bool& power_stayed_on) { live(cut, power_stayed_on); });
  EXPECT_GT(next, 100U);
  EXPECT_GT(acknowledged_, 1'000U);
}

// A disk that is full after so many bytes; what doesn't fit is not written at all.
class FullDisk final : public FileSystem {
 public:
  explicit FullDisk(FileSystem& below) : below_(below) {}
  void fill_after(int64_t bytes) { left_ = bytes; }
  void make_room() { left_ = INT64_MAX; }
  bool was_full() const { return was_full_; }

  Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path,
                                                      OpenMode mode) override {
    TRY(auto file, below_.open_writable(path, mode));
    return std::make_unique<File>(*this, std::move(file));
  }
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    return below_.open_readable(path);
  }
  bool exists(const std::string& path) override { return below_.exists(path); }
  bool is_directory(const std::string& path) override { return below_.is_directory(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return below_.list(directory);
  }
  Status make_directories(const std::string& path) override {
    return below_.make_directories(path);
  }
  Status remove(const std::string& path) override { return below_.remove(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return below_.rename(from, to);
  }
  Status sync_directory(const std::string& path) override { return below_.sync_directory(path); }

 private:
  class File final : public WritableFile {
   public:
    File(FullDisk& disk, std::unique_ptr<WritableFile> below)
        : disk_(disk), below_(std::move(below)) {}
    Status append(std::string_view bytes) override {
      auto size = static_cast<int64_t>(bytes.size());
      if (disk_.left_.fetch_sub(size) < size) {
        disk_.left_ = 0;
        disk_.was_full_ = true;
        return fail(ErrorCode::kUnavailable, "no space left on the disk");
      }
      return below_->append(bytes);
    }
    Status sync() override { return below_->sync(); }
    Status truncate(uint64_t size) override { return below_->truncate(size); }
    uint64_t size() const override { return below_->size(); }

   private:
    FullDisk& disk_;
    std::unique_ptr<WritableFile> below_;
  };

  FileSystem& below_;
  std::atomic<int64_t> left_{INT64_MAX};
  std::atomic<bool> was_full_{false};
};

TEST_F(LedgerDurabilityTest, AFullDiskFailsClosedUntilARestart) {
  for (int64_t bytes : {0, 1, 100, 500, 1'500, 4'000, 9'000}) {
    SCOPED_TRACE(std::to_string(bytes) + " bytes");
    MemoryFileSystem disk;
    FullDisk full(disk);
    Receipts receipts;
    {
      auto store = open_store(options_over(full, clock_));
      ASSERT_TRUE(store) << store.error().text();
      ASSERT_TRUE(write_from_all(**store, 0, receipts));
      full.fill_after(bytes);
      for (uint64_t from = kRounds; from < 100 * kRounds && !full.was_full(); from += kRounds) {
        write_from_all(**store, from, receipts);
      }
      ASSERT_TRUE(full.was_full());
      // Room again: what is on the disk is still not known.
      full.make_room();
      for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE((*store)->append_ledger(request_entries(**store, 999'999, {17})));
        EXPECT_FALSE(Writer(**store).put({"Organization", "w", "shared", R"("name":"W")"}));
      }
    }
    auto store = open_store(options_over(full, clock_));
    ASSERT_TRUE(store) << store.error().text();
    expect_kept(**store, receipts);
    ASSERT_TRUE(write_from_all(**store, 500 * kRounds, receipts));
    expect_kept(**store, receipts);
  }
}

}  // namespace
}  // namespace continuum::record
