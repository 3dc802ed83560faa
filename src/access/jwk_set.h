// The public keys of an issuer, as it publishes them: a JWK Set (RFC 7517 section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/signature.h"

namespace continuum::access {

struct Jwk {
  std::string kid;  // never empty
  crypto::PublicKey key;
  std::optional<crypto::SignatureAlgorithm> algorithm;  // when the key is for one only

  bool fits(crypto::SignatureAlgorithm asked) const {
    return crypto::key_type(asked) == key.type() && (!algorithm || *algorithm == asked);
  }
};

// Immutable; many threads may read it.
class JwkSet {
 public:
  // Keys that could not check a token are left out, as the RFC says: of a kty, crv, use, key_ops or
  // alg that is not for our signatures, with values out of range, or without a kid.
  //
  // Two keys of one kid are both kept and both tried: a token must carry a signature by one of the
  // issuer's keys whichever it is, and refusing the set would turn an issuer's slip into an outage.
  //
  // kTooLarge over kKeySetBytesMax. kInvalid: no JSON object with an array `keys`, over kKeysMax
  // keys, over kKeysOfOneKidMax with one kid, no key that can be used, or a member that holds a
  // secret (d, k, p...) in any key, because such a set is no longer its issuer's alone.
  static Result<JwkSet> parse(std::string_view text);

  const std::vector<Jwk>& keys() const { return keys_; }
  // Those of that kid, at most kKeysOfOneKidMax.
  std::vector<const Jwk*> find(std::string_view kid) const;
  // The set says of itself that it is for development ("continuum_development_only").
  bool development_only() const { return development_only_; }

 private:
  std::vector<Jwk> keys_;
  bool development_only_ = false;
};

}  // namespace continuum::access
