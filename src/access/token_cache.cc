#include "access/token_cache.h"

#include <cstring>

#include "base/check.h"

namespace continuum::access {

size_t TokenCache::FirstBytes::operator()(const crypto::Digest& digest) const {
  size_t out = 0;
  std::memcpy(&out, digest.data(), sizeof out);
  return out;
}

std::optional<VerifiedToken> TokenCache::find(const crypto::Digest& token) {
  const std::lock_guard lock(mutex_);
  const auto found = by_token_.find(token);
  if (found == by_token_.end()) {
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->verified;
}

void TokenCache::insert(const crypto::Digest& token, VerifiedToken verified) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_token_.find(token); found != by_token_.end()) {
    found->second->verified = std::move(verified);
    return;
  }
  if (entries_.size() >= count_max_) {
    CHECK(!entries_.empty());
    by_token_.erase(entries_.back().token);
    entries_.pop_back();
  }
  entries_.push_front({token, std::move(verified)});
  by_token_.emplace(token, entries_.begin());
}

void TokenCache::remove(const crypto::Digest& token) {
  const std::lock_guard lock(mutex_);
  const auto found = by_token_.find(token);
  if (found != by_token_.end()) {
    entries_.erase(found->second);
    by_token_.erase(found);
  }
}

size_t TokenCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace continuum::access
