#include "record/key_store.h"

#include "base/check.h"
#include "base/random.h"
#include "crypto/aead.h"

namespace continuum::record {
namespace {

constexpr std::string_view kMagic("CTMKEYS\x01", 8);
constexpr uint8_t kDataKind = 1;
constexpr uint8_t kPurposeKind = 2;
constexpr uint8_t kAuditKind = 3;
constexpr uint8_t kMonthKind = 4;
constexpr size_t kSealedSize = 32 + crypto::kSealOverhead;
constexpr size_t kRecordSize = 1 + 8 + kSealedSize;
constexpr uint64_t kFileBytesMax = uint64_t{16} << 30;
constexpr Purpose kPurposes[] = {Purpose::kFiles, Purpose::kIds, Purpose::kPageTokens};

std::string context_of(uint8_t kind, uint64_t number) {
  std::string context = "continuum key";
  put_u8(context, kind);
  put_u64(context, number);
  return context;
}

crypto::Key new_key() {
  return crypto::key_from(SecureRandom().bytes(32));
}

}  // namespace

Result<std::unique_ptr<KeyStore>> KeyStore::open(FileSystem& files, const std::string& folder,
                                                 const crypto::Key& region_key) {
  TRY(files.make_directories(folder));
  std::unique_ptr<KeyStore> store(new KeyStore(files, folder + "/keys.log", region_key));
  if (files.exists(store->path_)) {
    TRY(store->read_records());
  }
  TRY(store->make_purpose_keys());
  return store;
}

Result<std::optional<crypto::Key>> KeyStore::peek(FileSystem& files, const std::string& folder,
                                                  const crypto::Key& region_key, Purpose purpose) {
  KeyStore store(files, folder + "/keys.log", region_key);
  if (!files.exists(store.path_)) {
    return std::optional<crypto::Key>();
  }
  TRY(store.read_records(purpose));
  auto found = store.purpose_keys_.find(static_cast<uint64_t>(purpose));
  return found == store.purpose_keys_.end() ? std::nullopt
                                            : std::optional<crypto::Key>(found->second);
}

Status KeyStore::open_record(ByteReader& reader, uint8_t& kind, uint64_t& number,
                             std::string& opened) const {
  TRY(kind, reader.u8());
  TRY(number, reader.u64());
  TRY(auto sealed, reader.take(kSealedSize));
  opened.clear();
  return crypto::thread_aead().open(region_key_, context_of(kind, number), sealed, opened);
}

Status KeyStore::read_records(std::optional<Purpose> until) {
  TRY(std::string bytes, read_file(files_, path_, kFileBytesMax));
  if (bytes.size() < kMagic.size()) {
    return {};  // cut short while it was first made: nothing can depend on it
  }
  ByteReader reader(bytes);
  TRY(auto magic, reader.take(kMagic.size()));
  if (magic != kMagic) {
    return fail(ErrorCode::kCorrupt, path_ + " is not a key store of this version");
  }
  for (size_t index = 0; reader.rest().size() >= kRecordSize; ++index) {
    uint8_t kind = 0;
    uint64_t number = 0;
    std::string opened;
    if (!open_record(reader, kind, number, opened)) {
      // The first may be damaged alone: then the next one opens.
      if (ByteReader next = reader; index == 0 && !open_record(next, kind, number, opened)) {
        return fail(ErrorCode::kForbidden,
                    "the region key is not the one this key store was made with",
                    {{path_, "give the right key by --region-key FILE or CONTINUUM_REGION_KEY"}});
      }
      if (reader.rest().size() < kRecordSize) {
        break;  // the last record, torn by a power cut before it was synced
      }
      return fail(ErrorCode::kCorrupt,
                  path_ + ": record " + std::to_string(index + 1) + " doesn't open");
    }
    Keys* keys = keys_of(kind);
    if (keys == nullptr) {
      return fail(ErrorCode::kUnsupported,
                  path_ + " holds keys of a kind this program doesn't know",
                  {{path_, "use a newer program"}});
    }
    (*keys)[number] = crypto::key_from(opened);
    ++whole_records_;
    if (until && kind == kPurposeKind && number == static_cast<uint64_t>(*until)) {
      return {};
    }
  }
  return {};
}

// SAFETY: a torn end is normally of a key nobody used. If it was a damaged key instead, its bytes
// are still there for a rescue.
Status KeyStore::keep_torn_end(uint64_t whole) {
  TRY(std::string bytes, read_file(files_, path_, kFileBytesMax));
  return replace_file(files_, path_ + ".torn", std::string_view(bytes).substr(whole));
}

Status KeyStore::make_purpose_keys() {
  bool fresh = purpose_keys_.empty();
  uint64_t whole = kMagic.size() + whole_records_ * kRecordSize;
  if (fresh) {
    // A file without one whole record holds nothing anybody has used: start again.
    std::string start(kMagic);
    for (Purpose purpose : kPurposes) {
      crypto::Key key = new_key();
      auto number = static_cast<uint64_t>(purpose);
      purpose_keys_[number] = key;
      start += seal_record(kPurposeKind, number, key);
    }
    TRY(replace_file(files_, path_, start));
    TRY(files_.sync_directory(parent_directory(parent_directory(path_))));
  }
  TRY(file_, files_.open_writable(path_, OpenMode::kAppend));
  if (!fresh && file_->size() > whole) {
    TRY(keep_torn_end(whole));
    TRY(file_->truncate(whole));
  }
  for (Purpose purpose : kPurposes) {
    if (!purpose_keys_.contains(static_cast<uint64_t>(purpose))) {
      return fail(ErrorCode::kCorrupt, path_ + " lacks a purpose key");
    }
  }
  return {};
}

std::string KeyStore::seal_record(uint8_t kind, uint64_t number, const crypto::Key& key) const {
  std::string record;
  put_u8(record, kind);
  put_u64(record, number);
  crypto::thread_aead().seal(region_key_, context_of(kind, number), crypto::view(key), record);
  CHECK(record.size() == kRecordSize);
  return record;
}

KeyStore::Keys* KeyStore::keys_of(uint8_t kind) {
  switch (kind) {
    case kDataKind:
      return &data_keys_;
    case kPurposeKind:
      return &purpose_keys_;
    case kAuditKind:
      return &audit_keys_;
    case kMonthKind:
      return &month_keys_;
    default:
      return nullptr;
  }
}

Result<crypto::Key> KeyStore::find_key(const Keys& keys, uint64_t number) const {
  std::shared_lock lock(keys_mutex_);
  auto found = keys.find(number);
  if (found == keys.end()) {
    return fail(ErrorCode::kNotFound, "the key store has no such key");
  }
  return found->second;
}

crypto::Key KeyStore::key_or_new(Keys& keys, uint8_t kind, uint64_t number) {
  if (auto known = find_key(keys, number)) {
    return *known;
  }
  std::unique_lock lock(keys_mutex_);
  auto [found, is_new] = keys.try_emplace(number);
  if (is_new) {
    found->second = new_key();
    unwritten_ += seal_record(kind, number, found->second);
  }
  return found->second;
}

Result<crypto::Key> KeyStore::data_key(Ord ord) const {
  return find_key(data_keys_, ord.value());
}

crypto::Key KeyStore::purpose_key(Purpose purpose) const {
  std::shared_lock lock(keys_mutex_);
  return purpose_keys_.at(static_cast<uint64_t>(purpose));
}

// PERF: the audit key comes along, so that the first look at a patient waits for no second sync.
crypto::Key KeyStore::data_key_or_new(Ord ord) {
  if (auto known = data_key(ord)) {
    return *known;
  }
  audit_key_or_new(ord);
  return key_or_new(data_keys_, kDataKind, ord.value());
}

Result<crypto::Key> KeyStore::audit_key(Ord ord) const {
  return find_key(audit_keys_, ord.value());
}

crypto::Key KeyStore::audit_key_or_new(Ord ord) {
  return key_or_new(audit_keys_, kAuditKind, ord.value());
}

Result<crypto::Key> KeyStore::audit_month_key(uint16_t month) const {
  return find_key(month_keys_, month);
}

crypto::Key KeyStore::audit_month_key_or_new(uint16_t month) {
  return key_or_new(month_keys_, kMonthKind, month);
}

Status KeyStore::sync() {
  std::lock_guard write_lock(write_mutex_);
  TRY(broken_);
  std::string records;
  {
    std::unique_lock lock(keys_mutex_);
    records.swap(unwritten_);
  }
  if (records.empty()) {
    return {};
  }
  // SAFETY: a key that may not be on disk must never count as written, or bodies sealed under it
  // are lost at the next start.
  broken_ = file_->append(records);
  if (broken_) {
    broken_ = file_->sync();
  }
  return broken_;
}

size_t KeyStore::data_key_count() const {
  std::shared_lock lock(keys_mutex_);
  return data_keys_.size();
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
