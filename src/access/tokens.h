// From an Authorization field to a Principal (RFC 6750, RFC 9068).
//
// A token is believed when it is signed by a current key of a configured issuer, for this region,
// now. What it says then makes one principal of exactly one kind:
//
//   staff     claims of staff; the role is selected_roleid, or the only one there is
//   citizen   nhs_number with a right check digit, and identity_proofing_level "P9"
//   system    client_id of a [[source]], the same as sub, and no claim of a person
//   operator  client_id of an [[operator]], in the same way
//
// Whoever sent a token that is refused learns nothing of why.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "access/claims.h"
#include "access/key_set_source.h"
#include "access/limits.h"
#include "access/principal.h"
#include "access/token_cache.h"
#include "access/token_fault.h"
#include "base/instant.h"
#include "base/result.h"
#include "config/region.h"

namespace continuum::access {

inline constexpr std::string_view kTokenRefused = "the access token was not accepted";

// Thread-safe. Verified tokens are remembered by their digest until they expire; they are refused
// before that when the issuer's keys change, unless a current key still signs them.
class TokenVerifier {
 public:
  // `keys` are of the same region; keys and clock must outlive the verifier.
  TokenVerifier(const config::Region& region, KeySetSource& keys, const Clock& clock,
                size_t remembered_max = kVerifiedTokensMax);

  // The value of an Authorization field: "Bearer" in any case, one space, one token. Every failure
  // is kUnauthenticated with the message kTokenRefused. May wait for an issuer to give its keys
  // (see KeySetSource).
  Result<Principal> verify(std::string_view authorization_field);

  // The same, with the reason.
  Checked<Principal> verify_detailed(std::string_view authorization_field);

  // Tokens remembered at present.
  size_t remembered() const { return cache_.size(); }

 private:
  Checked<Principal> verify_token(std::string_view token, const crypto::Digest& digest);
  std::optional<Principal> recall(const crypto::Digest& digest);
  // Nothing: it is for this region and now.
  std::optional<TokenFault> find_fault(const Claims& claims) const;
  Checked<Principal> principal_of(const Claims& claims) const;
  bool may_speak_for(std::string_view issuer, PrincipalKind kind) const;
  int64_t now_seconds() const;

  std::string audience_;
  std::map<std::string, std::vector<PrincipalKind>, std::less<>> issuers_;
  std::map<std::string, std::string, std::less<>> sources_;  // names, by client_id
  std::set<std::string, std::less<>> operators_;             // client_ids
  KeySetSource& keys_;
  const Clock& clock_;
  TokenCache cache_;
};

}  // namespace continuum::access
