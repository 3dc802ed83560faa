// Bounds of loading.
#pragma once

#include <cstddef>
#include <cstdint>

namespace continuum::service {

inline constexpr size_t kLoadFileBytesMax = size_t{256} << 20;  // one JSON file, decompressed
inline constexpr size_t kLoadLineBytesMax = size_t{64} << 20;   // one NDJSON line
inline constexpr size_t kLoadFilesMax = 10'000'000;
inline constexpr size_t kLoadFolderDepthMax = 32;
inline constexpr size_t kBundleEntriesMax = 1'000'000;
inline constexpr uint64_t kBulkBudgetBytes = uint64_t{96}
                                             << 20;  // rows gathered before they are written
inline constexpr size_t kUnresolvedKept = 1'000;
inline constexpr size_t kHomeDepthMax = 16;  // A is about B is about C ... the patient

}  // namespace continuum::service
