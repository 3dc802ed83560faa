// Whether a write-ahead log was damaged after it was written, or only ends torn.
//
// RocksDB takes up a log until the first record that does not match its checksum. That is right for
// the end of what was being written when the power went: it was never acknowledged. SAFETY: where
// whole records follow, all before them had been synced, since a group of commits is synced before
// the next is written; what the log says from there on was acknowledged, and would be lost in
// silence.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace continuum::rocks {

// `log`: the whole file, deciphered, in RocksDB's format
// (https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format). Where the damage begins;
// nothing when it is whole, or torn at its end. What is damaged in the last record of all can't be
// told from a torn end.
std::optional<size_t> damage_in_log(std::string_view log);

}  // namespace continuum::rocks
