// Names of an export's files, which are also the paths that tiles have over HTTP
// (docs/ledger_format.md section 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ledger/limits.h"

namespace continuum::ledger {

struct TileName {
  std::optional<uint8_t> level;  // below kTileLevels; none: a tile of entries
  uint64_t n = 0;                // up to kTileNumberMax
  size_t width = kTileWidth;     // 1 to kTileWidth

  bool operator==(const TileName&) const = default;
};
inline constexpr uint64_t kTileNumberMax = UINT64_MAX / kTileWidth;

// "tile/0/x001/x234/067", "tile/entries/005.p/17".
std::string tile_path(const TileName& name);
// Any text; kInvalid unless it is as tile_path writes it.
Result<TileName> parse_tile_path(std::string_view path);

}  // namespace continuum::ledger
