// Private keys for tests, signing as an issuer would. Not part of the program.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/signature.h"

namespace continuum::crypto {

class TestSigner {
 public:
  // A fresh key.
  explicit TestSigner(KeyType type) : type_(type) {
    switch (type) {
      case KeyType::kEcP256:
        key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
        break;
      case KeyType::kRsa:
        key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048}));
        break;
      case KeyType::kEd25519:
        key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        break;
    }
    CHECK(key_ != nullptr);
  }

  // The algorithm must be for this type of key.
  std::string sign(SignatureAlgorithm algorithm, std::string_view message) const {
    CHECK(key_type(algorithm) == type_);
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_PKEY_CTX* padding = nullptr;
    const char* digest = type_ == KeyType::kEd25519                ? nullptr
                         : algorithm == SignatureAlgorithm::kRs512 ? "SHA512"
                                                                   : "SHA256";
    CHECK(EVP_DigestSignInit_ex(context.get(), &padding, digest, nullptr, nullptr, key_.get(),
                                nullptr) == 1);
    if (algorithm == SignatureAlgorithm::kPs256) {
      CHECK(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1);
      CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, pss_salt_size_) == 1);
    }
    size_t size = 1024;
    std::string out(size, '\0');
    CHECK(EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(out.data()), &size,
                         reinterpret_cast<const uint8_t*>(message.data()), message.size()) == 1);
    out.resize(size);
    return type_ == KeyType::kEcP256 ? raw_of_der(out) : out;
  }
  void set_pss_salt_size(int size) { pss_salt_size_ = size; }

  // The members of its public JWK (RFC 7518 section 6), without the braces.
  std::string jwk_members() const {
    switch (type_) {
      case KeyType::kEcP256:
        return R"("kty":"EC","crv":"P-256","x":")" +
               to_base64url(number(OSSL_PKEY_PARAM_EC_PUB_X, kEcCoordinateSize)) + R"(","y":")" +
               to_base64url(number(OSSL_PKEY_PARAM_EC_PUB_Y, kEcCoordinateSize)) + "\"";
      case KeyType::kRsa:
        return R"("kty":"RSA","n":")" + to_base64url(number(OSSL_PKEY_PARAM_RSA_N, 256)) +
               R"(","e":"AQAB")";
      case KeyType::kEd25519:
        return R"("kty":"OKP","crv":"Ed25519","x":")" + to_base64url(raw()) + "\"";
    }
    CHECK(false);
  }

  PublicKey public_key() const {
    switch (type_) {
      case KeyType::kEcP256:
        return *PublicKey::ec_p256(number(OSSL_PKEY_PARAM_EC_PUB_X, kEcCoordinateSize),
                                   number(OSSL_PKEY_PARAM_EC_PUB_Y, kEcCoordinateSize));
      case KeyType::kRsa:
        return *PublicKey::rsa(number(OSSL_PKEY_PARAM_RSA_N, 256), std::string("\1\0\1", 3));
      case KeyType::kEd25519:
        return *PublicKey::ed25519(raw());
    }
    CHECK(false);
  }

  KeyType type() const { return type_; }

 private:
  std::string number(const char* name, size_t size) const {
    BIGNUM* value = nullptr;
    CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &value) == 1);
    std::string out(size, '\0');
    CHECK(BN_bn2binpad(value, reinterpret_cast<uint8_t*>(out.data()), static_cast<int>(size)) ==
          static_cast<int>(size));
    BN_free(value);
    return out;
  }

  std::string raw() const {
    std::string out(kEd25519PublicSize, '\0');
    size_t size = out.size();
    CHECK(EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<uint8_t*>(out.data()), &size) ==
          1);
    return out;
  }

  static std::string raw_of_der(std::string_view der) {
    const auto* at = reinterpret_cast<const uint8_t*>(der.data());
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    CHECK(signature != nullptr);
    std::string out(2 * kEcCoordinateSize, '\0');
    auto* bytes = reinterpret_cast<uint8_t*>(out.data());
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes, kEcCoordinateSize) > 0);
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes + kEcCoordinateSize, kEcCoordinateSize) >
          0);
    ECDSA_SIG_free(signature);
    return out;
  }

  KeyType type_;
  int pss_salt_size_ = 32;
  std::unique_ptr<EVP_PKEY, PkeyFree> key_;
};

}  // namespace continuum::crypto
