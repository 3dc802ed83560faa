#include "access/token_fault.h"

#include "base/check.h"

namespace continuum::access {

std::string_view to_string(TokenFault fault) {
  switch (fault) {
    case TokenFault::kNoToken:
      return "no_token";
    case TokenFault::kTooLarge:
      return "too_large";
    case TokenFault::kMalformed:
      return "malformed";
    case TokenFault::kHeader:
      return "header";
    case TokenFault::kAlgorithm:
      return "algorithm";
    case TokenFault::kType:
      return "type";
    case TokenFault::kMalformedClaims:
      return "malformed_claims";
    case TokenFault::kUnknownIssuer:
      return "unknown_issuer";
    case TokenFault::kKeysUnavailable:
      return "keys_unavailable";
    case TokenFault::kUnknownKey:
      return "unknown_key";
    case TokenFault::kKeyMismatch:
      return "key_mismatch";
    case TokenFault::kSignature:
      return "signature";
    case TokenFault::kAudience:
      return "audience";
    case TokenFault::kExpired:
      return "expired";
    case TokenFault::kNotYetValid:
      return "not_yet_valid";
    case TokenFault::kLifetime:
      return "lifetime";
    case TokenFault::kMixedKinds:
      return "mixed_kinds";
    case TokenFault::kUnknownClient:
      return "unknown_client";
    case TokenFault::kSubject:
      return "subject";
    case TokenFault::kRoleNotChosen:
      return "role_not_chosen";
    case TokenFault::kUnknownRole:
      return "unknown_role";
    case TokenFault::kProofing:
      return "proofing";
    case TokenFault::kNhsNumber:
      return "nhs_number";
    case TokenFault::kKindNotAllowed:
      return "kind_not_allowed";
  }
  CHECK(false);
}

}  // namespace continuum::access
