// Principals of tokens that were verified, by the token's digest, until the tokens expire.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "access/principal.h"
#include "crypto/digest.h"

namespace continuum::access {

struct VerifiedToken {
  Principal principal;
  int64_t expires = 0;           // the token's exp
  int64_t not_before = 0;        // the later of its nbf and iat
  uint64_t keys_generation = 0;  // of the keys that it was verified with
};

// Holds at most `count_max` (> 0); the least recently used goes first. Thread-safe.
class TokenCache {
 public:
  explicit TokenCache(size_t count_max) : count_max_(count_max) {}

  std::optional<VerifiedToken> find(const crypto::Digest& token);
  void insert(const crypto::Digest& token, VerifiedToken verified);
  void remove(const crypto::Digest& token);
  size_t size() const;

 private:
  struct Entry {
    crypto::Digest token;
    VerifiedToken verified;
  };
  // A digest is as good as random.
  struct FirstBytes {
    size_t operator()(const crypto::Digest& digest) const;
  };

  const size_t count_max_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<crypto::Digest, std::list<Entry>::iterator, FirstBytes> by_token_;
};

}  // namespace continuum::access
