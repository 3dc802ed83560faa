#include "ledger/source.h"

#include <algorithm>

#include "base/bytes.h"
#include "ledger/checkpoint.h"
#include "ledger/entry_rows.h"
#include "ledger/tile_path.h"

namespace continuum::ledger {
namespace {

// Saturates: `n` and `level` may be anything.
uint64_t leaves_before(uint8_t level, uint64_t hashes) {
  const unsigned shift = 8U * level;
  return hashes > (UINT64_MAX >> shift) ? UINT64_MAX : hashes << shift;
}

}  // namespace

// ---- Rows

Result<KvSource> KvSource::open(const kv::Snapshot& snapshot, Families families) {
  std::string value;
  TRY(const bool there, snapshot.get(families.ledger, size_key(), value));
  return KvSource(snapshot, families, there ? parse_number(value).value_or(0) : 0);
}

Result<uint64_t> KvSource::covered() {
  uint64_t covered = 0;
  for (uint8_t level = 0; level < kTileLevels; ++level) {
    // The first tile that is not whole, or is not there.
    const uint64_t first = (size_ >> (8 * level)) / kTileWidth;
    const std::string from = tile_key(level, first);
    const std::string to = tile_key(static_cast<uint8_t>(level + 1), 0);
    const auto cursor = snapshot_->scan(families_.ledger, {from, to});
    while (cursor->next()) {
      const auto tile = parse_tile_key(cursor->key());
      if (tile && tile->n <= kTileNumberMax) {
        const uint64_t hashes =
            tile->n * kTileWidth + std::min(cursor->value().size() / kHashSize, kTileWidth);
        covered = std::max(covered, leaves_before(level, hashes));
      }
    }
    TRY(cursor->status());
  }
  return covered;
}

Status KvSource::scan(const Visit& visit) {
  const std::string start = entries_start();
  const std::string end = entries_end();
  const auto newest = snapshot_->scan(families_.ledger, {start, end});
  std::optional<uint64_t> last;
  while (!last && newest->next()) {
    last = parse_entries_key(newest->key());
  }
  TRY(newest->status());
  if (!last || *last == UINT64_MAX) {
    return {};
  }
  // A reader takes entry n from the row with the greatest first number up to n: what one row holds
  // beyond the start of the next is not seen.
  uint64_t first = 0;
  std::string held;
  const auto hand_over = [&](uint64_t next) -> Status {
    const EntriesRow row = parse_entries(held);
    const uint64_t count = std::min<uint64_t>(row.entries.size(), next - first);
    for (uint64_t i = 0; i < count; ++i) {
      TRY(visit(first + i, row.entries[i]));
    }
    if (!row.whole && first + count < next) {
      TRY(visit(first + count, std::nullopt));
    }
    return {};
  };
  TRY(walk_entry_rows(*snapshot_, families_.ledger, 0, *last + 1,
                      [&](uint64_t row_first, std::string_view value) -> Status {
                        TRY(hand_over(row_first));
                        first = row_first;
                        held = value;
                        return {};
                      }));
  return hand_over(UINT64_MAX);
}

Result<std::optional<std::string>> KvSource::tile(uint8_t level, uint64_t n, size_t) {
  std::string value;
  TRY(const bool there, snapshot_->get(families_.ledger, tile_key(level, n), value));
  return there ? std::optional(std::move(value)) : std::nullopt;
}

// ---- A folder

Result<ExportFolder> ExportFolder::open(FileSystem& files, std::string folder) {
  if (!files.is_directory(folder)) {
    return fail(ErrorCode::kNotFound, "no such folder: " + folder);
  }
  ExportFolder out(files, std::move(folder));
  TRY(auto checkpoint, out.read("checkpoint", kCheckpointBytesMax));
  out.checkpoint_ = checkpoint.value_or("");
  if (const auto note = parse_note(out.checkpoint_)) {
    out.size_ = note->checkpoint.size;
  } else {
    TRY(out.size_, out.count_entries());
  }
  return out;
}

// None when there is no such file; empty when it is larger than it may be.
Result<std::optional<std::string>> ExportFolder::read(const std::string& path, uint64_t size_max) {
  auto bytes = read_file(*files_, folder_ + "/" + path, size_max);
  if (bytes) {
    return std::optional(*std::move(bytes));
  }
  if (bytes.error().code == ErrorCode::kNotFound) {
    return std::optional<std::string>();
  }
  if (bytes.error().code == ErrorCode::kTooLarge || bytes.error().code == ErrorCode::kInvalid) {
    return std::optional<std::string>("");
  }
  return fail(std::move(bytes).error());
}

Result<uint64_t> ExportFolder::count_entries() {
  uint64_t tiles = 0;
  while (files_->exists(folder_ + "/" + tile_path({std::nullopt, tiles}))) {
    ++tiles;
  }
  const uint64_t size = tiles * kTileWidth;
  for (size_t width = kTileWidth - 1; width > 0; --width) {
    if (files_->exists(folder_ + "/" + tile_path({std::nullopt, tiles, width}))) {
      return size + width;
    }
  }
  return size;
}

Status ExportFolder::scan(const Visit& visit) {
  uint64_t absent = 0;
  for (uint64_t n = 0; n * kTileWidth < size_ && absent <= kGapTilesMax; ++n) {
    const uint64_t first = n * kTileWidth;
    const auto width = static_cast<size_t>(std::min<uint64_t>(kTileWidth, size_ - first));
    TRY(const auto bytes, read(tile_path({std::nullopt, n, width}), kExportTileBytesMax));
    absent = bytes ? 0 : absent + 1;
    if (bytes) {
      TRY(scan_tile(*bytes, first, width, visit));
    }
    if (size_ - first <= kTileWidth) {
      break;
    }
  }
  return {};
}

Status ExportFolder::scan_tile(std::string_view bytes, uint64_t first, size_t width,
                               const Visit& visit) {
  ByteReader reader(bytes);
  for (size_t i = 0; i < width; ++i) {
    if (reader.empty()) {
      return {};
    }
    // A length that is torn itself leaves nothing to take.
    const auto entry = reader.take(reader.u16().value_or(1));
    if (!entry) {
      return visit(first + i, std::nullopt);
    }
    TRY(visit(first + i, *entry));
  }
  return reader.empty() ? Status() : visit(first + width, std::nullopt);
}

Result<std::optional<std::string>> ExportFolder::tile(uint8_t level, uint64_t n, size_t width) {
  return read(tile_path({level, n, width}), kTileWidth * kHashSize);
}

}  // namespace continuum::ledger
