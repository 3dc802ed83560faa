#include "ledger/tree.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/random.h"
#include "ledger/naive_tree_test.h"

namespace continuum::ledger {
namespace {

constexpr uint64_t kSizeMax = 600;

std::string hex(const Hash& hash) {
  return to_hex(crypto::view(hash));
}

// Every way to spoil a proof must be refused.
template <typename Verify>
void expect_forgeries_refused(std::vector<Hash> path, const Verify& verify) {
  for (size_t i = 0; i < path.size(); ++i) {
    std::vector<Hash> forged = path;
    forged[i][i % kHashSize] ^= 0x10;
    EXPECT_FALSE(verify(forged)) << "changed " << i;
    forged = path;
    forged.erase(forged.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(verify(forged)) << "removed " << i;
    if (i > 0) {
      forged = path;
      std::swap(forged[i], forged[i - 1]);
      EXPECT_FALSE(verify(forged)) << "exchanged " << i;
    }
  }
  path.push_back(leaf_hash("more"));
  EXPECT_FALSE(verify(path)) << "one more";
}

TEST(Tree, KnownHashes) {
  // The hashes of RFC 6962's published test tree (Certificate Transparency's reference vectors).
  EXPECT_EQ(hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(leaf_hash("")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(hex(node_hash(leaf_hash(""), leaf_hash(std::string(1, '\0')))),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
}

TEST(Tree, RootsAreThoseOfTheDefinition) {
  const naive::Tiles tiles = naive::tiles(kSizeMax);
  for (uint64_t size = 0; size <= kSizeMax; ++size) {
    ASSERT_EQ(*root_at(tiles, size), naive::root(tiles.leaves().first(size))) << size;
  }
  EXPECT_EQ(root_at(tiles, kSizeMax + 1).error().code, ErrorCode::kInvalid);
}

TEST(Tree, TileRootsAreThoseOfTheDefinition) {
  const naive::Tiles tiles = naive::tiles(256);
  std::string hashes;
  for (uint64_t size = 1; size <= 256; ++size) {
    hashes.append(crypto::view(tiles.leaves()[size - 1]));
    ASSERT_EQ(tile_root(hashes), naive::root(tiles.leaves().first(size))) << size;
  }
}

TEST(Tree, InclusionPaths) {
  const naive::Tiles tiles = naive::tiles(kSizeMax);
  SeededRandom random(1);
  for (uint64_t size = 1; size <= kSizeMax; ++size) {
    const std::span<const Hash> leaves = tiles.leaves().first(size);
    const Hash root = naive::root(leaves);
    std::vector<uint64_t> numbers = {0, size / 2, size - 1, random.below(size)};
    for (uint64_t n = 0; size <= 40 && n < size; ++n) {
      numbers.push_back(n);
    }
    for (const uint64_t n : numbers) {
      const auto path = inclusion_path(tiles, n, size);
      ASSERT_TRUE(path.has_value());
      ASSERT_EQ(*path, naive::path(n, leaves)) << n << " of " << size;
      EXPECT_TRUE(verify_inclusion(n, size, leaves[n], *path, root));
    }
  }
  EXPECT_EQ(inclusion_path(tiles, 5, 5).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(inclusion_path(tiles, 0, kSizeMax + 1).error().code, ErrorCode::kInvalid);
}

TEST(Tree, ForgedInclusionIsRefused) {
  const naive::Tiles tiles = naive::tiles(70);
  for (uint64_t size = 1; size <= 70; ++size) {
    const std::span<const Hash> leaves = tiles.leaves().first(size);
    const Hash root = naive::root(leaves);
    for (uint64_t n = 0; n < size; ++n) {
      const auto path = *inclusion_path(tiles, n, size);
      expect_forgeries_refused(path, [&](const std::vector<Hash>& forged) {
        return verify_inclusion(n, size, leaves[n], forged, root);
      });
      EXPECT_FALSE(verify_inclusion(n, size, leaf_hash("other"), path, root));
      EXPECT_FALSE(verify_inclusion(n, size, leaves[n], path, leaf_hash("other")));
      for (uint64_t other = 0; other < size; ++other) {
        if (other != n) {
          EXPECT_FALSE(verify_inclusion(other, size, leaves[n], path, root));
        }
      }
      EXPECT_FALSE(verify_inclusion(size, size, leaves[n], path, root));
    }
    EXPECT_FALSE(verify_inclusion(0, 0, leaves[0], {}, root));
  }
}

TEST(Tree, ConsistencyPaths) {
  const naive::Tiles tiles = naive::tiles(kSizeMax);
  SeededRandom random(2);
  for (uint64_t to = 1; to <= kSizeMax; ++to) {
    const std::span<const Hash> leaves = tiles.leaves().first(to);
    const Hash to_root = naive::root(leaves);
    std::vector<uint64_t> sizes = {1, std::bit_floor(to), to / 2 + 1, random.below(to) + 1, to};
    for (uint64_t from = 1; to <= 40 && from <= to; ++from) {
      sizes.push_back(from);
    }
    for (const uint64_t from : sizes) {
      const auto path = consistency_path(tiles, from, to);
      ASSERT_TRUE(path.has_value());
      ASSERT_EQ(*path, naive::subproof(from, leaves, naive::Known::kYes)) << from << " to " << to;
      EXPECT_TRUE(verify_consistency(from, to, naive::root(leaves.first(from)), to_root, *path));
    }
  }
  EXPECT_EQ(consistency_path(tiles, 2, 1).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(consistency_path(tiles, 2, kSizeMax + 1).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(consistency_path(tiles, 0, 9)->empty());
  EXPECT_TRUE(verify_consistency(0, 9, empty_root(), leaf_hash("any"), {}));
  EXPECT_FALSE(verify_consistency(0, 9, leaf_hash("any"), leaf_hash("any"), {}));
}

TEST(Tree, ForgedConsistencyIsRefused) {
  const naive::Tiles tiles = naive::tiles(70);
  for (uint64_t to = 1; to <= 70; ++to) {
    const Hash to_root = *root_at(tiles, to);
    for (uint64_t from = 1; from <= to; ++from) {
      const Hash from_root = *root_at(tiles, from);
      const auto path = *consistency_path(tiles, from, to);
      ASSERT_TRUE(verify_consistency(from, to, from_root, to_root, path));
      expect_forgeries_refused(path, [&](const std::vector<Hash>& forged) {
        return verify_consistency(from, to, from_root, to_root, forged);
      });
      EXPECT_FALSE(verify_consistency(from, to, leaf_hash("other"), to_root, path));
      EXPECT_FALSE(verify_consistency(from, to, from_root, leaf_hash("other"), path));
      EXPECT_FALSE(verify_consistency(to + 1, to, from_root, to_root, path));
    }
  }
}

TEST(Tree, TilesOfAWidth) {
  const naive::Tiles tiles = naive::tiles(300);
  EXPECT_EQ(tile_of_width(tiles, 0, 1, 44), *tiles.tile(0, 1));
  EXPECT_EQ(tile_of_width(tiles, 0, 1, 3), tiles.tile(0, 1)->substr(0, 3 * kHashSize));
  EXPECT_EQ(tile_of_width(tiles, 0, 1, 45).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(tile_of_width(tiles, 0, 2, 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(tile_of_width(tiles, 1, 0, 1)->size(), kHashSize);
}

TEST(Tree, ReadsFewTiles) {
  const naive::Tiles tiles = naive::tiles(70'000);
  const uint64_t before = tiles.reads();
  ASSERT_TRUE(inclusion_path(tiles, 66'001, 69'999).has_value());
  EXPECT_LE(tiles.reads() - before, 6U);
}

TEST(Tree, ShortTileIsCorrupt) {
  class Short final : public HashSource {
   public:
    uint64_t size() const override { return 300; }
    Result<std::string> tile(uint8_t, uint64_t) const override { return std::string(32, 'x'); }
  };
  EXPECT_EQ(root_at(Short(), 300).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace continuum::ledger
