// SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104) and HKDF (RFC 5869) over OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace continuum::crypto {

using Digest = std::array<uint8_t, 32>;
using Key = std::array<uint8_t, 32>;

Digest sha256(std::string_view bytes);

// The same of bytes that come in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  // Of all since the start, or since it was last called.
  Digest digest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A keyed hash used many times: the key is absorbed once. Copyable state inside; one thread at a
// time.
class Hmac {
 public:
  explicit Hmac(const Key& key);
  ~Hmac();
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;
  Digest operator()(std::string_view message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A key for one purpose, named by `info`, derived from a master key.
Key derive_key(const Key& master, std::string_view info);

// Compares in time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

inline std::string_view view(const std::array<uint8_t, 32>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// 32 bytes; anything else is a CHECK failure.
Key key_from(std::string_view bytes);

}  // namespace continuum::crypto
