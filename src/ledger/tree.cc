#include "ledger/tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <optional>

#include "base/check.h"
#include "ledger/limits.h"

namespace continuum::ledger {
namespace {

constexpr char kLeafPrefix = '\x00';
constexpr char kNodePrefix = '\x01';
constexpr unsigned kTileHeight = 8;  // a whole tile's root stands this far above its hashes

Hash hash_node(const char* left_and_right) {
  char buffer[1 + 2 * kHashSize];
  buffer[0] = kNodePrefix;
  std::memcpy(buffer + 1, left_and_right, 2 * kHashSize);
  return crypto::sha256({buffer, sizeof buffer});
}

// Roots of subtrees, by way of tiles that are read once.
class Subtrees {
 public:
  explicit Subtrees(const HashSource& source) : source_(source) {}

  // Leaves from..to, as RFC 9162 splits: `from` is a multiple of a power of two >= to - from.
  Result<Hash> root(uint64_t from, uint64_t to) {
    if (from == to) {
      return empty_root();
    }
    const uint64_t size = to - from;
    std::optional<Hash> root;
    for (unsigned height = 0; height < 64; ++height) {
      if (((size >> height) & 1) == 0) {
        continue;
      }
      to -= uint64_t{1} << height;
      TRY(const Hash left, complete(height, to >> height));
      root = root ? node_hash(left, *root) : left;
    }
    return *root;
  }

 private:
  // The subtree number `index` of 2^height leaves.
  Result<Hash> complete(unsigned height, uint64_t index) {
    const unsigned inside = height % kTileHeight;
    const uint64_t first = index << inside;
    TRY(const std::string* hashes,
        tile(static_cast<uint8_t>(height / kTileHeight), first / kTileWidth));
    const size_t at = static_cast<size_t>(first % kTileWidth) * kHashSize;
    const size_t size = kHashSize << inside;
    if (at + size > hashes->size()) {
      return fail(ErrorCode::kCorrupt, "a tile of the ledger is too short");
    }
    return tile_root(std::string_view(*hashes).substr(at, size));
  }

  Result<const std::string*> tile(uint8_t level, uint64_t n) {
    auto found = tiles_.find({level, n});
    if (found == tiles_.end()) {
      TRY(auto hashes, source_.tile(level, n));
      found = tiles_.emplace(std::pair(level, n), std::move(hashes)).first;
    }
    return &found->second;
  }

