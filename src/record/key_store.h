// The key store: for each ord a data key and an audit key, an audit key for each month and a few
// purpose keys, each sealed under the region key (docs/storage_format.md section 7). It lives
// outside the data folder and its backups: without it, no body opens; with a key gone from it, that
// patient's bodies are gone.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "record/ids.h"
#include "record/key_record.h"

namespace continuum::record {

enum class Purpose : uint8_t { kFiles = 1, kIds = 2, kPageTokens = 3, kErasures = 4 };

// Of work on all keys.
using KeyProgress = std::function<void(uint64_t keys_done, uint64_t keys_total)>;

// Thread-safe.
class KeyStore {
 public:
  // Opens, or makes, the key store in `folder`, which must be this process's alone: a torn end is
  // cut off, and what a rewriting left unfinished is removed. kForbidden: the region key is not the
  // one it is sealed under; the details name both by their marks. kCorrupt: a record other than a
  // torn last one doesn't open.
  static Result<std::unique_ptr<KeyStore>> open(FileSystem& files, const std::string& folder,
                                                const crypto::Key& region_key);

  // One key of it, when it is there; changes nothing, so it may be another process's at work.
  // Errors as open().
  static Result<std::optional<crypto::Key>> peek(FileSystem& files, const std::string& folder,
                                                 const crypto::Key& region_key, Purpose purpose);
  // All keys, in the order of their ids; changes nothing either. kNotFound: there is no key store.
  static Result<std::vector<KeyRecord>> read(FileSystem& files, const std::string& folder,
                                             const crypto::Key& region_key);
  // Makes a key store of these. kConflict: there is one already.
  static Status make(FileSystem& files, const std::string& folder, const crypto::Key& region_key,
                     std::span<const KeyRecord> keys);

  // The data key of an ord. kNotFound: there is none (never made, or erased).
  Result<crypto::Key> data_key(Ord ord) const;
  crypto::Key purpose_key(Purpose purpose) const;
  // The data key of an ord, made when there is none. A new key is not durable until sync().
  crypto::Key data_key_or_new(Ord ord);
  // The audit keys of the ledger's entries (docs/ledger_format.md section 1), apart from data keys
  // so that erasing a record keeps the proof of who saw it. As data_key, and data_key_or_new.
  Result<crypto::Key> audit_key(Ord ord) const;
  crypto::Key audit_key_or_new(Ord ord);
  Result<crypto::Key> audit_month_key(uint16_t month) const;  // months since January 1970
  crypto::Key audit_month_key_or_new(uint16_t month);
  // Makes all keys durable. To be called before anything sealed under a new key is written. After a
  // failure every later call fails the same way: what the file holds is then not known.
  Status sync();
  size_t data_key_count() const;

  // Seals every key under another region key. Keys may be read, made and synced meanwhile; others
  // wait only while the new file takes the old one's place. Durable when it returns. A power cut
  // leaves it under one of the two region keys, whole; so does an error, but where the disk cannot
  // say which of them it holds, sync() fails from then on.
  Status change_region_key(const crypto::Key& next, const KeyProgress& progress = {});
  // Destroys data keys: no file of the key store holds them when it returns, and data_key() finds
  // none. Audit keys stay. A power cut leaves all of them or none. Nothing for ords without a key.
  Status destroy_data_keys(std::span<const Ord> ords);

 private:
  KeyStore(FileSystem& files, std::string path, const crypto::Key& region_key)
      : files_(files), path_(std::move(path)), region_key_(region_key) {}
  // All, or those up to a purpose key: they come first, before as many data keys as there are.
  Status read_records(std::optional<Purpose> until = std::nullopt);
  Status check_mark(ByteReader& reader) const;
  Status remove_if_there(const std::string& path);
  Status keep_torn_end(uint64_t whole);
  Status make_purpose_keys();
  Status check_purpose_keys() const;
  using Keys = std::unordered_map<uint64_t, crypto::Key>;
  Keys& keys_of(KeyKind kind) { return keys_[static_cast<size_t>(kind) - 1]; }
  const Keys& keys_of(KeyKind kind) const { return keys_[static_cast<size_t>(kind) - 1]; }
  std::vector<KeyRecord> all_records() const;
  Result<crypto::Key> find_key(const KeyId& id) const;
  crypto::Key key_or_new(const KeyId& id);
  std::vector<KeyId> synced_ids() const;
  void put_records(std::string& out, const crypto::Key& region_key,
                   std::span<const KeyId> ids) const;
  // Writes all keys but some data keys to a new file, and puts it in the place of the old one.
  Status rewrite(const crypto::Key& region_key, std::span<const Ord> without,
                 const KeyProgress& progress);
  Result<std::unique_ptr<WritableFile>> write_next(const crypto::Key& region_key,
                                                   std::span<const KeyId> ids,
                                                   const KeyProgress& progress);
  Status take_next(std::unique_ptr<WritableFile> next, const crypto::Key& region_key,
                   std::span<const KeyId> meanwhile);

  FileSystem& files_;
  std::string path_;
  std::mutex rewrite_mutex_;  // one rewriting at a time; taken before write_mutex_
  std::mutex write_mutex_;
  crypto::Key region_key_;  // guarded by write_mutex_, once open
  std::unique_ptr<WritableFile> file_;
  Status broken_;             // the first failure of sync(); guarded by write_mutex_
  size_t whole_records_ = 0;  // in the file when it was opened
  // Synced since a rewriting began; nothing: none is at work. Guarded by write_mutex_.
  std::optional<std::vector<KeyId>> synced_meanwhile_;
  std::vector<KeyId> unwritten_;  // new keys; guarded by keys_mutex_
  mutable std::shared_mutex keys_mutex_;
  std::array<Keys, kKeyKinds> keys_;  // by kind
};

// 64 hexadecimal digits, surrounding white space allowed.
Result<crypto::Key> parse_region_key(std::string_view text);

}  // namespace continuum::record
