// AES-256-GCM: what is sealed can be opened only with the same key, nonce and context, and any
// change to it is found (NIST SP 800-38D).
//
// Sealed form: nonce (12 bytes) | ciphertext (as long as the plaintext) | tag (16 bytes). Nonces
// are random from the kernel: with fewer than 2^32 seals under one key, the chance of a repeat
// stays below 2^-32 (SP 800-38D section 8.3); callers keep below that by having a key for each
// source patient.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/digest.h"

namespace continuum::crypto {

inline constexpr size_t kNonceSize = 12;
inline constexpr size_t kTagSize = 16;
inline constexpr size_t kSealOverhead = kNonceSize + kTagSize;

// Keeps OpenSSL contexts and the last key's schedule; one thread at a time.
class Aead {
 public:
  Aead();
  ~Aead();
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;

  // Appends the sealed form of `plain` to `out`.
  void seal(const Key& key, std::string_view context, std::string_view plain, std::string& out);
  // Appends the plaintext to `out`. kCorrupt, with `out` as before, when key, context or bytes are
  // not those of seal().
  Status open(const Key& key, std::string_view context, std::string_view sealed, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// An Aead of the calling thread.
Aead& thread_aead();

}  // namespace continuum::crypto
