// Bounds of what one answer gathers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace continuum::service {

inline constexpr size_t kPatientsFoundMax = 1'000;  // one identifier search; more is an error
inline constexpr size_t kMembersNamedMax = 100;  // source patients, in what a record says of itself
inline constexpr size_t kReasonsToldMax = 5;     // of refusals, for each source
inline constexpr size_t kTransactionEntriesMax = 30'000;
inline constexpr size_t kHomeDepthMax = 16;  // A is about B is about C ... the patient
inline constexpr size_t kCriteriaMax = 32;   // parameters of a condition, and values of each
inline constexpr size_t kCriteriaTextBytesMax = 200;  // of a string among them
inline constexpr size_t kPageTokenBytesMax = 1'024;
// What a Bundle's buffer starts with; up to which size it grows fourfold, then twofold; and what an
// entry needs beside its resource.
inline constexpr size_t kBundleBytesFirst = size_t{64} << 10;
inline constexpr size_t kFastGrowthBytesMax = size_t{1} << 20;
inline constexpr size_t kEntryBytes = 512;

// Of the histories that are put in order before they are paged: versions read, and versions listed;
// what the list starts with.
inline constexpr size_t kVersionsReadMax = 2'000'000;
inline constexpr size_t kVersionsListedMax = 200'000;
inline constexpr size_t kVersionsListedFirst = 64;
// Of the history of a source, for one page: changes read, and versions looked up and not shown.
inline constexpr size_t kChangesReadMax = 100'000;
inline constexpr size_t kVersionsPassedMax = 1'000;

inline constexpr size_t kEraseTokenBytesMax = 4'096;
inline constexpr std::chrono::microseconds kEraseTokenLife = std::chrono::hours(24);

inline constexpr size_t kBackupLineBytesMax = 256;
inline constexpr size_t kBackupWordBytesMax = 64;
inline constexpr int kLocalClientsWaitingMax = 4;  // of a Unix-domain socket
inline constexpr std::chrono::milliseconds kLocalSendMsMax{10'000};

}  // namespace continuum::service
