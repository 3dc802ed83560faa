#include "rocks/rocks_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/system_clock.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/check.h"
#include "rocks/encryption.h"
#include "rocks/log_check.h"
#include "rocks/seam_file_system.h"

namespace continuum::rocks {
namespace {

// The files of a load overlap all that is there. Merged into it as often as RocksDB would by
// itself, they cost as much as the load: so many of them, or bytes, may wait for it.
constexpr int kLevel0Files = 12;
constexpr uint64_t kLevelBaseBytes = uint64_t{1} << 30;
constexpr size_t kScanReadahead = 2 * 1024 * 1024;
constexpr uint64_t kIngestionFileMax = uint64_t{256} << 20;
constexpr size_t kCopyBytes = size_t{1} << 20;

rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// RocksDB's own messages name files, never keys or values.
tl::unexpected<Error> to_error(const rocksdb::Status& status) {
  ErrorCode code = ErrorCode::kUnavailable;
  // Opening wraps what the files below said of themselves.
  if (status.IsCorruption() || status.ToString().find("Corruption: ") != std::string::npos) {
    code = ErrorCode::kCorrupt;
  } else if (status.IsInvalidArgument()) {
    code = ErrorCode::kUnsupported;
  } else if (status.IsBusy()) {
    code = ErrorCode::kBusy;
  }
  return fail(code, "the store's files: " + status.ToString());
}

Status check(const rocksdb::Status& status) {
  if (!status.ok()) {
    return to_error(status);
  }
  return {};
}

// RocksDB's log would name key ranges; what matters comes back as a Status.
class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// For tests: RocksDB sleeps for a second after whatever failed in the background.
class HastyClock final : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "continuum-hasty"; }
  void SleepForMicroseconds(int micros) override {
    SystemClockWrapper::SleepForMicroseconds(std::min(micros, 1000));
  }
};

class HastyEnv final : public rocksdb::EnvWrapper {
 public:
  explicit HastyEnv(std::unique_ptr<rocksdb::Env> env) : EnvWrapper(std::move(env)) {
    system_clock_ = std::make_shared<HastyClock>(system_clock_);
  }
  const char* Name() const override { return "continuum-hasty"; }
};

class RocksCursor final : public kv::Cursor {
 public:
  RocksCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
              const rocksdb::Snapshot* snapshot, const kv::Range& range, kv::ReadKind kind,
              size_t prefix_size)
      : db_(db), family_(family), from_(range.from), to_(range.to), upper_(slice(to_)) {
    rocksdb::ReadOptions& options = options_;
    options.snapshot = snapshot;
    // SAFETY: only a range of one prefix may trust the filter; in others it would hide rows.
    bool has_one_prefix = prefix_size != 0 && from_.size() >= prefix_size && !to_.empty() &&
                          to_ == kv::prefix_end(from_.substr(0, prefix_size));
    options.prefix_same_as_start = has_one_prefix;
    options.total_order_seek = !has_one_prefix;
    if (!to_.empty()) {
      options.iterate_upper_bound = &upper_;
    }
    if (kind == kv::ReadKind::kScan) {
      options.fill_cache = false;
      options.readahead_size = kScanReadahead;
    }
    at_.reset(db.NewIterator(options, family));
  }
  bool next() override {
    if (!started_) {
      return seek(from_);
    }
    if (at_->Valid()) {
      at_->Next();
    }
    return at_->Valid();
  }
  bool seek(std::string_view key) override {
    started_ = true;
    at_->Seek(slice(key < from_ ? std::string_view(from_) : key));
    return at_->Valid();
  }
  bool seek_before(std::string_view key) override {
    started_ = true;
    if (options_.prefix_same_as_start) {
      // SAFETY: backwards the filter of prefixes would judge by the target, which may be of
      // another.
      options_.prefix_same_as_start = false;
      options_.total_order_seek = true;
      at_.reset(db_.NewIterator(options_, family_));
    }
    at_->SeekForPrev(slice(key));
    if (at_->Valid() && view(at_->key()) >= key) {
      at_->Prev();
    }
    return at_->Valid() && view(at_->key()) >= from_;
  }
  std::string_view key() const override { return view(at_->key()); }
  std::string_view value() const override { return view(at_->value()); }
  Status status() const override { return check(at_->status()); }

 private:
  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle* family_;
  rocksdb::ReadOptions options_;
  std::string from_;
  std::string to_;
  rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> at_;
  bool started_ = false;
};

class RocksSnapshot final : public kv::Snapshot {
 public:
  RocksSnapshot(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families,
                const std::vector<FamilySpec>& specs)
      : db_(db), families_(families), specs_(specs), snapshot_(db.GetSnapshot()) {}
  ~RocksSnapshot() override { db_.ReleaseSnapshot(snapshot_); }

