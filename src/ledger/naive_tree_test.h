// RFC 9162 section 2.1 as it is written, by recursion over a list: what the tree is tested against.
#pragma once

#include <bit>
#include <span>
#include <string>
#include <vector>

#include "crypto/digest.h"
#include "ledger/tree.h"

namespace continuum::ledger::naive {

inline uint64_t split(uint64_t size) {
  uint64_t k = 1;
  while (k * 2 < size) {
    k *= 2;
  }
  return k;
}

inline Hash root(std::span<const Hash> leaves) {
  if (leaves.empty()) {
    return crypto::sha256("");
  }
  if (leaves.size() == 1) {
    return leaves[0];
  }
  const uint64_t k = split(leaves.size());
  const Hash left = root(leaves.first(k));
  const Hash right = root(leaves.subspan(k));
  return crypto::sha256("\x01" + std::string(crypto::view(left)) +
                        std::string(crypto::view(right)));
}

inline std::vector<Hash> path(uint64_t m, std::span<const Hash> leaves) {
  if (leaves.size() <= 1) {
    return {};
  }
  const uint64_t k = split(leaves.size());
  std::vector<Hash> out = m < k ? path(m, leaves.first(k)) : path(m - k, leaves.subspan(k));
  out.push_back(m < k ? root(leaves.subspan(k)) : root(leaves.first(k)));
  return out;
}

enum class Known { kNo, kYes };
inline std::vector<Hash> subproof(uint64_t m, std::span<const Hash> leaves, Known known) {
  if (m == leaves.size()) {
    return known == Known::kYes ? std::vector<Hash>() : std::vector<Hash>{root(leaves)};
  }
  const uint64_t k = split(leaves.size());
  std::vector<Hash> out;
  if (m <= k) {
    out = subproof(m, leaves.first(k), known);
    out.push_back(root(leaves.subspan(k)));
  } else {
    out = subproof(m - k, leaves.subspan(k), Known::kNo);
    out.push_back(root(leaves.first(k)));
  }
  return out;
}

// Tiles of a list of leaf hashes, straight from their definition.
class Tiles final : public HashSource {
 public:
  explicit Tiles(std::vector<Hash> leaves) : leaves_(std::move(leaves)) {}
  uint64_t size() const override { return leaves_.size(); }
  Result<std::string> tile(uint8_t level, uint64_t n) const override {
    ++reads_;
    const uint64_t width = uint64_t{1} << (8 * level);
    std::string out;
    for (uint64_t i = 0; i < 256; ++i) {
      const uint64_t from = (n * 256 + i) * width;
      if (from + width > leaves_.size()) {
        break;
      }
      out.append(crypto::view(root(std::span(leaves_).subspan(from, width))));
    }
    if (out.empty()) {
      return fail(ErrorCode::kNotFound, "no such tile");
    }
    return out;
  }
  std::span<const Hash> leaves() const { return leaves_; }
  uint64_t reads() const { return reads_; }

 private:
  std::vector<Hash> leaves_;
  mutable uint64_t reads_ = 0;
};

inline Tiles tiles(uint64_t size) {
  std::vector<Hash> leaves;
  for (uint64_t i = 0; i < size; ++i) {
    leaves.push_back(leaf_hash("entry " + std::to_string(i)));
  }
  return Tiles(std::move(leaves));
}

}  // namespace continuum::ledger::naive
