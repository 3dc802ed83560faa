#include "access/jws.h"

#include <algorithm>
#include <array>

#include "access/limits.h"
#include "base/bytes.h"
#include "json/document.h"

namespace continuum::access {
namespace {

// RFC 7515 section 4.1, RFC 7797; compressed or encrypted content (RFC 7516) is no claims either.
constexpr std::array<std::string_view, 8> kRefusedMembers = {"crit", "jwk", "jku", "x5c",
                                                             "x5u",  "b64", "zip", "enc"};

bool is_access_token_type(std::string_view type) {
  std::string lower(type);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower == "at+jwt" || lower == "application/at+jwt";
}

}  // namespace

Checked<CompactJws> split_jws(std::string_view token) {
  if (token.size() > kTokenBytesMax) {
    return refuse(TokenFault::kTooLarge);
  }
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) {
    return refuse(TokenFault::kMalformed);
  }
  // A third dot is no digit of base64url.
  auto header = from_base64url(token.substr(0, first));
  auto payload = from_base64url(token.substr(first + 1, second - first - 1));
  auto signature = from_base64url(token.substr(second + 1));
  if (!header || !payload || !signature || header->empty() || payload->empty() ||
      signature->empty()) {
    return refuse(TokenFault::kMalformed);
  }
  return CompactJws{*std::move(header), *std::move(payload), *std::move(signature),
                    token.substr(0, second)};
}

Checked<TokenHeader> read_token_header(std::string_view json) {
  json::Document document;
  if (!document.parse(json, {.depth_max = kTokenDepthMax, .bytes_max = kTokenBytesMax}) ||
      !document.root()->is_object()) {
    return refuse(TokenFault::kMalformed);
  }
  const json::Node& header = *document.root();
  for (const std::string_view member : kRefusedMembers) {
    if (header.find(member) != nullptr) {
      return refuse(TokenFault::kHeader);
    }
  }
  const auto algorithm = crypto::find_signature_algorithm(header.string("alg"));
  if (!algorithm) {
    return refuse(TokenFault::kAlgorithm);
  }
  if (!is_access_token_type(header.string("typ"))) {
    return refuse(TokenFault::kType);
  }
  const std::string_view kid = header.string("kid");
  if (kid.empty() || kid.size() > kNameBytesMax) {
    return refuse(TokenFault::kHeader);
  }
  return TokenHeader{*algorithm, std::string(kid)};
}

}  // namespace continuum::access
