// Bounds of the record store.
#pragma once

#include <chrono>
#include <cstddef>

namespace continuum::record {

inline constexpr size_t kBodyBytesMax = size_t{64} << 20;  // one canonical resource
inline constexpr size_t kSourceNameMax = 40;
inline constexpr size_t kTermBytesMax = 512;  // whole in a key; longer: start and digest
inline constexpr size_t kTermStartBytes = 480;
inline constexpr size_t kFoldedBytesMax = 256;      // of a string in a key
inline constexpr size_t kDecimalDigitsMax = 100;    // of a number in a key
inline constexpr size_t kRowsMatchedMax = 10'000;   // looked at for one set of criteria
inline constexpr size_t kRowsCountedMax = 64;       // of each criterion, to find the narrowest
inline constexpr size_t kCommitItemsMax = 100'000;  // in one commit
inline constexpr size_t kChangesInRowMax = 1'000;   // of one commit, told in one row
inline constexpr size_t kGroupCommitMax = 256;      // commits that share one sync
// How long a group waits for those who are likely to join it: about what a few syncs take.
inline constexpr std::chrono::microseconds kGroupWaitMax{300};
inline constexpr size_t kSourcesMax = 65'535;
inline constexpr size_t kEntriesCountedMax = size_t{1} << 24;  // by a check, at once
inline constexpr size_t kErasuresMax = 1'000'000;              // on the erasure list
inline constexpr size_t kEraseReasonBytesMax = 1'000;
inline constexpr size_t kLoadRefusalsKept = 10'000;  // for one source

inline constexpr size_t kManifestBytesMax = size_t{256} << 20;  // of one moment of a backup
inline constexpr size_t kManifestFilesMax = 1'000'000;
inline constexpr size_t kBackupNameMax = 80;   // of a file of the store; of a program's version
inline constexpr size_t kMomentsMax = 10'000;  // of one backup folder
inline constexpr size_t kBackupCopyBytes = size_t{4} << 20;  // at once

}  // namespace continuum::record
