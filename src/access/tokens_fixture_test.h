// An issuer for tests: keys, documents, tokens, and a fetcher that answers from memory.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "access/fetcher.h"
#include "access/tokens.h"
#include "base/bytes.h"
#include "config/region.h"
#include "crypto/signature_fixture_test.h"

namespace continuum::access {

using crypto::KeyType;
using crypto::SignatureAlgorithm;
using crypto::TestSigner;

inline constexpr std::string_view kIssuerUrl = "https://id.example.org";
inline constexpr std::string_view kDiscoveryUrl =
    "https://id.example.org/.well-known/openid-configuration";
inline constexpr std::string_view kKeysUrl = "https://id.example.org/keys";
inline constexpr std::string_view kAudienceUrl = "https://record.example.org/fhir";
inline constexpr std::string_view kNhsNumber = "9990000018";
inline constexpr int64_t kNowSeconds = 1'800'000'000;

// Made once: RSA keys take a while.
inline const TestSigner& signer(KeyType type) {
  static const TestSigner ec(KeyType::kEcP256);
  static const TestSigner rsa(KeyType::kRsa);
  static const TestSigner ed(KeyType::kEd25519);
  return type == KeyType::kEcP256 ? ec : type == KeyType::kRsa ? rsa : ed;
}

inline std::string jwk(std::string_view kid, const TestSigner& key, std::string_view more = {}) {
  return "{\"kid\":\"" + std::string(kid) + "\"," + key.jwk_members() + std::string(more) + "}";
}
inline std::string jwk_set(std::string_view keys) {
  return "{\"keys\":[" + std::string(keys) + "]}";
}

// Answers from memory, and counts.
class FakeFetcher final : public Fetcher {
 public:
  Result<std::string> get(std::string_view url, size_t bytes_max) override {
    if (on_get) {
      on_get();
    }
    const std::lock_guard lock(mutex_);
    ++asked_[std::string(url)];
    const auto found = answers_.find(std::string(url));
    if (down || found == answers_.end()) {
      return fail(ErrorCode::kUnavailable, "nobody answers");
    }
    if (found->second.size() > bytes_max) {
      return fail(ErrorCode::kTooLarge, "the answer is too large");
    }
    return found->second;
  }

  void set(std::string_view url, std::string body) {
    const std::lock_guard lock(mutex_);
    answers_[std::string(url)] = std::move(body);
  }
  int asked(std::string_view url) {
    const std::lock_guard lock(mutex_);
    return asked_[std::string(url)];
  }

  std::atomic<bool> down = false;
  std::function<void()> on_get;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::map<std::string, int> asked_;
};

inline std::string discovery(std::string_view more = {}) {
  return "{\"issuer\":\"" + std::string(kIssuerUrl) + "\",\"jwks_uri\":\"" + std::string(kKeysUrl) +
         "\"" + std::string(more) + "}";
}

// Header and claims as names and JSON texts; a value of "" leaves the member out.
struct TokenText {
  std::map<std::string, std::string> header;
  std::map<std::string, std::string> claims;

  static std::string object(const std::map<std::string, std::string>& members) {
    std::string out;
    for (const auto& [name, value] : members) {
      if (!value.empty()) {
        out += (out.empty() ? "" : ",") + ("\"" + name + "\":" + value);
      }
    }
    return "{" + out + "}";
  }

  static std::string compact(std::string_view header, std::string_view claims,
                             const TestSigner& key, SignatureAlgorithm algorithm) {
    const std::string input = to_base64url(header) + "." + to_base64url(claims);
    return input + "." + to_base64url(key.sign(algorithm, input));
  }

  std::string sign(SignatureAlgorithm algorithm = SignatureAlgorithm::kEs256) const {
    return compact(object(header), object(claims), signer(crypto::key_type(algorithm)), algorithm);
  }
  std::string field(SignatureAlgorithm algorithm = SignatureAlgorithm::kEs256) const {
    return "Bearer " + sign(algorithm);
  }