  Result<bool> get(kv::Family family, std::string_view key, std::string& value) const override {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    rocksdb::PinnableSlice found(&value);
    rocksdb::Status status = db_.Get(options, families_.at(family), slice(key), &found);
    if (status.IsNotFound()) {
      return false;
    }
    if (!status.ok()) {
      return to_error(status);
    }
    if (found.IsPinned()) {
      value.assign(found.data(), found.size());
    }
    return true;
  }
  std::unique_ptr<kv::Cursor> scan(kv::Family family, const kv::Range& range,
                                   kv::ReadKind kind) const override {
    return std::make_unique<RocksCursor>(db_, families_.at(family), snapshot_, range, kind,
                                         specs_.at(family).prefix_size);
  }

 private:
  rocksdb::DB& db_;
  const std::vector<rocksdb::ColumnFamilyHandle*>& families_;
  const std::vector<FamilySpec>& specs_;
  const rocksdb::Snapshot* snapshot_;
};

class RocksStore final : public kv::Store {
 public:
  explicit RocksStore(const Options& options) : options_(options) {}
  ~RocksStore() override {
    for (auto* family : families_) {
      db_->DestroyColumnFamilyHandle(family);
    }
    if (db_ != nullptr) {
      db_->Close().PermitUncheckedError();
    }
  }

  Status open(OpenFor open_for);

  std::unique_ptr<kv::Snapshot> snapshot() override {
    return std::make_unique<RocksSnapshot>(*db_, families_, options_.families);
  }

  Status commit(const kv::Batch& batch, kv::Durability durability) override {
    rocksdb::WriteBatch writes;
    for (const auto& entry : batch.entries()) {
      auto* family = families_.at(entry.family);
      rocksdb::Status status =
          entry.removes ? writes.Delete(family, slice(batch.key(entry)))
                        : writes.Put(family, slice(batch.key(entry)), slice(batch.value(entry)));
      TRY(check(status));
    }
    rocksdb::WriteOptions options;
    options.sync = durability == kv::Durability::kSynced;
    return check(db_->Write(options, &writes));
  }

  Result<std::unique_ptr<kv::Ingestion>> begin_ingestion() override;

  Status flush() override { return check(db_->Flush(rocksdb::FlushOptions(), families_)); }

  // PERF: the lowest level is rewritten too, as that is where rows lie under their own removal.
  Status scrub(kv::Family family, const kv::Range& range) override {
    TRY(flush());
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    rocksdb::Slice from = slice(range.from);
    rocksdb::Slice to = slice(range.to);
    return check(db_->CompactRange(options, families_.at(family),
                                   range.from.empty() ? nullptr : &from,
                                   range.to.empty() ? nullptr : &to));
  }

  Status freeze(const std::string& folder) override;

  FamilySize family_size(kv::Family family) override {
    auto number = [&](const std::string& property) {
      uint64_t value = 0;
      db_->GetIntProperty(families_.at(family), property, &value);
      return value;
    };
    return {number(rocksdb::DB::Properties::kLiveSstFilesSize) +
                number(rocksdb::DB::Properties::kCurSizeAllMemTables),
            number(rocksdb::DB::Properties::kEstimateNumKeys)};
  }

  rocksdb::DB& db() { return *db_; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return families_; }
  std::string ingestion_folder() const { return options_.path + "/ingest"; }
  rocksdb::Env& env() { return *env_; }
  rocksdb::ColumnFamilyOptions family_options(const FamilySpec& spec) const;
  const FamilySpec& spec(kv::Family family) const { return options_.families.at(family); }
  uint64_t next_file_number() { return next_file_.fetch_add(1); }

 private:
  rocksdb::DBOptions db_options() const;
  continuum::FileSystem& files() const {
    return options_.files != nullptr ? *options_.files : posix_files();
  }
  Status check_logs() const;
  Status remove_leftovers();
  Status freeze_file(const rocksdb::LiveFileStorageInfo& file, const std::string& to);

  Options options_;
  std::unique_ptr<rocksdb::Env> env_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::atomic<uint64_t> next_file_{1};
};

rocksdb::DBOptions RocksStore::db_options() const {
  rocksdb::DBOptions options;
  options.env = env_.get();
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.db_write_buffer_size = options_.write_buffer_bytes;
  options.max_background_jobs = 2;
  options.max_open_files = 4096;
  options.info_log = std::make_shared<SilentLogger>();
  options.bytes_per_sync = 1 << 20;
  // What was acknowledged is synced; what follows a torn record never was.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.track_and_verify_wals_in_manifest = true;  // a log that others follow has no torn end
  options.max_total_wal_size = options_.write_buffer_bytes * 2;
  return options;
}

