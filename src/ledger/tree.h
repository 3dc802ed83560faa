// The hash tree of RFC 9162 section 2.1 over SHA-256: hashes, proofs and their verification.
//
// Hashes are kept in tiles of up to 256 (docs/ledger_format.md section 2): tile n of level L holds
// the roots of the complete subtrees of 256^L leaves from leaf n * 256^(L+1) on, 32 bytes each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/digest.h"

namespace continuum::ledger {

using Hash = crypto::Digest;
inline constexpr size_t kHashSize = 32;

Hash leaf_hash(std::string_view entry);
Hash node_hash(const Hash& left, const Hash& right);
// Of the tree without leaves.
Hash empty_root();
// 32 bytes; anything else is a CHECK failure.
Hash hash_from(std::string_view bytes);

// The root over 1 to 256 hashes of complete subtrees of one size, 32 bytes each. Of a whole tile it
// is the hash that stands for the tile in the level above.
Hash tile_root(std::string_view hashes);

// Tiles of one tree. Must not change while a function here uses it.
class HashSource {
 public:
  virtual ~HashSource() = default;
  // Leaves.
  virtual uint64_t size() const = 0;
  // The hashes there are in tile `n` of `level`, as many as complete subtrees lie inside size().
  virtual Result<std::string> tile(uint8_t level, uint64_t n) const = 0;
};

// The first `width` hashes (1 to 256) of a tile, as they were when there were no more. kNotFound
// when there are fewer.
Result<std::string> tile_of_width(const HashSource& source, uint8_t level, uint64_t n,
                                  size_t width);

// The functions below read at most two tiles a level, each once. A tile that is too short is
// kCorrupt. Sizes up to source.size(); a larger one, or a leaf not below its size, is kInvalid.

// The root of the tree of the first `size` leaves.
Result<Hash> root_at(const HashSource& source, uint64_t size);
// RFC 9162 section 2.1.3.1: of leaf `n` in the tree of the first `size` leaves; leaf to root.
Result<std::vector<Hash>> inclusion_path(const HashSource& source, uint64_t n, uint64_t size);
// RFC 9162 section 2.1.4.1: from the tree of `from` leaves to that of `to`; from <= to. Empty when
// they are the same and when `from` is 0.
Result<std::vector<Hash>> consistency_path(const HashSource& source, uint64_t from, uint64_t to);

// RFC 9162 section 2.1.3.2. Any path may be given.
bool verify_inclusion(uint64_t n, uint64_t size, const Hash& leaf, std::span<const Hash> path,
                      const Hash& root);
// RFC 9162 section 2.1.4.2. Any path may be given. Trees of one size must have one root and an
// empty path; the tree without leaves is the start of every tree, by an empty path.
bool verify_consistency(uint64_t from, uint64_t to, const Hash& from_root, const Hash& to_root,
                        std::span<const Hash> path);

}  // namespace continuum::ledger