  TokenText with(const std::string& claim, std::string value) const {
    TokenText out = *this;
    out.claims[claim] = std::move(value);
    return out;
  }
  TokenText with_header(const std::string& member, std::string value) const {
    TokenText out = *this;
    out.header[member] = std::move(value);
    return out;
  }
};

inline TokenText bare_token() {
  return {{{"alg", "\"ES256\""}, {"typ", "\"at+jwt\""}, {"kid", "\"ec\""}},
          {{"iss", "\"https://id.example.org\""},
           {"aud", "\"https://record.example.org/fhir\""},
           {"exp", std::to_string(kNowSeconds + 600)},
           {"iat", std::to_string(kNowSeconds)},
           {"sub", "\"someone\""},
           {"client_id", "\"an-app\""},
           {"jti", "\"1\""}}};
}

inline constexpr std::string_view kOneRole =
    R"({"person_roleid":"r1","org_code":"A81001","role_code":"S8000:G8000:R8000",)"
    R"("activity_codes":["B0016","B0370"],"workgroups_codes":["W1"],"role_name":"ignored"})";
inline constexpr std::string_view kOtherRole = R"({"person_roleid":"r2","org_code":"RXX"})";

inline TokenText staff_token() {
  return bare_token()
      .with("nhsid_useruid", "\"555021935107\"")
      .with("nhsid_nrbac_roles", "[" + std::string(kOneRole) + "," + std::string(kOtherRole) + "]")
      .with("selected_roleid", "\"r1\"");
}
inline TokenText citizen_token() {
  return bare_token()
      .with("nhs_number", "\"" + std::string(kNhsNumber) + "\"")
      .with("identity_proofing_level", "\"P9\"");
}
inline TokenText system_token() {
  return bare_token().with("sub", "\"gp-system\"").with("client_id", "\"gp-system\"");
}
inline TokenText operator_token() {
  return bare_token().with("sub", "\"watch\"").with("client_id", "\"watch\"");
}

inline config::Region test_region() {
  using config::CallerKind;
  config::Region region;
  region.name = "Test";
  region.base_url = kAudienceUrl;
  region.organisations = {{"A81001", "Surgery", config::OrganisationKind::kGpPractice}};
  region.sources = {{"a81001-gp", "A81001", "gp-system"}, {"silent", "A81001", ""}};
  region.issuers = {
      {std::string(kIssuerUrl),
       {CallerKind::kStaff, CallerKind::kCitizen, CallerKind::kSystem, CallerKind::kOperator},
       ""}};
  region.operators = {{"watch"}};
  return region;
}

// A region with one issuer whose keys are "ec", "rsa" and "ed".
struct TokenFixture {
  explicit TokenFixture(config::Region of = test_region(), size_t remembered = 100)
      : region(std::move(of)),
        keys(region, fetcher, files, clock),
        verifier(region, keys, clock, remembered) {
    fetcher.set(kDiscoveryUrl, discovery());
    fetcher.set(kKeysUrl, jwk_set(jwk("ec", signer(KeyType::kEcP256)) + "," +
                                  jwk("rsa", signer(KeyType::kRsa)) + "," +
                                  jwk("ed", signer(KeyType::kEd25519))));
  }

  // "" when accepted.
  std::string fault(std::string_view field) {
    const auto principal = verifier.verify_detailed(field);
    return principal ? "" : std::string(to_string(principal.error()));
  }
  void pass(int64_t seconds) { clock.advance_micros(seconds * 1'000'000); }
  void refresh_keys() {
    keys.refresh();
    keys.wait_until_idle();
  }

  config::Region region;
  FakeClock clock{{kNowSeconds * 1'000'000}};
  MemoryFileSystem files;
  FakeFetcher fetcher;
  KeySetSource keys;
  TokenVerifier verifier;
};

}  // namespace continuum::access
