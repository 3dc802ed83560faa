// Freezing a moment of the store, and reading what it says of itself.
#include "base/bytes.h"
#include "ledger/log.h"
#include "record/kv/kv_store.h"
#include "record/kv/rocks_options.h"
#include "record/moment.h"

namespace continuum::record {
namespace {

constexpr uint64_t kCacheBytes = uint64_t{8} << 20;

}  // namespace

class KvMoment final : public Moment {
 public:
  explicit KvMoment(KvStore::MomentPlace& place) : place_(place) {}
  ~KvMoment() override {
    ignore_error(remove_tree(*place_.files, place_.folder),
                 "what is left is removed before the next, and when the store is opened");
    place_.is_taken = false;
  }
  const std::string& folder() const override { return place_.folder; }

 private:
  KvStore::MomentPlace& place_;
};

Status KvStore::use_moment_folder(FileSystem& files, const std::string& folder) {
  TRY(remove_tree(files, folder));
  moment_.files = &files;
  moment_.folder = folder;
  return {};
}

Result<std::unique_ptr<Moment>> KvStore::freeze() {
  if (moment_.files == nullptr) {
    return fail(ErrorCode::kUnsupported, "a store in memory has no files to be backed up");
  }
  if (moment_.is_taken.exchange(true)) {
    return fail(ErrorCode::kBusy, "another backup is being made");
  }
  auto moment = std::make_unique<KvMoment>(moment_);
  TRY(remove_tree(*moment_.files, moment_.folder));
  TRY(kv_->freeze(moment_.folder));
  return moment;
}

Result<MomentFacts> read_moment(FileSystem& files, const std::string& folder,
                                const crypto::Key& file_key) {
  StoreOptions options;
  options.data_folder = folder;
  options.cache_bytes = kCacheBytes;
  options.files = &files == &posix_files() ? nullptr : &files;
  TRY(auto kv, rocks::open_store(rocks_options(options, file_key), rocks::OpenFor::kReadOnly));
  auto snapshot = kv->snapshot();
  MomentFacts facts;
  std::string format;
  TRY(bool exists, snapshot->get(kMeta, kMetaFormat, format));
  if (!exists) {
    return fail(ErrorCode::kCorrupt, "the files hold no store", {{folder, ""}});
  }
  TRY(facts.format, ByteReader(format).u32());
  TRY(facts.t, read_counter(*snapshot, kMetaT));
  TRY(auto log, ledger::Log::open(*snapshot, kLedgerFamilies));
  facts.ledger_size = log.size();
  facts.ledger_root = log.root();
  return facts;
}

}  // namespace continuum::record
