// A copy of the ledger as a folder of files that anybody can verify (docs/ledger_format.md section
// 4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "ledger/log.h"

namespace continuum::ledger {

struct Exported {
  uint64_t entries = 0;  // in the folder now
  uint64_t files_written = 0;
};

// Brings `folder` up to the checkpoint `note`: writes what is not there yet, then the checkpoint,
// then removes the partial tiles of the checkpoint before. Whole tiles are never written again.
// Whenever it is stopped, the folder is an export under the old checkpoint or under the new one,
// and perhaps more files than that; durable when it returns. kInvalid when `note` is no checkpoint
// (its signature is the caller's to check), or what is in the folder is none; kConflict when the
// ledger is not the one that `note` is of, or when the folder holds a larger or another one.
Result<Exported> export_to(FileSystem& files, const Reader& reader, std::string_view note,
                           const std::string& folder);

}  // namespace continuum::ledger
