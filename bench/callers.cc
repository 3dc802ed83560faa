#include "bench/callers.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <memory>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/instant.h"
#include "crypto/signature.h"

namespace continuum::bench {
namespace {

constexpr const char* kIssuer = "http://127.0.0.1:1";  // never asked: its keys are in a file
constexpr const char* kKeyId = "bench";
constexpr size_t kPracticeUsers = 500;
constexpr size_t kOtherUsers = 60;
constexpr int64_t kLifetimeSeconds = int64_t{10} * 3'600;
constexpr uint64_t kRequestsMax = 1'000'000;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr size_t kOrganisationsMax = sizeof(OrganisationSet) * 8;

tl::unexpected<Error> openssl_failed() {
  return fail(ErrorCode::kInternal, "OpenSSL could not make a key or a signature");
}

// Signs as ES256 (RFC 7518 section 3.4).
class Signer {
 public:
  Signer() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")) {}

  Result<std::string> jwks() const {
    TRY(std::string x, coordinate(OSSL_PKEY_PARAM_EC_PUB_X));
    TRY(std::string y, coordinate(OSSL_PKEY_PARAM_EC_PUB_Y));
    return fmt::format(
        R"({{"keys":[{{"kid":"{}","kty":"EC","crv":"P-256","alg":"ES256","x":"{}","y":"{}"}}]}})",
        kKeyId, to_base64url(x), to_base64url(y));
  }

  Result<std::string> sign(const std::string& claims) const {
    const std::string header =
        fmt::format(R"({{"alg":"ES256","typ":"at+jwt","kid":"{}"}})", kKeyId);
    const std::string input = to_base64url(header) + '.' + to_base64url(claims);
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::string der(kDerBytesMax, '\0');
    size_t size = der.size();
    if (EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(),
                              nullptr) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(der.data()), &size,
                       reinterpret_cast<const uint8_t*>(input.data()), input.size()) != 1) {
      return openssl_failed();
    }
    der.resize(size);
    TRY(std::string raw, raw_of_der(der));
    return input + '.' + to_base64url(raw);
  }

 private:
  static constexpr size_t kDerBytesMax = 128;

  Result<std::string> coordinate(const char* name) const {
    BIGNUM* number = nullptr;
    std::string out(crypto::kEcCoordinateSize, '\0');
    const bool there =
        EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1 &&
        BN_bn2binpad(number, reinterpret_cast<uint8_t*>(out.data()), crypto::kEcCoordinateSize) > 0;
    BN_free(number);
    return there ? Result<std::string>(std::move(out)) : openssl_failed();
  }

  static Result<std::string> raw_of_der(std::string_view der) {
    const auto* at = reinterpret_cast<const uint8_t*>(der.data());
    std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> signature(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
    std::string out(2 * crypto::kEcCoordinateSize, '\0');
    auto* bytes = reinterpret_cast<uint8_t*>(out.data());
    if (signature == nullptr ||
        BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, crypto::kEcCoordinateSize) <= 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + crypto::kEcCoordinateSize,
                     crypto::kEcCoordinateSize) <= 0) {
      return openssl_failed();
    }
    return out;
  }

  std::unique_ptr<EVP_PKEY, crypto::PkeyFree> key_;
};

// A clinician in one role, as CIS2 would say it.
std::string claims_of(const config::Region& region, const config::Organisation& organisation,
                      uint64_t user, int64_t now) {
  const bool social = organisation.kind == config::OrganisationKind::kSocialCare;
  return fmt::format(
      R"({{"iss":"{0}","sub":"staff-{1}","client_id":"bench-viewer","jti":"t-{1}","aud":"{2}",)"
      R"("iat":{3},"exp":{4},"nhsid_useruid":"{1}","nhsid_nrbac_roles":[{{"person_roleid":"{5}",)"
      R"("org_code":"{6}","role_code":"{7}","activity_codes":["B0370"],"workgroups_codes":[]}}],)"
      R"("selected_roleid":"{5}"}})",
      kIssuer, 700'000'000'000 + user, region.base_url, now, now + kLifetimeSeconds,
      710'000'000'000 + user, organisation.ods_code,
      social ? "S8000:G8000:R9570" : "S8000:G8000:R8000");
}

std::string claims_of(const config::Region& region, const config::Source& source, int64_t now) {
  return fmt::format(
      R"({{"iss":"{0}","sub":"{1}","client_id":"{1}","jti":"t-{1}","aud":"{2}","iat":{3},"exp":{4}}})",
      kIssuer, source.client_id, region.base_url, now, now + kLifetimeSeconds);
}

}  // namespace

Result<Callers> Callers::create(config::Region& region, const std::string& jwks_file) {
  if (region.organisations.size() > kOrganisationsMax) {
    return fail(ErrorCode::kTooLarge, "the region has more organisations than can ask");
  }
  const Signer signer;
  TRY(std::string jwks, signer.jwks());
  TRY(replace_file(posix_files(), jwks_file, jwks));
  region.mode = config::Mode::kDemo;
  region.limits.caller_requests = kRequestsMax;
  region.issuers = {{.url = kIssuer,
                     .kinds = {config::CallerKind::kStaff, config::CallerKind::kSystem},
                     .jwks_file = jwks_file}};
  const int64_t now = SystemClock().now().micros / kMicrosPerSecond;
  Callers callers;
  uint64_t user = 0;
  for (const config::Organisation& organisation : region.organisations) {
    const bool practice = organisation.kind == config::OrganisationKind::kGpPractice;
    std::vector<std::string>& tokens = callers.tokens_.emplace_back();
    for (size_t i = 0; i < (practice ? kPracticeUsers : kOtherUsers); ++i) {
      TRY(std::string token, signer.sign(claims_of(region, organisation, ++user, now)));
      tokens.push_back(std::move(token));
    }
  }
  for (const config::Source& source : region.sources) {
    if (!source.client_id.empty()) {
      TRY(callers.system_tokens_[source.name], signer.sign(claims_of(region, source, now)));
    }
  }
  return callers;
}

size_t Callers::users() const {
  size_t count = 0;
  for (const auto& tokens : tokens_) {
    count += tokens.size();
  }
  return count;
}

}  // namespace continuum::bench
