#include "access/jwk_set.h"

#include <algorithm>
#include <array>

#include "access/development_only.h"
#include "access/limits.h"
#include "base/bytes.h"
#include "json/document.h"

namespace continuum::access {
namespace {

using crypto::PublicKey;

// RFC 7518 sections 6.2.2, 6.3.2 and 6.4.
constexpr std::array<std::string_view, 8> kSecretMembers = {"d",  "p",  "q",   "dp",
                                                            "dq", "qi", "oth", "k"};

tl::unexpected<Error> bad_set(const char* what) {
  return fail(ErrorCode::kInvalid, "not a set of public keys", {{"keys", what}});
}

bool holds_secret(const json::Node& key) {
  return std::any_of(kSecretMembers.begin(), kSecretMembers.end(),
                     [&](std::string_view member) { return key.find(member) != nullptr; });
}

// Empty when absent or not base64url; no key accepts that.
std::string number(const json::Node& key, std::string_view member) {
  return from_base64url(key.string(member)).value_or(std::string());
}

Result<PublicKey> read_public_key(const json::Node& key) {
  const std::string_view type = key.string("kty");
  const std::string_view curve = key.string("crv");
  if (type == "EC" && curve == "P-256") {
    return PublicKey::ec_p256(number(key, "x"), number(key, "y"));
  }
  if (type == "RSA") {
    return PublicKey::rsa(number(key, "n"), number(key, "e"));
  }
  if (type == "OKP" && curve == "Ed25519") {
    return PublicKey::ed25519(number(key, "x"));
  }
  return fail(ErrorCode::kUnsupported, "a key of another type");
}

bool has_string(const json::Node& array, std::string_view text) {
  for (const json::Node& each : json::children(array)) {
    if (each.is_string() && each.text == text) {
      return true;
    }
  }
  return false;
}

bool is_for_signatures(const json::Node& key) {
  const json::Node* use = key.find("use");
  const json::Node* operations = key.find("key_ops");
  return (use == nullptr || (use->is_string() && use->text == "sig")) &&
         (operations == nullptr || (operations->is_array() && has_string(*operations, "verify")));
}

// Nothing for a key that is left out.
std::optional<Jwk> read_key(const json::Node& key) {
  const std::string_view kid = key.string("kid");
  if (kid.empty() || kid.size() > kNameBytesMax || !is_for_signatures(key)) {
    return std::nullopt;
  }
  const json::Node* name = key.find("alg");
  const auto algorithm =
      name == nullptr ? std::nullopt : crypto::find_signature_algorithm(name->text);
  if (name != nullptr && !algorithm) {
    return std::nullopt;
  }
  auto public_key = read_public_key(key);
  if (!public_key || (algorithm && crypto::key_type(*algorithm) != public_key->type())) {
    return std::nullopt;
  }
  return Jwk{std::string(kid), *std::move(public_key), algorithm};
}

}  // namespace

Result<JwkSet> JwkSet::parse(std::string_view text) {
  json::Document document;
  TRY(document.parse(text, {.depth_max = kKeySetDepthMax, .bytes_max = kKeySetBytesMax}));
  const json::Node* keys = document.root()->find("keys");
  if (keys == nullptr || !keys->is_array()) {
    return bad_set("expected an array");
  }
  if (keys->child_count() > kKeysMax) {
    return bad_set("too many");
  }
  JwkSet set;
  set.development_only_ = is_development_only(*document.root());
  for (const json::Node& key : json::children(*keys)) {
    if (holds_secret(key)) {
      return bad_set("one of them holds a secret");
    }
    if (auto read = read_key(key)) {
      set.keys_.push_back(*std::move(read));
    }
  }
  if (set.keys_.empty()) {
    return bad_set("none can be used");
  }
  for (const Jwk& key : set.keys_) {
    if (set.find(key.kid).size() > kKeysOfOneKidMax) {
      return bad_set("too many of one kid");
    }
  }
  return set;
}

std::vector<const Jwk*> JwkSet::find(std::string_view kid) const {
  std::vector<const Jwk*> found;
  for (const Jwk& key : keys_) {
    if (key.kid == kid) {
      found.push_back(&key);
    }
  }
  return found;
}

}  // namespace continuum::access
