// Digital signatures over OpenSSL: those of RFC 7518 and RFC 8037 that access tokens may carry, and
// Ed25519 keys (RFC 8032) to sign with.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "crypto/digest.h"

struct evp_pkey_st;

namespace continuum::crypto {

enum class KeyType : uint8_t { kEcP256, kRsa, kEd25519 };

enum class SignatureAlgorithm : uint8_t {
  kEs256,  // ECDSA on P-256 with SHA-256; r and s, 32 bytes each
  kPs256,  // RSASSA-PSS with SHA-256, MGF1 with SHA-256, a salt of 32 bytes
  kRs256,  // RSASSA-PKCS1-v1_5 with SHA-256
  kRs512,  // RSASSA-PKCS1-v1_5 with SHA-512
  kEdDsa,  // Ed25519
};
// The JOSE name: "ES256", "PS256", "RS256", "RS512", "EdDSA".
std::string_view to_string(SignatureAlgorithm algorithm);
// Of one of these names exactly; nothing for any other.
std::optional<SignatureAlgorithm> find_signature_algorithm(std::string_view name);
KeyType key_type(SignatureAlgorithm algorithm);

inline constexpr size_t kEcCoordinateSize = 32;
inline constexpr size_t kEd25519PublicSize = 32;
inline constexpr size_t kEd25519SignatureSize = 64;
inline constexpr int kRsaBitsMin = 2048;
inline constexpr int kRsaBitsMax = 8192;
inline constexpr size_t kRsaExponentBytesMax = 4;
inline constexpr uint64_t kRsaExponentMin = 65'537;

struct PkeyFree {
  void operator()(evp_pkey_st* key) const;
};

// A key that signatures can be checked with. Movable; verify() may be called by many threads.
class PublicKey {
 public:
  // A point on P-256 other than infinity, coordinates of 32 bytes each. kInvalid otherwise.
  static Result<PublicKey> ec_p256(std::string_view x, std::string_view y);
  // Big-endian modulus (odd, kRsaBitsMin to kRsaBitsMax) and exponent (odd, from kRsaExponentMin,
  // at most kRsaExponentBytesMax bytes). kInvalid otherwise.
  static Result<PublicKey> rsa(std::string_view modulus, std::string_view exponent);
  // 32 bytes (RFC 8032 section 5.1.5). kInvalid otherwise.
  static Result<PublicKey> ed25519(std::string_view x);

  KeyType type() const { return type_; }

  // Whether `signature` is of `message` by this key. False also when the algorithm is for keys of
  // another type, and for a signature of any other length than the key's.
  bool verify(SignatureAlgorithm algorithm, std::string_view message,
              std::string_view signature) const;

 private:
  using Handle = std::unique_ptr<evp_pkey_st, PkeyFree>;
  PublicKey(KeyType type, Handle key) : type_(type), key_(std::move(key)) {}

  KeyType type_;
  Handle key_;
};

using Ed25519Signature = std::array<uint8_t, kEd25519SignatureSize>;

// A key pair to sign with. Movable; sign() may be called by many threads. Its seed is wiped from
// memory when it dies.
class Ed25519Key {
 public:
  // Any 32 bytes are a seed (RFC 8032 section 5.1.5); who has them can sign.
  static Ed25519Key from_seed(const Key& seed);
  static Ed25519Key generate(Random& random);

  Ed25519Key(Ed25519Key&&) noexcept = default;
  Ed25519Key& operator=(Ed25519Key&&) noexcept = default;
  ~Ed25519Key() = default;

  Ed25519Signature sign(std::string_view message) const;
  Key public_key() const;  // 32 bytes, to be shown to anyone
  Key seed() const;        // the secret; the caller wipes its copy

 private:
  using Handle = std::unique_ptr<evp_pkey_st, PkeyFree>;
  explicit Ed25519Key(Handle key) : key_(std::move(key)) {}

  Handle key_;  // OpenSSL wipes it when it is freed
};

// False also for a key or a signature of any other length.
bool ed25519_verify(std::string_view public_key, std::string_view message,
                    std::string_view signature);

}  // namespace continuum::crypto