rocksdb::ColumnFamilyOptions RocksStore::family_options(const FamilySpec& spec) const {
  rocksdb::ColumnFamilyOptions options;
  options.compression =
      spec.content == Content::kRandom ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  options.bottommost_compression = options.compression;
  options.write_buffer_size = options_.tiny ? 16 * 1024 : size_t{32} << 20;
  options.level_compaction_dynamic_level_bytes = true;
  options.level0_file_num_compaction_trigger = kLevel0Files;
  options.max_bytes_for_level_base = kLevelBaseBytes;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache_;
  table.block_size = options_.tiny ? 512 : spec.block_size;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = spec.looked_up;
  if (spec.looked_up) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  if (spec.prefix_size != 0) {
    CHECK(spec.looked_up);
    options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(spec.prefix_size));
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Status RocksStore::open(OpenFor open_for) {
  std::shared_ptr<rocksdb::FileSystem> disk =
      options_.files != nullptr ? on_seam(*options_.files) : rocksdb::FileSystem::Default();
  env_ = rocksdb::NewCompositeEnv(enciphered(disk, options_.file_key));
  if (options_.tiny) {
    env_ = std::make_unique<HastyEnv>(std::move(env_));
  }
  cache_ = rocksdb::NewLRUCache(options_.cache_bytes);
  if (open_for == OpenFor::kWriting) {
    TRY(files().make_directories(options_.path));
  }
  TRY(check_logs());
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (const FamilySpec& spec : options_.families) {
    descriptors.emplace_back(spec.name, family_options(spec));
  }
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::Status status =
      open_for == OpenFor::kWriting
          ? rocksdb::DB::Open(db_options(), options_.path, descriptors, &handles, &db)
          : rocksdb::DB::OpenForReadOnly(db_options(), options_.path, descriptors, &handles, &db);
  if (!status.ok()) {
    if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
      return fail(ErrorCode::kConflict, "another process has the data folder open: stop it first");
    }
    return to_error(status);
  }
  db_.reset(db);
  CHECK(handles.size() == options_.families.size() + 1);
  db_->DestroyColumnFamilyHandle(handles.front());
  families_.assign(handles.begin() + 1, handles.end());
  if (open_for == OpenFor::kReadOnly) {
    return {};
  }
  return remove_leftovers();  // not before the folder is ours: they may be another's at work
}

Status RocksStore::check_logs() const {
  std::vector<std::string> names;
  rocksdb::Status listed = env_->GetChildren(options_.path, &names);
  if (!listed.ok()) {
    return listed.IsNotFound() ? Status() : check(listed);
  }
  for (const std::string& name : names) {
    const std::string path = options_.path + "/" + name;
    std::string log;
    if (!name.ends_with(".log")) {
      continue;
    }
    TRY(check(rocksdb::ReadFileToString(env_.get(), path, &log)));
    if (auto at = damage_in_log(log)) {
      return fail(ErrorCode::kCorrupt,
                  "the store's files: a log is damaged, and what it says after that would be lost",
                  {{path, "from byte " + std::to_string(*at + kFilePrefixSize) +
                              " on; bring back a backup, or this file from a copy"}});
    }
  }
  return {};
}

// Files of an ingestion that a crash cut short.
Status RocksStore::remove_leftovers() {
  std::string folder = ingestion_folder();
  TRY(files().make_directories(folder));
  TRY(auto names, files().list(folder));
  for (const std::string& name : names) {
    TRY(files().remove(folder + "/" + name));
  }
  return {};
}

// The first `size` bytes of a file as they lie on the disk.
Status copy_start(continuum::FileSystem& files, const std::string& from, const std::string& to,
                  uint64_t size) {
  TRY(auto source, files.open_readable(from));
  TRY(auto target, files.open_writable(to, OpenMode::kTruncate));
  for (uint64_t at = 0; at < size;) {
    TRY(std::string bytes,
        source->read(at, static_cast<size_t>(std::min<uint64_t>(kCopyBytes, size - at))));
    if (bytes.empty()) {
      return fail(ErrorCode::kCorrupt, "the store's files: one is shorter than it should be",
                  {{from, std::to_string(at) + " bytes of " + std::to_string(size)}});
    }
    TRY(target->append(bytes));
    at += bytes.size();
  }
  return {};
}

