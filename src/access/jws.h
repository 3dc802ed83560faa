// The compact form of a signed access token (RFC 7515 section 7.1, RFC 9068 section 2.1).
//
//   token = base64url(header) "." base64url(claims) "." base64url(signature)
//
// What a token says of its own key is never believed: a header that brings one, or names a place to
// fetch one, or asks for an extension, is refused. The header's alg must be for the type of the
// issuer's key, which the caller compares; a key is never used as its algorithm says.
#pragma once

#include <string>
#include <string_view>

#include "access/token_fault.h"
#include "crypto/signature.h"

namespace continuum::access {

// The three parts, decoded but not read.
struct CompactJws {
  std::string header;
  std::string payload;
  std::string signature;
  std::string_view signing_input;  // of the token's text
};
// Exactly three parts of strict base64url, none empty. kTooLarge, kMalformed.
Checked<CompactJws> split_jws(std::string_view token);

struct TokenHeader {
  crypto::SignatureAlgorithm algorithm;
  std::string kid;  // 1 to kNameBytesMax bytes
};
// A JSON object with alg, typ (at+jwt, with or without application/, in any case) and kid. Members
// that nothing here uses are ignored. kMalformed, kHeader, kAlgorithm, kType.
Checked<TokenHeader> read_token_header(std::string_view json);

}  // namespace continuum::access
