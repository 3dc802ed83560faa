// Bounds of loading.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "record/limits.h"

namespace continuum::service {

inline constexpr size_t kLoadFileBytesMax = size_t{256} << 20;  // one JSON file, decompressed
inline constexpr size_t kLoadLineBytesMax = size_t{64} << 20;   // one NDJSON line
inline constexpr size_t kLoadFilesMax = 10'000'000;
inline constexpr size_t kLoadFolderDepthMax = 32;
inline constexpr size_t kBundleEntriesMax = 1'000'000;
// Of a Bundle taken whole: with the Bundle itself it must fit one commit.
inline constexpr size_t kAtomicEntriesMax = record::kCommitItemsMax - 1;
// Rows gathered before they are written; changes gathered likewise.
inline constexpr uint64_t kBatchBytes = uint64_t{80} << 20;
inline constexpr uint64_t kPutAsideBytes = uint64_t{4} << 30;
inline constexpr uint64_t kWaitingBytesMax = uint64_t{64} << 20;
inline constexpr size_t kPreparedMax = 1'024;      // of a unit, before they are handed on
inline constexpr size_t kWaitingItemsMax = 4'096;  // of small units in one commit
// A commit beside other writers, who wait while it is ordered: about a millisecond. Measured: with
// 256 creates beside a load are fewer by a third, and with 32 the load too.
inline constexpr size_t kBesideEntriesMax = 64;
inline constexpr size_t kBesideBytesMax = size_t{1} << 20;  // of input
inline constexpr int kBesideTriesMax = 8;                   // when others are first
inline constexpr std::chrono::milliseconds kBesideWait{20};
inline constexpr int kBesideWaitsMax = 3'000;  // while a record is being erased
// The socket of a server that takes loads.
inline constexpr size_t kLoadSocketLineBytesMax = 4'096;
inline constexpr size_t kLoadSocketPathsMax = 10'000;
inline constexpr uint64_t kLoadSocketThreadsMax = 256;
inline constexpr std::chrono::milliseconds kLoadSocketLineMsMax{5'000};  // of the order
inline constexpr std::chrono::milliseconds kLoadTell{200};
inline constexpr std::chrono::milliseconds kLoadSilenceMsMax{60'000};
inline constexpr size_t kCandidatesMax = 1'024;  // resources looked at in a search by identifier
inline constexpr size_t kSearchesKept = 65'536;  // references a thread remembers the target of
inline constexpr size_t kUnresolvedKept = 1'000;
inline constexpr size_t kUnlinkableKept = 1'000;
inline constexpr size_t kHomeDepthMax = 16;  // A is about B is about C ... the patient

}  // namespace continuum::service