  const HashSource& source_;
  std::map<std::pair<uint8_t, uint64_t>, std::string> tiles_;
};

// The leaves left of the root's split: the largest power of two below `size`, which is over 1.
uint64_t split(uint64_t size) {
  return std::bit_floor(size - 1);
}

}  // namespace

Hash leaf_hash(std::string_view entry) {
  thread_local std::string buffer;
  buffer.assign(1, kLeafPrefix);
  buffer.append(entry);
  return crypto::sha256(buffer);
}

Hash node_hash(const Hash& left, const Hash& right) {
  char both[2 * kHashSize];
  std::memcpy(both, left.data(), kHashSize);
  std::memcpy(both + kHashSize, right.data(), kHashSize);
  return hash_node(both);
}

Hash empty_root() {
  return crypto::sha256({});
}

Hash hash_from(std::string_view bytes) {
  return crypto::key_from(bytes);
}

Hash tile_root(std::string_view hashes) {
  size_t count = hashes.size() / kHashSize;
  CHECK(count > 0 && count <= kTileWidth && hashes.size() % kHashSize == 0);
  char row[kTileWidth * kHashSize];
  std::memcpy(row, hashes.data(), hashes.size());
  // Pairs from the left; one that is left over goes up as it is, which is how RFC 9162 splits.
  for (; count > 1; count = (count + 1) / 2) {
    for (size_t i = 0; i + 1 < count; i += 2) {
      const Hash node = hash_node(row + i * kHashSize);
      std::memcpy(row + i / 2 * kHashSize, node.data(), kHashSize);
    }
    if (count % 2 == 1) {
      std::memmove(row + count / 2 * kHashSize, row + (count - 1) * kHashSize, kHashSize);
    }
  }
  return hash_from({row, kHashSize});
}

Result<std::string> tile_of_width(const HashSource& source, uint8_t level, uint64_t n,
                                  size_t width) {
  CHECK(width >= 1 && width <= kTileWidth);
  TRY(std::string tile, source.tile(level, n));
  if (tile.size() < width * kHashSize) {
    return fail(ErrorCode::kNotFound, "the ledger's tile holds fewer hashes");
  }
  tile.resize(width * kHashSize);
  return tile;
}

Result<Hash> root_at(const HashSource& source, uint64_t size) {
  if (size > source.size()) {
    return fail(ErrorCode::kInvalid, "the ledger is smaller than that");
  }
  return Subtrees(source).root(0, size);
}

Result<std::vector<Hash>> inclusion_path(const HashSource& source, uint64_t n, uint64_t size) {
  if (size > source.size() || n >= size) {
    return fail(ErrorCode::kInvalid, "the ledger has no such entry");
  }
  Subtrees subtrees(source);
  std::vector<Hash> path;
  uint64_t from = 0;
  uint64_t to = size;
  while (to - from > 1) {
    const uint64_t middle = from + split(to - from);
    const bool left = n < middle;
    TRY(const Hash other, left ? subtrees.root(middle, to) : subtrees.root(from, middle));
    path.push_back(other);
    (left ? to : from) = middle;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

Result<std::vector<Hash>> consistency_path(const HashSource& source, uint64_t from, uint64_t to) {
  if (to > source.size() || from > to) {
    return fail(ErrorCode::kInvalid, "the ledger has no such sizes");
  }
  std::vector<Hash> path;
  if (from == 0 || from == to) {
    return path;
  }
  Subtrees subtrees(source);
  // The subtree start..end holds the last of the `from` leaves.
  uint64_t start = 0;
  uint64_t end = to;
  while (end != from) {
    const uint64_t middle = start + split(end - start);
    const bool left = from <= middle;
    TRY(const Hash other, left ? subtrees.root(middle, end) : subtrees.root(start, middle));
    path.push_back(other);
    (left ? end : start) = middle;
  }
  // What starts at 0 is the old tree itself, whose root the verifier has.
  if (start != 0) {
    TRY(const Hash last, subtrees.root(start, end));
    path.push_back(last);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

bool verify_inclusion(uint64_t n, uint64_t size, const Hash& leaf, std::span<const Hash> path,
                      const Hash& root) {
  if (n >= size || path.size() > kPathHashesMax) {
    return false;
  }
  uint64_t at = n;
  uint64_t last = size - 1;
  Hash hash = leaf;
  for (const Hash& other : path) {
    if (last == 0) {
      return false;
    }
    if ((at & 1) == 1 || at == last) {
      hash = node_hash(other, hash);
      const int levels = at == 0 ? 0 : std::countr_zero(at);
      at >>= levels;
      last >>= levels;
    } else {
      hash = node_hash(hash, other);
    }
    at >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(uint64_t from, uint64_t to, const Hash& from_root, const Hash& to_root,
                        std::span<const Hash> path) {
  if (from > to || path.size() > kPathHashesMax) {
    return false;
  }
  if (from == to) {
    return path.empty() && from_root == to_root && (from != 0 || from_root == empty_root());
  }
  if (from == 0) {
    return path.empty() && from_root == empty_root();
  }
  const bool whole = std::has_single_bit(from);
  if (path.empty()) {
    return false;
  }
  const int levels = std::countr_one(from - 1);
  uint64_t at = (from - 1) >> levels;
  uint64_t last = (to - 1) >> levels;
  Hash old_hash = whole ? from_root : path[0];
  Hash new_hash = old_hash;
  for (const Hash& other : path.subspan(whole ? 0 : 1)) {
    if (last == 0) {
      return false;
    }
    if ((at & 1) == 1 || at == last) {
      old_hash = node_hash(other, old_hash);
      new_hash = node_hash(other, new_hash);
      const int skipped = at == 0 ? 0 : std::countr_zero(at);
      at >>= skipped;
      last >>= skipped;
    } else {
      new_hash = node_hash(new_hash, other);
    }
    at >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == from_root && new_hash == to_root;
}

}  // namespace continuum::ledger
