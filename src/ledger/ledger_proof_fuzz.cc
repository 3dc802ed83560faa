// Proofs and tile paths from arbitrary bytes. Against a tree of known leaves: whatever path is
// given, only the true leaf and the true old root are ever accepted.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "ledger/limits.h"
#include "ledger/tile_path.h"
#include "ledger/tree.h"

namespace {

using namespace continuum;
using namespace continuum::ledger;

constexpr uint64_t kLeaves = 600;

class Tiles final : public HashSource {
 public:
  Tiles() {
    for (uint64_t i = 0; i < kLeaves; ++i) {
      leaves_.append(crypto::view(leaf_hash(std::to_string(i))));
    }
  }
  uint64_t size() const override { return kLeaves; }
  Result<std::string> tile(uint8_t level, uint64_t n) const override {
    const size_t tile_bytes = kTileWidth * kHashSize;
    if (level == 0) {
      return leaves_.substr(n * tile_bytes, tile_bytes);
    }
    return std::string(crypto::view(tile_root(leaves_.substr(0, tile_bytes)))) +
           std::string(crypto::view(tile_root(leaves_.substr(tile_bytes, tile_bytes))));
  }
  Hash leaf(uint64_t n) const { return hash_from(leaves_.substr(n * kHashSize, kHashSize)); }

 private:
  std::string leaves_;
};

// Instructions: each byte takes a hash of the true path, of the tree, or of the input.
std::vector<Hash> make_path(ByteReader& in, const std::vector<Hash>& truth, const Tiles& tiles) {
  std::vector<Hash> path;
  while (path.size() < 80) {
    const auto kind = in.u8();
    if (!kind) {
      break;
    }
    if (*kind < 128 && path.size() < truth.size()) {
      path.push_back(truth[path.size()]);
    } else if (*kind < 192 && !truth.empty()) {
      path.push_back(truth[*kind % truth.size()]);
    } else if (*kind < 240) {
      path.push_back(tiles.leaf(*kind));
    } else {
      const auto bytes = in.take(kHashSize);
      path.push_back(bytes ? hash_from(*bytes) : Hash{});
    }
  }
  return path;
}

void check_proofs(std::string_view bytes) {
  static const Tiles tiles;
  ByteReader in(bytes);
  const uint64_t to = in.u16().value_or(0) % kLeaves + 1;
  const uint64_t n = in.u16().value_or(0) % to;
  const uint64_t claimed = in.u64().value_or(0);
  const Hash root = *root_at(tiles, to);
  const auto truth = *inclusion_path(tiles, n, to);
  CHECK(verify_inclusion(n, to, tiles.leaf(n), truth, root));
  const auto steps = *consistency_path(tiles, n, to);
  const Hash old_root = *root_at(tiles, n);
  CHECK(verify_consistency(n, to, old_root, root, steps));

  ByteReader again = in;
  const auto path = make_path(in, truth, tiles);
  CHECK(verify_inclusion(n, to, tiles.leaf(n), path, root) == (path == truth));
  CHECK(!verify_inclusion(n, to, leaf_hash("other"), path, root));
  if (claimed != n && claimed < to) {
    CHECK(!verify_inclusion(claimed, to, tiles.leaf(n), path, root));
  }
  static_cast<void>(verify_inclusion(claimed, claimed + 1, tiles.leaf(n), path, root));
  static_cast<void>(verify_inclusion(n, claimed, tiles.leaf(n), path, root));

  const auto walk = make_path(again, steps, tiles);
  CHECK(verify_consistency(n, to, old_root, root, walk) == (walk == steps));
  CHECK(!verify_consistency(n, to, leaf_hash("other"), root, walk));
  static_cast<void>(verify_consistency(n, claimed, old_root, root, walk));
  static_cast<void>(verify_consistency(claimed, UINT64_MAX, old_root, root, walk));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_proofs(bytes);
  if (const auto name = parse_tile_path(bytes)) {
    CHECK(tile_path(*name) == bytes);
  }
  return 0;
}
