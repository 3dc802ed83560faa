// What one moment of a backup holds, as a text that a damaged byte or a file too few shows in
// (docs/backup_format.md). It names files, numbers and digests: nothing of a patient.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "record/moment.h"

namespace continuum::record {

// What tells apart files of the same name and size without reading them: the start of the SHA-256
// of their first kFileStartBytes, which hold the random iv the file is enciphered with.
using FileStart = std::array<char, 16>;
inline constexpr size_t kFileStartBytes = 64;
FileStart file_start(std::string_view first_bytes);

struct BackupFile {
  std::string name;  // in the data folder
  uint64_t size = 0;
  FileStart start{};
  crypto::Digest digest{};  // SHA-256

  bool operator==(const BackupFile&) const = default;
};

struct BackupMoment {
  uint64_t number = 0;  // in its folder, from 1
  Instant instant;      // when it was frozen, by the clock; whole seconds
  std::string program;  // the version that wrote it
  MomentFacts facts;
  std::string key_mark;           // 16 bytes: of the files' key, and nothing of it
  std::vector<BackupFile> files;  // by name

  // "3-20261122T211500Z": its name in the folder.
  std::string name() const;
  uint64_t bytes() const;
};

// The keys that vouch for backups of a store, from the key of its files.
class BackupKey {
 public:
  explicit BackupKey(const crypto::Key& file_key);
  const std::string& mark() const { return mark_; }
  crypto::Digest seal(std::string_view text) const;

 private:
  crypto::Key key_;
  std::string mark_;
};

// `moment.key_mark` must be the key's.
std::string encode_manifest(const BackupMoment& moment, const BackupKey& key);
// Any bytes. kUnsupported: of a newer program. kCorrupt: not one, or damaged. That it is not forged
// is for check_manifest to say.
Result<BackupMoment> decode_manifest(std::string_view text);
// Of a text that decodes. kForbidden: it is of a store with another key. kCorrupt: it was not
// written by who has the key.
Status check_manifest(std::string_view text, const BackupMoment& moment, const BackupKey& key);

}  // namespace continuum::record
