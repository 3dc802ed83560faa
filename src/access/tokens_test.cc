#include "access/tokens.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "access/jws.h"
#include "access/tokens_fixture_test.h"

namespace continuum::access {
namespace {

Principal person(PrincipalKind kind, std::string subject, std::string purpose) {
  Principal principal;
  principal.kind = kind;
  principal.issuer = kIssuerUrl;
  principal.subject = std::move(subject);
  principal.client_id = "an-app";
  principal.purpose = std::move(purpose);
  return principal;
}

TEST(Tokens, MakePrincipals) {
  TokenFixture fixture;
  Principal staff = person(PrincipalKind::kStaff, "555021935107", "TREAT");
  staff.role_id = "r1";
  staff.role_codes = {"S8000", "G8000", "R8000"};
  staff.organisation = "A81001";
  staff.activities = {"B0016", "B0370"};
  staff.workgroups = {"W1"};
  EXPECT_EQ(fixture.verifier.verify(staff_token().field()).value(), staff);

  Principal other = person(PrincipalKind::kStaff, "555021935107", "TREAT");
  other.role_id = "r2";
  other.organisation = "RXX";
  const TokenText second = staff_token().with("selected_roleid", "\"r2\"");
  EXPECT_EQ(fixture.verifier.verify(second.field()).value(), other);
  const TokenText only = staff_token()
                             .with("selected_roleid", "")
                             .with("nhsid_nrbac_roles", "[" + std::string(kOtherRole) + "]");
  EXPECT_EQ(fixture.verifier.verify(only.field()).value(), other);

  Principal citizen = person(PrincipalKind::kCitizen, "someone", "PATRQT");
  citizen.nhs_number = kNhsNumber;
  EXPECT_EQ(fixture.verifier.verify(citizen_token().field()).value(), citizen);

  Principal system = person(PrincipalKind::kSystem, "gp-system", "HOPERAT");
  system.client_id = "gp-system";
  system.source = "a81001-gp";
  EXPECT_EQ(fixture.verifier.verify(system_token().field()).value(), system);

  Principal watch = person(PrincipalKind::kOperator, "watch", "HOPERAT");
  watch.client_id = "watch";
  EXPECT_EQ(fixture.verifier.verify(operator_token().field()).value(), watch);
}

TEST(Tokens, EveryAlgorithm) {
  TokenFixture fixture;
  for (const auto& [algorithm, kid] : {std::pair{SignatureAlgorithm::kEs256, "\"ec\""},
                                       {SignatureAlgorithm::kPs256, "\"rsa\""},
                                       {SignatureAlgorithm::kRs256, "\"rsa\""},
                                       {SignatureAlgorithm::kRs512, "\"rsa\""},
                                       {SignatureAlgorithm::kEdDsa, "\"ed\""}}) {
    const TokenText token = citizen_token()
                                .with_header("alg", "\"" + std::string(to_string(algorithm)) + "\"")
                                .with_header("kid", kid);
    EXPECT_EQ(fixture.fault(token.field(algorithm)), "") << to_string(algorithm);
  }
}

TEST(Tokens, WhatElseIsAccepted) {
  TokenFixture fixture;
  for (const TokenText& token : {
           citizen_token().with_header("typ", "\"application/at+jwt\""),
           citizen_token().with_header("typ", "\"AT+JWT\""),
           citizen_token().with_header("x5t", "\"ignored\""),
           citizen_token().with("aud", R"(["https://other","https://record.example.org/fhir"])"),
           citizen_token().with("nbf", std::to_string(kNowSeconds)),
           citizen_token().with("scope", "\"ignored\""),
           citizen_token().with("acr", R"({"a":[{"b":1.5e3}]})"),
       }) {
    EXPECT_EQ(fixture.fault(token.field()), "") << TokenText::object(token.claims);
  }
  EXPECT_EQ(fixture.fault("bearer " + citizen_token().sign()), "");
}

// Each is a token signed by the issuer, but for what the row says.
TEST(Tokens, RefuseByClaims) {
  const auto number = [](int64_t value) { return std::to_string(value); };
  struct Row {
    TokenText token;
    const char* fault;
  };
  const TokenText staff = staff_token();
  const TokenText citizen = citizen_token();
  const std::string one(kOneRole);
  const Row rows[] = {
      {citizen.with("iss", "\"https://id.example.org/\""), "unknown_issuer"},
      {citizen.with("iss", "\"https://evil.example.org\""), "unknown_issuer"},
      {citizen.with("iss", ""), "malformed_claims"},
      {citizen.with("iss", "1"), "malformed_claims"},
      {citizen.with("aud", "\"https://record.example.org/fhir/\""), "audience"},
      {citizen.with("aud", "[\"https://other\"]"), "audience"},
      {citizen.with("aud", "[]"), "malformed_claims"},
      {citizen.with("aud", "[1]"), "malformed_claims"},
      {citizen.with("aud", "null"), "malformed_claims"},
      {citizen.with("aud", ""), "malformed_claims"},
      {citizen.with("exp", number(kNowSeconds - 60)).with("iat", number(kNowSeconds - 600)),
       "expired"},
      {citizen.with("exp", number(kNowSeconds + 43'201)), "lifetime"},
      {citizen.with("exp", number(kNowSeconds)), "lifetime"},
      {citizen.with("exp", number(kNowSeconds - 1)), "lifetime"},
      {citizen.with("exp", "\"1800000600\""), "malformed_claims"},
      {citizen.with("exp", "1800000600.5"), "malformed_claims"},
      {citizen.with("exp", "18e8"), "malformed_claims"},
      {citizen.with("exp", "-1"), "malformed_claims"},
      {citizen.with("exp", "99999999999999999999"), "malformed_claims"},
      {citizen.with("exp", ""), "malformed_claims"},
      {citizen.with("iat", ""), "malformed_claims"},
      {citizen.with("iat", number(kNowSeconds + 61)), "not_yet_valid"},
      {citizen.with("nbf", number(kNowSeconds + 61)), "not_yet_valid"},
      {citizen.with("nbf", "\"0\""), "malformed_claims"},
      {citizen.with("sub", ""), "malformed_claims"},
      {citizen.with("sub", "\"\""), "malformed_claims"},
      {citizen.with("sub", "\"" + std::string(201, 's') + "\""), "malformed_claims"},
      {citizen.with("client_id", ""), "malformed_claims"},
      {citizen.with("client_id", "\"a b\""), "malformed_claims"},
      {citizen.with("jti", ""), "malformed_claims"},
      {citizen.with("jti", "7"), "malformed_claims"},
      {citizen.with("deep", "[[[[[[[[1]]]]]]]]"), "malformed_claims"},

      {citizen.with("identity_proofing_level", "\"P5\""), "proofing"},
      {citizen.with("identity_proofing_level", "\"p9\""), "proofing"},
      {citizen.with("identity_proofing_level", ""), "proofing"},
      {citizen.with("identity_proofing_level", "9"), "malformed_claims"},
      {citizen.with("nhs_number", "\"9990000019\""), "nhs_number"},
      {citizen.with("nhs_number", "\"999 000 0018\""), "nhs_number"},
      {citizen.with("nhs_number", "\"\""), "nhs_number"},
      {citizen.with("nhs_number", ""), "nhs_number"},
      {citizen.with("nhs_number", "9990000018"), "malformed_claims"},

      {staff.with("selected_roleid", ""), "role_not_chosen"},
      {staff.with("selected_roleid", "\"r3\""), "unknown_role"},
      {staff.with("selected_roleid", "\"\""), "unknown_role"},
      {staff.with("selected_roleid", "1"), "malformed_claims"},
      {staff.with("nhsid_nrbac_roles", "[]"), "unknown_role"},
      {staff.with("nhsid_nrbac_roles", ""), "unknown_role"},
      {staff.with("nhsid_nrbac_roles", one), "malformed_claims"},
      {staff.with("nhsid_nrbac_roles", "[" + one + "," + one + "]"), "malformed_claims"},
      {staff.with("nhsid_nrbac_roles", R"([{"person_roleid":"r1"}])"), "malformed_claims"},
      {staff.with("nhsid_nrbac_roles", R"([{"org_code":"A81001"}])"), "malformed_claims"},
      {staff.with("nhsid_nrbac_roles", R"([{"person_roleid":"r1","org_code":"a81001"}])"),
       "malformed_claims"},
      {staff.with("nhsid_nrbac_roles",
                  R"([{"person_roleid":"r1","org_code":"A81001","role_code":"S:"}])"),
       "malformed_claims"},
      {staff.with("nhsid_nrbac_roles",
                  R"([{"person_roleid":"r1","org_code":"A81001","activity_codes":"B1"}])"),
       "malformed_claims"},
      {staff.with("nhsid_nrbac_roles",
                  R"([{"person_roleid":"r1","org_code":"A81001","activity_codes":[1]}])"),
       "malformed_claims"},
      {staff.with("nhsid_useruid", ""), "malformed_claims"},
      {bare_token().with("selected_roleid", "\"r1\""), "malformed_claims"},

      {staff.with("nhs_number", "\"9990000018\""), "mixed_kinds"},
      {staff.with("identity_proofing_level", "\"P9\""), "mixed_kinds"},
      {staff.with("sub", "\"gp-system\"").with("client_id", "\"gp-system\""), "mixed_kinds"},
      {staff.with("client_id", "\"gp-system\""), "mixed_kinds"},
      {citizen.with("client_id", "\"watch\""), "mixed_kinds"},
      {bare_token(), "unknown_client"},
      {system_token().with("sub", "\"x\"").with("client_id", "\"x\""), "unknown_client"},
      {system_token().with("client_id", "\"silent\"").with("sub", "\"silent\""), "unknown_client"},
      {system_token().with("sub", "\"someone\""), "subject"},
      {operator_token().with("sub", "\"gp-system\""), "subject"},
  };
  TokenFixture fixture;
  for (const Row& row : rows) {
    SCOPED_TRACE(TokenText::object(row.token.claims));
    EXPECT_EQ(fixture.fault(row.token.field()), row.fault);
    const auto refused = fixture.verifier.verify(row.token.field());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(refused.error().text(), kTokenRefused);
  }
  EXPECT_EQ(fixture.verifier.remembered(), 0U);
}

TEST(Tokens, RefuseByHeader) {
  struct Row {
    TokenText token;
    const char* fault;
  };
  const TokenText token = citizen_token();
  const std::string own = jwk("ec", signer(KeyType::kEcP256));
  const Row rows[] = {
      {token.with_header("alg", "\"none\""), "algorithm"},
      {token.with_header("alg", "\"None\""), "algorithm"},
      {token.with_header("alg", "\"HS256\""), "algorithm"},
      {token.with_header("alg", "\"ES384\""), "algorithm"},
      {token.with_header("alg", "\"es256\""), "algorithm"},
      {token.with_header("alg", "[\"ES256\"]"), "algorithm"},
      {token.with_header("alg", ""), "algorithm"},
      {token.with_header("alg", "\"RS256\""), "key_mismatch"},
      {token.with_header("alg", "\"EdDSA\""), "key_mismatch"},
      {token.with_header("kid", "\"rsa\""), "key_mismatch"},
      {token.with_header("kid", "\"other\""), "unknown_key"},
      {token.with_header("kid", ""), "header"},
      {token.with_header("kid", "\"\""), "header"},
      {token.with_header("kid", "1"), "header"},
      {token.with_header("typ", "\"JWT\""), "type"},
      {token.with_header("typ", "\"logout+jwt\""), "type"},
      {token.with_header("typ", ""), "type"},
      {token.with_header("jwk", own), "header"},
      {token.with_header("jku", "\"https://id.example.org/keys\""), "header"},
      {token.with_header("x5c", "[\"AA==\"]"), "header"},
      {token.with_header("x5u", "\"https://id.example.org/x\""), "header"},
      {token.with_header("crit", "[\"exp\"]"), "header"},
      {token.with_header("b64", "false"), "header"},
      {token.with_header("zip", "\"DEF\""), "header"},
  };
  TokenFixture fixture;
  for (const Row& row : rows) {
    SCOPED_TRACE(TokenText::object(row.token.header));
    EXPECT_EQ(fixture.fault(row.token.field()), row.fault);
    EXPECT_EQ(fixture.verifier.verify(row.token.field()).error().text(), kTokenRefused);
  }
  EXPECT_EQ(fixture.verifier.remembered(), 0U);
}

TEST(Tokens, RefuseByForm) {
  TokenFixture fixture;
  const std::string token = citizen_token().sign();
  const auto es256 = SignatureAlgorithm::kEs256;
  const std::string header = TokenText::object(citizen_token().header);
  const std::string claims = TokenText::object(citizen_token().claims);
  const auto made_of = [&](std::string_view head, std::string_view body) {
    return "Bearer " + TokenText::compact(head, body, signer(KeyType::kEcP256), es256);
  };
  ASSERT_EQ(fixture.fault(made_of(header, claims)), "");
  const size_t last_dot = token.rfind('.');
  struct Row {
    std::string field;
    const char* fault;
  };
  const Row rows[] = {
      {"", "no_token"},
      {"Bearer", "no_token"},
      {"Bearer ", "no_token"},
      {"Bearer  " + token, "no_token"},
      {"Basic " + token, "no_token"},
      {token, "no_token"},
      {"Bearer " + token + " ", "no_token"},
      {"Bearer " + token + ", Bearer " + token, "no_token"},
      {"Bearer " + token + "\n", "no_token"},
      {"Bearer " + token + "==", "no_token"},
      {"Bearer " + token + ".", "malformed"},
      {"Bearer " + token + "." + token, "malformed"},
      {"Bearer " + token + "A", "signature"},
      {"Bearer " + token + "AAAA", "signature"},
      {"Bearer " + token.substr(0, last_dot), "malformed"},
      {"Bearer " + token.substr(0, last_dot + 1), "malformed"},
      {"Bearer ..", "malformed"},
      {"Bearer " + std::string(kTokenBytesMax, 'A'), "malformed"},
      {"Bearer " + std::string(kTokenBytesMax + 1, 'A'), "too_large"},
      {made_of("[]", claims), "malformed"},
      {made_of("{", claims), "malformed"},
      {made_of("\"at+jwt\"", claims), "malformed"},
      {made_of(header + " x", claims), "malformed"},
      {made_of(R"({"alg":"none",)" + header.substr(1), claims), "malformed"},
      {made_of(header, "[]"), "malformed_claims"},
      {made_of(header, claims + "x"), "malformed_claims"},
      {made_of(header, "not JSON"), "malformed_claims"},
      {made_of(header, R"({"sub":"another",)" + claims.substr(1)), "malformed_claims"},
      {made_of(header, R"({"s\u0075b":"another",)" + claims.substr(1)), "malformed_claims"},
      {"Bearer " + TokenText::compact(header, claims, TestSigner(KeyType::kEcP256), es256),
       "signature"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.field);
    EXPECT_EQ(fixture.fault(row.field), row.fault);
    EXPECT_EQ(fixture.verifier.verify(row.field).error().text(), kTokenRefused);
  }
  EXPECT_EQ(fixture.verifier.remembered(), 1U);
}

// The public key is no secret: who could use it as one could sign as the issuer.
TEST(Tokens, RefuseHmacUnderThePublicKey) {
  TokenFixture fixture;
  const std::string members = signer(KeyType::kEd25519).jwk_members();
  const std::string x = from_base64url(members.substr(members.size() - 44, 43)).value();
  const TokenText token =
      citizen_token().with_header("alg", "\"HS256\"").with_header("kid", "\"ed\"");
  const std::string input = to_base64url(TokenText::object(token.header)) + "." +
                            to_base64url(TokenText::object(token.claims));
  const auto code = crypto::Hmac(crypto::key_from(x))(input);
  EXPECT_EQ(fixture.fault("Bearer " + input + "." + to_base64url(crypto::view(code))), "algorithm");
}

TEST(Tokens, NoChangedBytePasses) {
  for (const auto& [algorithm, kid] :
       {std::pair{SignatureAlgorithm::kEs256, "\"ec\""}, {SignatureAlgorithm::kEdDsa, "\"ed\""}}) {
    TokenFixture fixture;
    const std::string token =
        staff_token()
            .with_header("alg", "\"" + std::string(to_string(algorithm)) + "\"")
            .with_header("kid", kid)
            .sign(algorithm);
    ASSERT_EQ(fixture.fault("Bearer " + token), "");
    for (size_t i = 0; i < token.size(); ++i) {
      for (const int bit : {1, 2, 32}) {
        std::string changed = token;
        changed[i] = static_cast<char>(changed[i] ^ bit);
        ASSERT_NE(fixture.fault("Bearer " + changed), "") << i;
      }
    }
    // Each bit of what was signed and of the signature itself.
    const auto jws = split_jws(token).value();
    const std::string head = token.substr(0, token.find('.'));
    for (size_t bit = 0; bit < jws.payload.size() * 8; ++bit) {
      std::string payload = jws.payload;
      payload[bit / 8] = static_cast<char>(payload[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_NE(fixture.fault("Bearer " + head + "." + to_base64url(payload) + "." +
                              to_base64url(jws.signature)),
                "");
    }
    for (size_t bit = 0; bit < jws.signature.size() * 8; ++bit) {
      std::string signature = jws.signature;
      signature[bit / 8] = static_cast<char>(signature[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_EQ(
          fixture.fault("Bearer " + std::string(jws.signing_input) + "." + to_base64url(signature)),
          "signature");
    }
    EXPECT_EQ(fixture.verifier.remembered(), 1U);
  }
}

TEST(Tokens, TimesAreInclusiveOfTheLeeway) {
  TokenFixture fixture;
  const TokenText token = citizen_token().with("nbf", std::to_string(kNowSeconds + 10));
  fixture.clock.set({(kNowSeconds + 10 - 60) * 1'000'000});
  EXPECT_EQ(fixture.fault(token.field()), "");
  fixture.clock.set({(kNowSeconds + 10 - 61) * 1'000'000});
  EXPECT_EQ(fixture.fault(token.field()), "not_yet_valid");
  fixture.clock.set({(kNowSeconds + 600 + 59) * 1'000'000});
  EXPECT_EQ(fixture.fault(token.field()), "");
  fixture.clock.set({(kNowSeconds + 600 + 60) * 1'000'000});
  EXPECT_EQ(fixture.fault(token.field()), "expired");
  TokenFixture fresh;
  EXPECT_EQ(fresh.fault(citizen_token().with("exp", std::to_string(kNowSeconds + 43'200)).field()),
            "");
}

TEST(Tokens, IssuersSpeakForTheirKindsOnly) {
  const std::pair<config::CallerKind, TokenText> rows[] = {
      {config::CallerKind::kStaff, staff_token()},
      {config::CallerKind::kCitizen, citizen_token()},
      {config::CallerKind::kSystem, system_token()},
      {config::CallerKind::kOperator, operator_token()},
  };
  for (const auto& [allowed, unused] : rows) {
    config::Region region = test_region();
    region.issuers[0].kinds = {allowed};
    TokenFixture fixture(region);
    for (const auto& [kind, token] : rows) {
      EXPECT_EQ(fixture.fault(token.field()), kind == allowed ? "" : "kind_not_allowed")
          << to_string(kind);
    }
  }
}

TEST(Tokens, OneIssuersKeysAreNotAnothers) {
  config::Region region = test_region();
  region.issuers.push_back({"https://other.example.org", {config::CallerKind::kCitizen}, ""});
  TokenFixture fixture(region);
  const TestSigner other(KeyType::kEcP256);
  fixture.fetcher.set("https://other.example.org/.well-known/openid-configuration",
                      R"({"issuer":"https://other.example.org","jwks_uri":"https://o/k"})");
  fixture.fetcher.set("https://o/k", jwk_set(jwk("ec", other)));
  EXPECT_EQ(fixture.fault(citizen_token().field()), "");
  EXPECT_EQ(fixture.fault(citizen_token().with("iss", "\"https://other.example.org\"").field()),
            "signature");
}

TEST(Tokens, RememberedOnesExpire) {
  TokenFixture fixture;
  const std::string field = citizen_token().field();
  EXPECT_EQ(fixture.fault(field), "");
  EXPECT_EQ(fixture.fault(field), "");
  EXPECT_EQ(fixture.verifier.remembered(), 1U);
  fixture.pass(600 + 60);
  EXPECT_EQ(fixture.fault(field), "expired");
  EXPECT_EQ(fixture.verifier.remembered(), 0U);
}

TEST(Tokens, RememberedAreBounded) {
  TokenFixture fixture(test_region(), 3);
  std::vector<std::string> fields;
  for (int i = 0; i < 10; ++i) {
    fields.push_back(citizen_token().with("jti", "\"" + std::to_string(i) + "\"").field());
    EXPECT_EQ(fixture.fault(fields.back()), "");
    EXPECT_LE(fixture.verifier.remembered(), 3U);
  }
  for (const std::string& field : fields) {
    EXPECT_EQ(fixture.fault(field), "");
  }
}

TEST(Tokens, TheLeastRecentlyUsedIsForgotten) {
  TokenCache cache(2);
  const auto digest = [](char c) { return crypto::sha256({&c, 1}); };
  cache.insert(digest('a'), {});
  cache.insert(digest('b'), {});
  EXPECT_TRUE(cache.find(digest('a')));
  cache.insert(digest('c'), {});
  EXPECT_TRUE(cache.find(digest('a')));
  EXPECT_FALSE(cache.find(digest('b')));
  cache.remove(digest('a'));
  EXPECT_FALSE(cache.find(digest('a')));
  EXPECT_EQ(cache.size(), 1U);
}

TEST(Tokens, ARemovedKeyStopsWorking) {
  TokenFixture fixture;
  const std::string field =
      citizen_token().with("exp", std::to_string(kNowSeconds + 9'000)).field();
  EXPECT_EQ(fixture.fault(field), "");
  fixture.fetcher.set(kKeysUrl, jwk_set(jwk("rsa", signer(KeyType::kRsa))));
  fixture.pass(kKeysFreshSeconds - 1);
  EXPECT_EQ(fixture.fault(field), "");
  fixture.pass(1);
  fixture.refresh_keys();
  EXPECT_EQ(fixture.fault(field), "unknown_key");
  EXPECT_EQ(fixture.verifier.remembered(), 0U);
}

TEST(Tokens, AReplacedKeyOfTheSameKidStopsWorking) {
  TokenFixture fixture;
  const std::string field =
      citizen_token().with("exp", std::to_string(kNowSeconds + 9'000)).field();
  EXPECT_EQ(fixture.fault(field), "");
  fixture.fetcher.set(kKeysUrl, jwk_set(jwk("ec", TestSigner(KeyType::kEcP256))));
  fixture.pass(kKeysFreshSeconds);
  fixture.refresh_keys();
  EXPECT_EQ(fixture.fault(field), "signature");
}

TEST(Tokens, ManyThreads) {
  TokenFixture fixture(test_region(), 4);
  fixture.keys.start();
  fixture.keys.wait_until_idle();
  std::vector<std::string> fields;
  for (int i = 0; i < 8; ++i) {
    fields.push_back(citizen_token().with("jti", "\"" + std::to_string(i) + "\"").field());
  }
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 100; ++i) {
        const std::string& field = fields[(i + static_cast<size_t>(t)) % fields.size()];
        wrong += fixture.verifier.verify(field) ? 0 : 1;
        wrong += fixture.verifier.verify(field + "AAAA") ? 1 : 0;
      }
    });
  }
  for (std::thread& each : threads) {
    each.join();
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(fixture.fetcher.asked(kKeysUrl), 1);
}

// Whoever has a key that is known is answered while the issuer hangs, remembered or not.
TEST(Tokens, AnIssuerThatHangsHoldsUpNobodyWhoseKeyIsKnown) {
  TokenFixture fixture;
  EXPECT_EQ(fixture.fault(citizen_token().field()), "");
  std::mutex gate;
  std::unique_lock shut(gate);
  fixture.fetcher.on_get = [&gate] { const std::lock_guard pass(gate); };
  fixture.pass(kKeysFreshSeconds);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    const std::string field = citizen_token()
                                  .with("exp", std::to_string(kNowSeconds + 9'000))
                                  .with("jti", "\"" + std::to_string(i) + "\"")
                                  .field();
    EXPECT_EQ(fixture.fault(field), "");
    EXPECT_EQ(fixture.fault(field), "");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(kKeyWaitMsMax / 2));
  shut.unlock();
}

TEST(TokenFault, NamesDiffer) {
  std::set<std::string_view> names;
  for (int i = 0; i < kTokenFaultCount; ++i) {
    names.insert(to_string(static_cast<TokenFault>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kTokenFaultCount));
}

}  // namespace
}  // namespace continuum::access
