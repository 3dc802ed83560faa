// Why an access token was not accepted: for metrics and logs, never for whoever sent it.
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

namespace continuum::access {

enum class TokenFault : uint8_t {
  kNoToken,          // the field is not one "Bearer TOKEN"
  kTooLarge,         // over kTokenBytesMax
  kMalformed,        // not three parts of base64url, or the header is no JSON object
  kHeader,           // kid is missing, or a member that could change the meaning is there
  kAlgorithm,        // alg is not one of ours: none, HS256...
  kType,             // typ is not at+jwt: an ID token, a logout token...
  kMalformedClaims,  // no JSON object, a name there twice, or a claim missing or of the wrong shape
  kUnknownIssuer,    // iss is no [[issuer]]
  kKeysUnavailable,  // the issuer's keys could not be had, or it is for development only
  kUnknownKey,       // kid names no key of the issuer
  kKeyMismatch,      // alg is not for the key that kid names
  kSignature,        // not signed by that key
  kAudience,         // aud does not name this region
  kExpired,          // exp has passed
  kNotYetValid,      // nbf or iat is to come
  kLifetime,         // exp is too long after iat, or not after it
  kMixedKinds,       // claims of more than one kind of caller
  kUnknownClient,    // no claims of a person, and client_id is no source and no operator
  kSubject,          // a system or operator whose sub is not its client_id
  kRoleNotChosen,    // several roles and no selected_roleid
  kUnknownRole,      // selected_roleid is none of the roles, or there are none
  kProofing,         // a citizen who is not proofed to P9
  kNhsNumber,        // nhs_number is not ten digits with the right check digit
  kKindNotAllowed,   // the issuer may not speak for this kind of caller
};
inline constexpr int kTokenFaultCount = static_cast<int>(TokenFault::kKindNotAllowed) + 1;

// "no_token", "too_large", ...: stable, for logs and metrics.
std::string_view to_string(TokenFault fault);

template <typename T>
using Checked = tl::expected<T, TokenFault>;

inline tl::unexpected<TokenFault> refuse(TokenFault fault) {
  return tl::unexpected<TokenFault>(fault);
}

}  // namespace continuum::access
