// The ledger's part of a check: it agrees with itself, and the rows that lead into it lead where
// they say, all of them and no others (docs/ledger_format.md section 2).
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "kv/store.h"
#include "record/key_store.h"

namespace continuum::record {

// Calls `find` with each finding. An error only when something stands in the way of reading.
// Whether the ledger is the one it was before, checkpoints alone can tell: `continuum ledger
// verify`.
Status check_ledger(const kv::Snapshot& snapshot, const KeyStore& keys,
                    const std::function<void(std::string finding)>& find);

}  // namespace continuum::record