Status RocksStore::freeze_file(const rocksdb::LiveFileStorageInfo& file, const std::string& to) {
  if (!file.replacement_contents.empty()) {
    return check(rocksdb::WriteStringToFile(env_.get(), file.replacement_contents, to));
  }
  const std::string from = file.directory + "/" + file.relative_filename;
  if (!file.trim_to_size) {
    Status linked = files().link(from, to);
    if (linked || linked.error().code != ErrorCode::kUnsupported) {
      return linked;
    }
  }
  return copy_start(files(), from, to, file.size + kFilePrefixSize);
}

// The names that RocksDB lists are of one moment, and none of them goes while deletions wait. Bytes
// are taken as they lie on the disk: a copy is the same file, and known by the same digest.
Status RocksStore::freeze(const std::string& folder) {
  if (files().exists(folder)) {
    return fail(ErrorCode::kConflict, "there is a folder of that name: " + folder);
  }
  TRY(files().make_directories(folder));
  TRY(check(db_->DisableFileDeletions()));
  auto freeze_all = [&]() -> Status {
    std::vector<rocksdb::LiveFileStorageInfo> live;
    rocksdb::LiveFilesStorageInfoOptions options;
    options.wal_size_for_flush = 0;  // what the log holds goes into files that can be shared
    TRY(check(db_->GetLiveFilesStorageInfo(options, &live)));
    for (const rocksdb::LiveFileStorageInfo& file : live) {
      TRY(freeze_file(file, folder + "/" + file.relative_filename));
    }
    return {};
  };
  Status frozen = freeze_all();
  Status resumed = check(db_->EnableFileDeletions(/*force=*/false));
  return frozen ? resumed : frozen;
}

class RocksIngestion final : public kv::Ingestion {
 public:
  explicit RocksIngestion(RocksStore& store) : store_(store), paths_(store.families().size()) {}
  ~RocksIngestion() override {
    for (const auto& paths : paths_) {
      for (const std::string& path : paths) {
        store_.env().DeleteFile(path).PermitUncheckedError();  // gone when it was taken in
      }
    }
  }

  std::unique_ptr<Part> start_part(kv::Family family) override;

  Status finish() override {
    std::vector<rocksdb::IngestExternalFileArg> arguments;
    for (size_t family = 0; family < paths_.size(); ++family) {
      if (paths_[family].empty()) {
        continue;
      }
      rocksdb::IngestExternalFileArg argument;
      argument.column_family = store_.families()[family];
      argument.external_files = paths_[family];
      argument.options.move_files = true;
      argument.options.failed_move_fall_back_to_copy = true;
      argument.options.write_global_seqno = false;
      arguments.push_back(std::move(argument));
    }
    return arguments.empty() ? Status() : check(store_.db().IngestExternalFiles(arguments));
  }

  Result<std::unique_ptr<rocksdb::SstFileWriter>> start_file(kv::Family family) {
    rocksdb::Options options(rocksdb::DBOptions(), store_.family_options(store_.spec(family)));
    options.env = &store_.env();
    auto writer = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), options);
    std::string path =
        store_.ingestion_folder() + "/" + std::to_string(store_.next_file_number()) + ".sst";
    {
      std::lock_guard lock(mutex_);
      paths_[family].push_back(path);
    }
    TRY(check(writer->Open(path)));
    return writer;
  }

 private:
  RocksStore& store_;
  std::mutex mutex_;
  std::vector<std::vector<std::string>> paths_;  // by family
};

class RocksPart final : public kv::Ingestion::Part {
 public:
  RocksPart(RocksIngestion& ingestion, kv::Family family)
      : ingestion_(ingestion), family_(family) {}
  ~RocksPart() override {
    if (writer_ != nullptr) {
      writer_->Finish().PermitUncheckedError();
    }
  }

  Status put(std::string_view key, std::string_view value) override {
    if (writer_ != nullptr && writer_->FileSize() > kIngestionFileMax) {
      TRY(close());
    }
    if (writer_ == nullptr) {
      TRY(writer_, ingestion_.start_file(family_));
    }
    return check(writer_->Put(slice(key), slice(value)));
  }

  Status close() override {
    auto writer = std::move(writer_);
    return writer == nullptr ? Status() : check(writer->Finish());
  }

 private:
  RocksIngestion& ingestion_;
  kv::Family family_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
};

std::unique_ptr<kv::Ingestion::Part> RocksIngestion::start_part(kv::Family family) {
  return std::make_unique<RocksPart>(*this, family);
}

Result<std::unique_ptr<kv::Ingestion>> RocksStore::begin_ingestion() {
  return std::make_unique<RocksIngestion>(*this);
}

}  // namespace

Result<std::unique_ptr<kv::Store>> open_store(const Options& options, OpenFor open_for) {
  auto store = std::make_unique<RocksStore>(options);
  TRY(store->open(open_for));
  return store;
}

}  // namespace continuum::rocks
