#include "record/key_store.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/random.h"

namespace continuum::record {
namespace {

constexpr std::string_view kMagic("CTMKEYS\x02", 8);
constexpr size_t kHeadSize = kMagic.size() + kKeyMarkSize;
constexpr uint64_t kFileBytesMax = uint64_t{16} << 30;
constexpr size_t kRecordsAtOnce = 4096;  // sealed, then written
constexpr Purpose kPurposes[] = {Purpose::kFiles, Purpose::kIds, Purpose::kPageTokens,
                                 Purpose::kErasures};

std::string path_in(const std::string& folder) {
  return folder + "/keys.log";
}

std::string head_of(const crypto::Key& region_key) {
  return std::string(kMagic) + key_mark(region_key);
}

crypto::Key new_key() {
  return crypto::key_from(SecureRandom().bytes(32));
}

KeyId id_of(Purpose purpose) {
  return {KeyKind::kPurpose, static_cast<uint64_t>(purpose)};
}

}  // namespace

Result<std::unique_ptr<KeyStore>> KeyStore::open(FileSystem& files, const std::string& folder,
                                                 const crypto::Key& region_key) {
  TRY(files.make_directories(folder));
  std::unique_ptr<KeyStore> store(new KeyStore(files, path_in(folder), region_key));
  if (files.exists(store->path_)) {
    TRY(store->read_records());
  }
  TRY(store->make_purpose_keys());
  TRY(store->remove_if_there(store->path_ + ".next"));
  return store;
}

Result<std::optional<crypto::Key>> KeyStore::peek(FileSystem& files, const std::string& folder,
                                                  const crypto::Key& region_key, Purpose purpose) {
  KeyStore store(files, path_in(folder), region_key);
  if (!files.exists(store.path_)) {
    return std::optional<crypto::Key>();
  }
  TRY(store.read_records(purpose));
  auto found = store.keys_of(KeyKind::kPurpose).find(static_cast<uint64_t>(purpose));
  return found == store.keys_of(KeyKind::kPurpose).end()
             ? std::nullopt
             : std::optional<crypto::Key>(found->second);
}

Result<std::vector<KeyRecord>> KeyStore::read(FileSystem& files, const std::string& folder,
                                              const crypto::Key& region_key) {
  KeyStore store(files, path_in(folder), region_key);
  if (!files.exists(store.path_)) {
    return fail(ErrorCode::kNotFound, "there is no key store in that folder", {{folder, ""}});
  }
  TRY(store.read_records());
  TRY(store.check_purpose_keys());
  return store.all_records();
}

Status KeyStore::make(FileSystem& files, const std::string& folder, const crypto::Key& region_key,
                      std::span<const KeyRecord> keys) {
  std::string path = path_in(folder);
  if (files.exists(path)) {
    return fail(ErrorCode::kConflict, "there is a key store already",
                {{path, "move it away first, if it is really to be replaced"}});
  }
  TRY(files.make_directories(folder));
  std::string bytes = head_of(region_key);
  // Purpose keys come first: peek() looks no further.
  for (bool purposes : {true, false}) {
    for (const KeyRecord& key : keys) {
      if ((key.id.kind == KeyKind::kPurpose) == purposes) {
        put_key_record(bytes, region_key, key);
      }
    }
  }
  TRY(replace_file(files, path, bytes));
  return files.sync_directory(parent_directory(folder));
}

// The mark may be damaged, and the key right: then the first record opens.
Status KeyStore::check_mark(ByteReader& reader) const {
  TRY(auto mark, reader.take(kKeyMarkSize));
  const std::string given = key_mark(region_key_);
  if (mark == given) {
    return {};
  }
  if (ByteReader next = reader; take_key_record(next, region_key_)) {
    return fail(ErrorCode::kCorrupt, path_ + ": the mark of its region key is damaged");
  }
  return fail(ErrorCode::kForbidden, "the region key is not the one this key store is sealed under",
              {{path_, "sealed under the key marked " + shown_mark(mark) +
                           ", and the one given is marked " + shown_mark(given)},
               {"", "give the right key by --region-key FILE or CONTINUUM_REGION_KEY"}});
}

Status KeyStore::read_records(std::optional<Purpose> until) {
  TRY(std::string bytes, read_file(files_, path_, kFileBytesMax));
  if (bytes.size() < kHeadSize) {
    return {};  // cut short while it was first made: nothing can depend on it
  }
  ByteReader reader(bytes);
  TRY(auto magic, reader.take(kMagic.size()));
  if (magic != kMagic) {
    return fail(ErrorCode::kCorrupt, path_ + " is not a key store of this version");
  }
  TRY(check_mark(reader));
  for (size_t index = 0; reader.rest().size() >= kKeyRecordSize; ++index) {
    auto record = take_key_record(reader, region_key_);
    if (!record && record.error().code == ErrorCode::kUnsupported) {
      return fail(ErrorCode::kUnsupported, path_ + ": " + record.error().message,
                  {{path_, "use a newer program"}});
    }
    if (!record) {
      if (reader.rest().size() < kKeyRecordSize) {
        break;  // the last record, torn by a power cut before it was synced
      }
      return fail(ErrorCode::kCorrupt,
                  path_ + ": record " + std::to_string(index + 1) + " doesn't open");
    }
    keys_of(record->id.kind)[record->id.number] = record->key;
    ++whole_records_;
    if (until && record->id == id_of(*until)) {
      return {};
    }
  }
  return {};
}

Status KeyStore::remove_if_there(const std::string& path) {
  return files_.exists(path) ? files_.remove(path) : Status();
}

// SAFETY: a torn end is normally of a key nobody used. If it was a damaged key instead, its bytes
// are still there for a rescue.
Status KeyStore::keep_torn_end(uint64_t whole) {
  TRY(std::string bytes, read_file(files_, path_, kFileBytesMax));
  return replace_file(files_, path_ + ".torn", std::string_view(bytes).substr(whole));
}

Status KeyStore::make_purpose_keys() {
  bool fresh = keys_of(KeyKind::kPurpose).empty();
  uint64_t whole = kHeadSize + whole_records_ * kKeyRecordSize;
  if (fresh) {
    // A file without one whole record holds nothing anybody has used: start again.
    std::string start = head_of(region_key_);
    for (Purpose purpose : kPurposes) {
      KeyRecord record{id_of(purpose), new_key()};
      keys_of(KeyKind::kPurpose)[record.id.number] = record.key;
      put_key_record(start, region_key_, record);
    }
    TRY(replace_file(files_, path_, start));
    TRY(files_.sync_directory(parent_directory(parent_directory(path_))));
  }
  TRY(file_, files_.open_writable(path_, OpenMode::kAppend));
  if (!fresh && file_->size() > whole) {
    TRY(keep_torn_end(whole));
    TRY(file_->truncate(whole));
  }
  return check_purpose_keys();
}

Status KeyStore::check_purpose_keys() const {
  for (Purpose purpose : kPurposes) {
    if (!keys_of(KeyKind::kPurpose).contains(static_cast<uint64_t>(purpose))) {
      return fail(ErrorCode::kCorrupt, path_ + " lacks a purpose key");
    }
  }
  return {};
}

std::vector<KeyRecord> KeyStore::all_records() const {
  std::vector<KeyRecord> records;
  for (KeyKind kind : {KeyKind::kPurpose, KeyKind::kData, KeyKind::kAudit, KeyKind::kAuditMonth}) {
    for (const auto& [number, key] : keys_of(kind)) {
      records.push_back({{kind, number}, key});
    }
  }
  std::sort(records.begin(), records.end(),
            [](const KeyRecord& a, const KeyRecord& b) { return a.id < b.id; });
  return records;
}

Result<crypto::Key> KeyStore::find_key(const KeyId& id) const {
  std::shared_lock lock(keys_mutex_);
  const Keys& keys = keys_of(id.kind);
  auto found = keys.find(id.number);
  if (found == keys.end()) {
    return fail(ErrorCode::kNotFound, "the key store has no such key");
  }
  return found->second;
}

crypto::Key KeyStore::key_or_new(const KeyId& id) {
  if (auto known = find_key(id)) {
    return *known;
  }
  std::unique_lock lock(keys_mutex_);
  auto [found, is_new] = keys_of(id.kind).try_emplace(id.number);
  if (is_new) {
    found->second = new_key();
    unwritten_.push_back(id);
  }
  return found->second;
}

Result<crypto::Key> KeyStore::data_key(Ord ord) const {
  return find_key({KeyKind::kData, ord.value()});
}

crypto::Key KeyStore::purpose_key(Purpose purpose) const {
  std::shared_lock lock(keys_mutex_);
  return keys_of(KeyKind::kPurpose).at(static_cast<uint64_t>(purpose));
}

// PERF: the audit key comes along, so that the first look at a patient waits for no second sync.
crypto::Key KeyStore::data_key_or_new(Ord ord) {
  if (auto known = data_key(ord)) {
    return *known;
  }
  audit_key_or_new(ord);
  return key_or_new({KeyKind::kData, ord.value()});
}

Result<crypto::Key> KeyStore::audit_key(Ord ord) const {
  return find_key({KeyKind::kAudit, ord.value()});
}

crypto::Key KeyStore::audit_key_or_new(Ord ord) {
  return key_or_new({KeyKind::kAudit, ord.value()});
}

Result<crypto::Key> KeyStore::audit_month_key(uint16_t month) const {
  return find_key({KeyKind::kAuditMonth, month});
}

crypto::Key KeyStore::audit_month_key_or_new(uint16_t month) {
  return key_or_new({KeyKind::kAuditMonth, month});
}

// A key that was destroyed since it was asked for is left out.
void KeyStore::put_records(std::string& out, const crypto::Key& region_key,
                           std::span<const KeyId> ids) const {
  for (const KeyId& id : ids) {
    if (auto key = find_key(id)) {
      put_key_record(out, region_key, {id, *key});
    }
  }
}

Status KeyStore::sync() {
  std::lock_guard write_lock(write_mutex_);
  TRY(broken_);
  std::vector<KeyId> ids;
  {
    std::unique_lock lock(keys_mutex_);
    ids.swap(unwritten_);
  }
  if (ids.empty()) {
    return {};
  }
  std::string records;
  put_records(records, region_key_, ids);
  // SAFETY: a key that may not be on disk must never count as written, or bodies sealed under it
  // are lost at the next start.
  broken_ = file_->append(records);
  if (broken_) {
    broken_ = file_->sync();
  }
  if (broken_ && synced_meanwhile_) {
    synced_meanwhile_->insert(synced_meanwhile_->end(), ids.begin(), ids.end());
  }
  return broken_;
}

size_t KeyStore::data_key_count() const {
  std::shared_lock lock(keys_mutex_);
  return keys_of(KeyKind::kData).size();
}

Status KeyStore::change_region_key(const crypto::Key& next, const KeyProgress& progress) {
  return rewrite(next, {}, progress);
}

Status KeyStore::destroy_data_keys(std::span<const Ord> ords) {
  std::vector<Ord> there;
  for (Ord ord : ords) {
    if (data_key(ord)) {
      there.push_back(ord);
    }
  }
  if (there.empty()) {
    return {};
  }
  crypto::Key region_key;
  {
    std::lock_guard lock(write_mutex_);
    region_key = region_key_;
  }
  TRY(rewrite(region_key, there, {}));
  std::unique_lock lock(keys_mutex_);
  for (Ord ord : there) {
    keys_of(KeyKind::kData).erase(ord.value());
  }
  return {};
}

// In the order of ids, but purpose keys first: peek() looks no further.
std::vector<KeyId> KeyStore::synced_ids() const {
  std::shared_lock lock(keys_mutex_);
  const std::set<KeyId> unwritten(unwritten_.begin(), unwritten_.end());
  std::vector<KeyId> ids;
  for (KeyKind kind : {KeyKind::kPurpose, KeyKind::kData, KeyKind::kAudit, KeyKind::kAuditMonth}) {
    const size_t start = ids.size();
    for (const auto& [number, key] : keys_of(kind)) {
      if (!unwritten.contains({kind, number})) {
        ids.push_back({kind, number});
      }
    }
    std::sort(ids.begin() + static_cast<std::ptrdiff_t>(start), ids.end());
  }
  return ids;
}

Status KeyStore::rewrite(const crypto::Key& region_key, std::span<const Ord> without,
                         const KeyProgress& progress) {
  std::lock_guard one_at_a_time(rewrite_mutex_);
  std::vector<KeyId> ids;
  {
    std::lock_guard lock(write_mutex_);
    TRY(broken_);
    ids = synced_ids();
    synced_meanwhile_.emplace();
  }
  const std::set<Ord> left_out(without.begin(), without.end());
  std::erase_if(ids, [&](const KeyId& id) {
    return id.kind == KeyKind::kData && left_out.contains(Ord::from_value(id.number));
  });
  auto next = write_next(region_key, ids, progress);
  std::lock_guard lock(write_mutex_);
  std::vector<KeyId> meanwhile = *std::exchange(synced_meanwhile_, std::nullopt);
  Status done = next ? take_next(std::move(*next), region_key, meanwhile)
                     : Status(fail(std::move(next).error()));
  if (!done && broken_) {
    ignore_error(remove_if_there(path_ + ".next"), "the next open() removes it");
  }
  return done;
}

Result<std::unique_ptr<WritableFile>> KeyStore::write_next(const crypto::Key& region_key,
                                                           std::span<const KeyId> ids,
                                                           const KeyProgress& progress) {
  TRY(auto next, files_.open_writable(path_ + ".next", OpenMode::kTruncate));
  std::string bytes = head_of(region_key);
  for (size_t done = 0; done < ids.size();) {
    size_t count = std::min(kRecordsAtOnce, ids.size() - done);
    put_records(bytes, region_key, ids.subspan(done, count));
    TRY(next->append(bytes));
    bytes.clear();
    done += count;
    if (progress) {
      progress(done, ids.size());
    }
  }
  TRY(next->sync());
  return next;
}

// Caller holds write_mutex_.
Status KeyStore::take_next(std::unique_ptr<WritableFile> next, const crypto::Key& region_key,
                           std::span<const KeyId> meanwhile) {
  if (!meanwhile.empty()) {
    std::string bytes;
    put_records(bytes, region_key, meanwhile);
    TRY(next->append(bytes));
    TRY(next->sync());
  }
  TRY(broken_);
  TRY(files_.rename(path_ + ".next", path_));
  // SAFETY: from here on the disk holds one of the two files, and cannot say which until its folder
  // is synced: no key may be added to either before.
  broken_ = remove_if_there(path_ + ".torn");  // sealed as the old file was
  if (broken_) {
    broken_ = files_.sync_directory(parent_directory(path_));
  }
  TRY(broken_);
  file_ = std::move(next);
  region_key_ = region_key;
  return {};
}

Result<crypto::Key> parse_region_key(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  size_t from = std::min(text.find_first_not_of(kSpace), text.size());
  size_t to = text.find_last_not_of(kSpace);
  text = from < text.size() ? text.substr(from, to - from + 1) : std::string_view();
  auto bytes = from_hex(text);
  if (!bytes || bytes->size() != 32) {
    return fail(ErrorCode::kInvalid, "the region key must be 64 hexadecimal digits (256 bits)");
  }
  return crypto::key_from(*bytes);
}

}  // namespace continuum::record
