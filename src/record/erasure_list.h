// What was erased from the region, outside the data folder and its backups: an older copy of the
// data, or of the key store, is brought up to it before anybody reads from it
// (docs/storage_format.md section 9).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "record/ids.h"

namespace continuum::record {

struct Erasure {
  uint64_t certificate = 0;  // 1, 2, 3... in the region
  Instant instant;           // when it was ordered
  Ord ord;
  // Of the id hash of its Patient, under the key of erasures: an ord that is another's in some copy
  // of the data must not be erased there.
  std::string patient;
  std::string by;      // the operating system's user
  std::string reason;  // sealed under the ord's audit key: see seal_reason
  bool operator==(const Erasure&) const = default;
};

// Lines of JSON, each with a check over it and all before, so that none can be added, changed or
// taken out by who has no key store. That the end was cut off does not show here: the store knows
// what it erased. One thread at a time.
class ErasureList {
 public:
  // The list at `path`, empty when there is no file. kCorrupt, naming the line: it is not as it was
  // written, or of another key.
  static Result<ErasureList> open(FileSystem& files, const std::string& path,
                                  const crypto::Key& key);

  const std::vector<Erasure>& all() const { return erasures_; }
  bool contains(Ord ord) const;
  uint64_t next_certificate() const { return erasures_.size() + 1; }
  // Durable when it returns; on failure the list is as it was, or, if the disk says so at the next
  // open(), has it. `erasure.certificate` must be the next.
  Status append(Erasure erasure);

 private:
  ErasureList(FileSystem& files, std::string path, const crypto::Key& key)
      : files_(&files), path_(std::move(path)), key_(key) {}
  Status read(std::string_view text);
  std::string check_of(std::string_view line) const;

  FileSystem* files_;
  std::string path_;
  crypto::Key key_;
  std::string text_;        // of the file
  std::string last_check_;  // of the last line
  std::vector<Erasure> erasures_;
};

// See Erasure::patient; 16 bytes.
std::string erased_patient(const crypto::Key& key, const IdHash& patient);

// A reason may name people: it is kept sealed, and its audit key stays.
std::string seal_reason(const crypto::Key& audit_key, Ord ord, std::string_view reason);
// kCorrupt: it is not of that key and ord.
Result<std::string> open_reason(const crypto::Key& audit_key, Ord ord, std::string_view sealed);

}  // namespace continuum::record
