#include "ledger/log.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "ledger/entry_rows.h"

namespace continuum::ledger {
namespace {

constexpr size_t kWholeTileBytes = kTileWidth * kHashSize;

tl::unexpected<Error> missing_rows() {
  return fail(ErrorCode::kCorrupt, "rows of the ledger are missing or damaged");
}

// The complete subtrees of 256^level leaves in a tree of `size`.
uint64_t hashes_of_level(uint64_t size, uint8_t level) {
  return size >> (8 * level);
}

// The newest row of entries ends where the ledger does.
Status check_newest_row(const kv::Snapshot& snapshot, Families families, uint64_t size) {
  const std::string start = entries_start();
  const std::string end = entries_end();
  const auto cursor = snapshot.scan(families.ledger, {start, end});
  const bool there = cursor->next();
  TRY(cursor->status());
  if (!there) {
    return size == 0 ? Status() : Status(missing_rows());
  }
  const auto first = parse_entries_key(cursor->key());
  const EntriesRow row = parse_entries(cursor->value());
  if (!first || !row.whole || row.entries.empty() || *first >= size ||
      size - *first != row.entries.size()) {
    return missing_rows();
  }
  return {};
}

}  // namespace

// ---- Log

Result<Log> Log::open(const kv::Snapshot& snapshot, Families families) {
  TRY(const Reader reader, Reader::open(snapshot, families));
  TRY(check_newest_row(snapshot, families, reader.size()));
  Log log(families);
  log.size_ = log.confirmed_size_ = reader.size();
  for (uint8_t level = 0; level < kTileLevels; ++level) {
    const uint64_t hashes = hashes_of_level(log.size_, level);
    if (hashes % kTileWidth != 0) {
      TRY(log.levels_[level].hashes, reader.tile(level, hashes / kTileWidth));
      log.levels_[level].confirmed = log.levels_[level].hashes.size();
    }
  }
  return log;
}

void Log::put_entries(std::span<const Append> appends, const PutRow& put) const {
  uint64_t first = size_;
  std::string row;
  size_t bytes = 0;
  for (const Append& append : appends) {
    bytes += append.entry.size() + 3;
  }
  row.reserve(std::min(bytes, kRowBytesMax + kEntryBytesMax + 3));
  for (size_t i = 0; i < appends.size(); ++i) {
    const std::string& entry = appends[i].entry;
    CHECK(!entry.empty() && entry.size() <= kEntryBytesMax);
    put_length_prefixed(row, entry);
    if (row.size() >= kRowBytesMax || i + 1 == appends.size()) {
      put(families_.ledger, entries_key(first), row);
      row.clear();
      first = size_ + i + 1;
    }
  }
}

// Adds a leaf; a tile that becomes whole is put, and its root goes up.
void Log::push(const Hash& leaf, const PutRow& put) {
  Hash hash = leaf;
  ++size_;
  for (uint8_t level = 0; level < kTileLevels; ++level) {
    Level& at = levels_[level];
    at.hashes.append(crypto::view(hash));
    at.changed = true;
    if (at.hashes.size() < kWholeTileBytes) {
      return;
    }
    put(families_.ledger, tile_key(level, (hashes_of_level(size_, level) - 1) / kTileWidth),
        at.hashes);
    hash = tile_root(at.hashes);
    if (!at.before) {
      at.before = std::move(at.hashes);
    }
    at.hashes.clear();
    at.changed = false;
  }
}

uint64_t Log::stage(std::span<const Append> appends, const PutRow& put) {
  const uint64_t first = size_;
  if (appends.empty()) {
    return first;
  }
  put_entries(appends, put);
  for (const Append& append : appends) {
    if (append.ord) {
      put(families_.accesses, access_key(*append.ord, size_), encode_ordinal(append.ordinal));
    }
    if (append.policy) {
      put(families_.ledger, policy_key(*append.policy), encode_number(size_));
    }
    push(leaf_hash(append.entry), put);
  }
  levels_[0].changed = false;
  for (uint8_t level = 1; level < kTileLevels; ++level) {
    Level& at = levels_[level];
    if (at.changed) {
      put(families_.ledger, tile_key(level, hashes_of_level(size_, level) / kTileWidth), at.hashes);
      at.changed = false;
    }
  }
  put(families_.ledger, size_key(), encode_number(size_));
  return first;
}

void Log::confirm() {
  confirmed_size_ = size_;
  for (Level& level : levels_) {
    level.confirmed = level.hashes.size();
    level.before.reset();
  }
}

void Log::abandon() {
  size_ = confirmed_size_;
  for (Level& level : levels_) {
    if (level.before) {
      level.hashes = *std::move(level.before);
      level.before.reset();
    }
    level.hashes.resize(level.confirmed);
    level.changed = false;
  }
}

Hash Log::root() const {
  std::optional<Hash> root;
  for (const Level& level : levels_) {
    const std::string_view hashes = level.before ? *level.before : level.hashes;
    // Each bit of the count is a complete subtree, the smallest furthest to the right.
    size_t end = level.confirmed / kHashSize;
    for (size_t width = 1; end != 0; width *= 2) {
      if ((end & width) != 0) {
        end -= width;
        const Hash left = tile_root(hashes.substr(end * kHashSize, width * kHashSize));
        root = root ? node_hash(left, *root) : left;
      }
    }
  }
  return root ? *root : empty_root();
}

// ---- Reader

Result<Reader> Reader::open(const kv::Snapshot& snapshot, Families families) {
  std::string value;
  uint64_t size = 0;
  TRY(const bool there, snapshot.get(families.ledger, size_key(), value));
  if (there) {
    TRY(size, parse_number(value));
  }
  return Reader(snapshot, families, size);
}

Result<std::string> Reader::entry(uint64_t n) const {
  if (n >= size_) {
    return fail(ErrorCode::kNotFound, "the ledger has no such entry");
  }
  const std::string start = entries_key(n);
  const std::string end = entries_end();
  const auto cursor = snapshot_->scan(families_.ledger, {start, end});
  const bool there = cursor->next();
  TRY(cursor->status());
  const auto first = there ? parse_entries_key(cursor->key()) : std::nullopt;
  if (!first) {
    return missing_rows();
  }
  const EntriesRow row = parse_entries(cursor->value());
  if (n - *first >= row.entries.size()) {
    return missing_rows();
  }
  return std::string(row.entries[n - *first]);
}

Status Reader::scan(uint64_t from, uint64_t to, const VisitEntry& visit) const {
  CHECK(to <= size_);
  uint64_t next = from;
  TRY(walk_entry_rows(*snapshot_, families_.ledger, from, to,
                      [&](uint64_t first, std::string_view value) -> Status {
                        const EntriesRow row = parse_entries(value);
                        // Rows must meet: what one holds beyond the start of the next, entry()
                        // would not find.
                        const bool meets = next == from ? first <= next : first == next;
                        if (!meets || !row.whole || next - first >= row.entries.size()) {
                          return missing_rows();
                        }
                        for (size_t i = next - first; i < row.entries.size() && next < to; ++i) {
                          TRY(visit(next, row.entries[i]));
                          ++next;
                        }
                        return {};
                      }));
  return next < to ? Status(missing_rows()) : Status();
}

Result<std::string> Reader::tile(uint8_t level, uint64_t n) const {
  const uint64_t hashes = level < kTileLevels ? hashes_of_level(size_, level) : 0;
  if (n >= (hashes + kTileWidth - 1) / kTileWidth) {
    return fail(ErrorCode::kNotFound, "the ledger has no such tile");
  }
  const uint64_t first = n * kTileWidth;
  const auto width = static_cast<size_t>(std::min<uint64_t>(kTileWidth, hashes - first));
  std::string tile;
  if (level == 0 && width < kTileWidth) {
    TRY(scan(first, size_, [&](uint64_t, std::string_view entry) -> Status {
      tile.append(crypto::view(leaf_hash(entry)));
      return {};
    }));
    return tile;
  }
  TRY(const bool there, snapshot_->get(families_.ledger, tile_key(level, n), tile));
  if (!there || tile.size() != width * kHashSize) {
    return missing_rows();
  }
  return tile;
}

Status Reader::accesses(uint64_t ord, uint64_t from, const VisitAccess& visit) const {
  const std::string start = access_key(ord, from);
  const std::string end = kv::prefix_end(std::string_view(start).substr(0, 6));
  const auto cursor = snapshot_->scan(families_.accesses, {start, end});
  while (cursor->next()) {
    TRY(const Access access, parse_access(cursor->key(), cursor->value()));
    if (visit(access) == Next::kStop) {
      return {};
    }
  }
  return cursor->status();
}

Result<std::optional<uint64_t>> Reader::policy_entry(const Hash& digest) const {
  std::string value;
  TRY(const bool there, snapshot_->get(families_.ledger, policy_key(digest), value));
  if (!there) {
    return std::optional<uint64_t>();
  }
  TRY(const uint64_t number, parse_number(value));
  return std::optional<uint64_t>(number);
}

}  // namespace continuum::ledger
