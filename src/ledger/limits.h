// Bounds of the ledger. All are inclusive.
#pragma once

#include <cstddef>
#include <cstdint>

namespace continuum::ledger {

inline constexpr size_t kEntryBytesMax = 65'535;
inline constexpr uint64_t kPersonsMax = 65'535;  // person entries of one request
inline constexpr size_t kTypesMax = 256;         // FHIR types in one person's part
inline constexpr size_t kPersonPartBytesMax = kEntryBytesMax;

inline constexpr size_t kTileWidth = 256;  // hashes in a whole tile
inline constexpr uint8_t kTileLevels = 8;  // 256^8 entries: all that a u64 can number
inline constexpr size_t kPathHashesMax = 65;

inline constexpr size_t kRowBytesMax = size_t{256} << 10;  // entries of one row, but for the last
inline constexpr size_t kScanBytesMax = size_t{8} << 20;   // rows held while scanning upwards
inline constexpr uint64_t kScanWindowMin = 64;             // entries looked at together
inline constexpr uint64_t kScanWindowMax = 4'096;

inline constexpr size_t kOriginBytesMax = 255;
inline constexpr size_t kCheckpointBytesMax = size_t{16} << 10;
inline constexpr size_t kSignatureLinesMax = 64;
inline constexpr uint64_t kCheckpointFileBytesMax = uint64_t{4} << 30;

inline constexpr uint64_t kExportTileBytesMax = kTileWidth * (2 + kEntryBytesMax);

inline constexpr size_t kFindingsKeptMax = 1'000;
// Changed entries that are held to see which were exchanged.
inline constexpr size_t kChangedHeldMax = 65'536;
// Whole tiles that may be absent, with their entries, between two that are there.
inline constexpr uint64_t kGapTilesMax = 4'096;
inline constexpr uint64_t kProgressEntries = 65'536;  // between two calls

}  // namespace continuum::ledger
