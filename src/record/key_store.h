// The key store: for each ord a data key and an audit key, an audit key for each month and a few
// purpose keys, each sealed under the region key (docs/storage_format.md section 7). It lives
// outside the data folder and its backups: without it, no body opens; with a key gone from it, that
// patient's bodies are gone.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "record/ids.h"

namespace continuum::record {

enum class Purpose : uint8_t { kFiles = 1, kIds = 2, kPageTokens = 3 };

// Thread-safe.
class KeyStore {
 public:
  // Opens, or makes, the key store in `folder`, which must be this process's alone: a torn end is
  // cut off. kForbidden: the region key is not the one it was made with. kCorrupt: a record other
  // than a torn last one doesn't open.
  static Result<std::unique_ptr<KeyStore>> open(FileSystem& files, const std::string& folder,
                                                const crypto::Key& region_key);

  // One key of it, when it is there; changes nothing, so it may be another process's at work.
  // Errors as open().
  static Result<std::optional<crypto::Key>> peek(FileSystem& files, const std::string& folder,
                                                 const crypto::Key& region_key, Purpose purpose);

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

 private:
  KeyStore(FileSystem& files, std::string path, const crypto::Key& region_key)
      : files_(files), path_(std::move(path)), region_key_(region_key) {}
  // All, or those up to a purpose key: they come first, before as many data keys as there are.
  Status read_records(std::optional<Purpose> until = std::nullopt);
  Status open_record(ByteReader& reader, uint8_t& kind, uint64_t& number,
                     std::string& opened) const;
  Status keep_torn_end(uint64_t whole);
  Status make_purpose_keys();
  using Keys = std::unordered_map<uint64_t, crypto::Key>;
  Keys* keys_of(uint8_t kind);
  Result<crypto::Key> find_key(const Keys& keys, uint64_t number) const;
  crypto::Key key_or_new(Keys& keys, uint8_t kind, uint64_t number);
  std::string seal_record(uint8_t kind, uint64_t number, const crypto::Key& key) const;

  FileSystem& files_;
  std::string path_;
  crypto::Key region_key_;
  std::mutex write_mutex_;
  std::unique_ptr<WritableFile> file_;
  Status broken_;             // the first failure of sync(); guarded by write_mutex_
  size_t whole_records_ = 0;  // in the file when it was opened
  std::string unwritten_;     // records of new keys; guarded by keys_mutex_
  mutable std::shared_mutex keys_mutex_;
  Keys data_keys_;
  Keys purpose_keys_;
  Keys audit_keys_;
  Keys month_keys_;
};

// 64 hexadecimal digits, surrounding white space allowed.
Result<crypto::Key> parse_region_key(std::string_view text);

}  // namespace continuum::record
