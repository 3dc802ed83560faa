// The key store as one file (docs/storage_format.md section 7): readable with the region key only,
// and whole or refused.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "record/ids.h"
#include "record/key_record.h"

namespace continuum::record {

struct KeyBackup {
  Instant instant;  // when it was made
  std::vector<KeyRecord> keys;
};

// kConflict: there is a file of that name already. Durable when it returns.
Status write_key_backup(FileSystem& files, const std::string& path, const crypto::Key& region_key,
                        const KeyBackup& backup);
// kForbidden: made under another region key, the details name both by their marks. kCorrupt: it is
// no backup, or not as it was written.
Result<KeyBackup> read_key_backup(FileSystem& files, const std::string& path,
                                  const crypto::Key& region_key);

}  // namespace continuum::record
