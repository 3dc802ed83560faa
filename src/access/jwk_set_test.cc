#include "access/jwk_set.h"

#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/tokens_fixture_test.h"

namespace continuum::access {
namespace {

// The kids that are kept; "refused" when the set is.
std::string kept(std::string_view keys) {
  const auto set = JwkSet::parse(jwk_set(keys));
  if (!set) {
    EXPECT_EQ(set.error().code, ErrorCode::kInvalid);
    return "refused";
  }
  std::string out;
  for (const Jwk& key : set->keys()) {
    out += (out.empty() ? "" : " ") + key.kid;
  }
  return out;
}

TEST(JwkSet, KeepsWhatCanCheckATokensSignature) {
  const std::string good = jwk("good", signer(KeyType::kEcP256)) + ",";
  const TestSigner& ec = signer(KeyType::kEcP256);
  const TestSigner& rsa = signer(KeyType::kRsa);
  const TestSigner& ed = signer(KeyType::kEd25519);
  struct Row {
    std::string key;
    bool kept;
  };
  const Row rows[] = {
      {jwk("x", ec), true},
      {jwk("x", rsa), true},
      {jwk("x", ed), true},
      {jwk("x", ec, R"(,"use":"sig","alg":"ES256","key_ops":["sign","verify"],"extra":1)"), true},
      {jwk("x", rsa, R"(,"alg":"PS256")"), true},
      {jwk("x", ed, R"(,"alg":"EdDSA")"), true},
      {jwk("x", ec, R"(,"use":"enc")"), false},
      {jwk("x", ec, R"(,"use":1)"), false},
      {jwk("x", ec, R"(,"key_ops":["encrypt"])"), false},
      {jwk("x", ec, R"(,"key_ops":"verify")"), false},
      {jwk("x", ec, R"(,"alg":"RS256")"), false},
      {jwk("x", rsa, R"(,"alg":"ES256")"), false},
      {jwk("x", rsa, R"(,"alg":"RSA-OAEP")"), false},
      {jwk("x", rsa, R"(,"alg":"HS256")"), false},
      {jwk("x", ec, R"(,"alg":1)"), false},
      {"{" + ec.jwk_members() + "}", false},
      {jwk("", ec), false},
      {jwk(std::string(kNameBytesMax + 1, 'k'), ec), false},
      {R"({"kid":"x","kty":"EC","crv":"P-384","x":"AA","y":"AA"})", false},
      {R"({"kid":"x","kty":"EC","crv":"P-256","x":"AA","y":"AA"})", false},
      {R"({"kid":"x","kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
       R"("y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"})",
       false},
      {R"({"kid":"x","kty":"RSA","n":"AQAB","e":"AQAB"})", false},
      {R"({"kid":"x","kty":"RSA"})", false},
      {R"({"kid":"x","kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
       false},
      {R"({"kid":"x","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="})",
       false},
      {R"({"kid":"x","kty":"oct"})", false},
      {R"({"kid":"x"})", false},
      {"{}", false},
      {"1", false},
      {"null", false},
      {"[]", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(kept(good + row.key), row.kept ? "good x" : "good") << row.key;
    if (!row.kept) {
      EXPECT_EQ(kept(row.key), "refused") << row.key;
    }
  }
}

TEST(JwkSet, RefusesSecrets) {
  const std::string good = jwk("good", signer(KeyType::kEcP256)) + ",";
  for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    const std::string secret = ",\"" + std::string(member) + "\":\"AA\"";
    EXPECT_EQ(kept(good + jwk("x", signer(KeyType::kRsa), secret)), "refused") << member;
    EXPECT_EQ(kept(good + R"({"kty":"unknown")" + secret + "}"), "refused") << member;
  }
}

TEST(JwkSet, RefusesWhatIsNoSet) {
  for (const char* text :
       {"", "{}", "[]", "{\"keys\":1}", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":["}) {
    EXPECT_EQ(JwkSet::parse(text).error().code, ErrorCode::kInvalid) << text;
  }
  const std::string key = jwk("a", signer(KeyType::kEcP256));
  EXPECT_FALSE(JwkSet::parse("{\"keys\":[],\"keys\":[" + key + "]}"));
  EXPECT_EQ(kept(jwk("a", signer(KeyType::kEcP256), ",\"kid\":\"b\"")), "refused");
  std::string many = "{\"kty\":\"unknown\"}";
  for (size_t i = 2; i < kKeysMax; ++i) {
    many += ",{\"kty\":\"unknown\"}";
  }
  EXPECT_EQ(kept(many + "," + key), "a");
  EXPECT_EQ(kept(many + ",{}," + key), "refused");
  const std::string large = "{\"keys\":[" + key + "]}" + std::string(kKeySetBytesMax, ' ');
  EXPECT_EQ(JwkSet::parse(large).error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(JwkSet::parse(large.substr(0, kKeySetBytesMax)));
}

TEST(JwkSet, KeysOfOneKidAreAllTried) {
  TokenFixture fixture;
  const std::string own = jwk("ec", signer(KeyType::kEcP256));
  const std::string other = jwk("ec", TestSigner(KeyType::kEcP256));
  const std::string of_another_type = jwk("ec", signer(KeyType::kRsa));
  fixture.fetcher.set(kKeysUrl, jwk_set(other + "," + of_another_type + "," + other + "," + own));
  EXPECT_EQ(fixture.fault(citizen_token().field()), "");
  EXPECT_EQ(kept(own + "," + own + "," + own + "," + own + "," + own), "refused");
}

TEST(JwkSet, AKeyForOneAlgorithmIsForNoOther) {
  TokenFixture fixture;
  fixture.fetcher.set(kKeysUrl, jwk_set(jwk("rsa", signer(KeyType::kRsa), R"(,"alg":"PS256")")));
  const TokenText token = citizen_token().with_header("kid", "\"rsa\"");
  EXPECT_EQ(fixture.fault(token.with_header("alg", "\"PS256\"").field(SignatureAlgorithm::kPs256)),
            "");
  EXPECT_EQ(fixture.fault(token.with_header("alg", "\"RS256\"").field(SignatureAlgorithm::kRs256)),
            "key_mismatch");
}

}  // namespace
}  // namespace continuum::access
