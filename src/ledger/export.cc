#include "ledger/export.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/bytes.h"
#include "ledger/checkpoint.h"
#include "ledger/tile_path.h"

namespace continuum::ledger {
namespace {

constexpr const char* kCheckpointFile = "/checkpoint";

// Writes files whose names are durable after finish().
class Folder {
 public:
  Folder(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  bool has(const std::string& path) const { return files_.exists(folder_ + "/" + path); }

  // A name that is there has all its bytes: they are synced before it gets it.
  Status write(const std::string& path, std::string_view bytes) {
    const std::string to = folder_ + "/" + path;
    const std::string beside = to + ".new";
    TRY(files_.make_directories(parent_directory(to)));
    {
      TRY(const auto file, files_.open_writable(beside, OpenMode::kTruncate));
      TRY(file->append(bytes));
      TRY(file->sync());
    }
    TRY(files_.rename(beside, to));
    for (std::string at = parent_directory(to);; at = parent_directory(at)) {
      if (!changed_.insert(at).second || at == folder_) {
        break;
      }
    }
    ++written_;
    return {};
  }

  Status finish() {
    for (const std::string& directory : changed_) {
      TRY(files_.sync_directory(directory));
    }
    changed_.clear();
    return {};
  }

  uint64_t written() const { return written_; }

 private:
  FileSystem& files_;
  std::string folder_;
  std::set<std::string> changed_;
  uint64_t written_ = 0;
};

uint64_t hashes_of_level(uint64_t size, uint8_t level) {
  return size >> (8 * level);
}

// Of a list of `count`, what tile `n` holds.
size_t tile_width(uint64_t count, uint64_t n) {
  return static_cast<size_t>(std::min<uint64_t>(kTileWidth, count - n * kTileWidth));
}

// The partial tiles of an export of `size`.
std::set<std::string> partial_tiles(uint64_t size) {
  std::set<std::string> paths;
  for (uint8_t level = 0; level < kTileLevels; ++level) {
    const uint64_t hashes = hashes_of_level(size, level);
    const auto width = static_cast<size_t>(hashes % kTileWidth);
    if (width != 0) {
      paths.insert(tile_path({level, hashes / kTileWidth, width}));
      if (level == 0) {
        paths.insert(tile_path({std::nullopt, hashes / kTileWidth, width}));
      }
    }
  }
  return paths;
}

Result<std::string> entries_tile(const Reader& reader, uint64_t n, size_t width) {
  std::string bytes;
  TRY(reader.scan(n * kTileWidth, n * kTileWidth + width,
                  [&](uint64_t, std::string_view entry) -> Status {
                    put_u16(bytes, static_cast<uint16_t>(entry.size()));
                    bytes.append(entry);
                    return {};
                  }));
  return bytes;
}

Status write_tiles(const Reader& reader, uint64_t size, Folder& folder) {
  for (uint8_t level = 0; level < kTileLevels; ++level) {
    const uint64_t hashes = hashes_of_level(size, level);
    for (uint64_t n = 0; n * kTileWidth < hashes; ++n) {
      const size_t width = tile_width(hashes, n);
      const std::string path = tile_path({level, n, width});
      if (!folder.has(path)) {
        TRY(const std::string tile, tile_of_width(reader, level, n, width));
        TRY(folder.write(path, tile));
      }
      const std::string entries = tile_path({std::nullopt, n, width});
      if (level == 0 && !folder.has(entries)) {
        TRY(const std::string tile, entries_tile(reader, n, width));
        TRY(folder.write(entries, tile));
      }
    }
  }
  return {};
}

Result<std::optional<Checkpoint>> old_checkpoint(FileSystem& files, const std::string& folder) {
  if (!files.exists(folder + kCheckpointFile)) {
    return std::optional<Checkpoint>();
  }
  TRY(const std::string bytes, read_file(files, folder + kCheckpointFile, kCheckpointBytesMax));
  const auto note = parse_note(bytes);
  if (!note) {
    return fail(ErrorCode::kInvalid, folder + kCheckpointFile + " is not a checkpoint");
  }
  return std::optional(note->checkpoint);
}

Status remove_old_tiles(FileSystem& files, const std::string& folder, uint64_t old_size,
                        uint64_t size) {
  const std::set<std::string> now = partial_tiles(size);
  for (const std::string& path : partial_tiles(old_size)) {
    const std::string file = folder + "/" + path;
    if (now.contains(path) || !files.exists(file)) {
      continue;
    }
    TRY(files.remove(file));
    const std::string directory = parent_directory(file);
    TRY(const auto left, files.list(directory));
    if (left.empty()) {
      TRY(files.remove(directory));
    }
    TRY(files.sync_directory(left.empty() ? parent_directory(directory) : directory));
  }
  return {};
}

}  // namespace

Result<Exported> export_to(FileSystem& files, const Reader& reader, std::string_view note,
                           const std::string& folder) {
  TRY(const Note parsed, parse_note(note));
  const uint64_t size = parsed.checkpoint.size;
  TRY(check_against(reader, parsed.checkpoint));
  TRY(const auto old, old_checkpoint(files, folder));
  if (old) {
    TRY(check_against(reader, *old));
    if (old->size > size) {
      return fail(ErrorCode::kConflict, "the export that is there holds more entries");
    }
  }
  TRY(files.make_directories(folder));
  TRY(files.sync_directory(parent_directory(folder)));
  Folder out(files, folder);
  TRY(write_tiles(reader, size, out));
  TRY(out.finish());
  TRY(replace_file(files, folder + kCheckpointFile, note));
  if (old) {
    TRY(remove_old_tiles(files, folder, old->size, size));
  }
  return Exported{size, out.written() + 1};
}

}  // namespace continuum::ledger
