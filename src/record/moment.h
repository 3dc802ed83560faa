// What the files of a frozen moment say of themselves (Store::freeze).
#pragma once

#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "ledger/tree.h"
#include "record/ids.h"

namespace continuum::record {

struct MomentFacts {
  uint32_t format = 0;  // of the store
  T t = 0;              // its stable t
  uint64_t ledger_size = 0;
  ledger::Hash ledger_root{};
};

// Opens the files of a moment, which nobody else writes to, without changing any. Errors as of
// opening a store, and kCorrupt when the ledger's right edge does not hold together.
Result<MomentFacts> read_moment(FileSystem& files, const std::string& folder,
                                const crypto::Key& file_key);

}  // namespace continuum::record
