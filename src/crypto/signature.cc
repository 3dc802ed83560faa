#include "crypto/signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <string>
#include <utility>

#include "base/check.h"

namespace continuum::crypto {
namespace {

template <typename T, void (*kFree)(T*)>
struct Free {
  void operator()(T* each) const { kFree(each); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyFree>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BIGNUM, BN_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG, ECDSA_SIG_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM, OSSL_PARAM_free>>;

constexpr std::array<std::pair<SignatureAlgorithm, std::string_view>, 5> kNames{{
    {SignatureAlgorithm::kEs256, "ES256"},
    {SignatureAlgorithm::kPs256, "PS256"},
    {SignatureAlgorithm::kRs256, "RS256"},
    {SignatureAlgorithm::kRs512, "RS512"},
    {SignatureAlgorithm::kEdDsa, "EdDSA"},
}};

const uint8_t* in(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

tl::unexpected<Error> bad_key(const char* what) {
  ERR_clear_error();
  return fail(ErrorCode::kInvalid, "not a public key", {{"", what}});
}

// Callers bound the size far below int.
Number number(std::string_view big_endian) {
  Number out(BN_bin2bn(in(big_endian), static_cast<int>(big_endian.size()), nullptr));
  CHECK(out != nullptr);
  return out;
}

Pkey from_parameters(const char* type, OSSL_PARAM* parameters) {
  PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  CHECK(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    return nullptr;
  }
  return Pkey(key);
}

bool passes_public_check(EVP_PKEY* key) {
  PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
}

// r | s as the DER that OpenSSL reads.
std::string der_of_raw(std::string_view raw) {
  EcSignature signature(ECDSA_SIG_new());
  CHECK(signature != nullptr);
  Number r = number(raw.substr(0, kEcCoordinateSize));
  Number s = number(raw.substr(kEcCoordinateSize));
  CHECK(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1);
  uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  CHECK(size > 0);
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

const char* digest_name(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEs256:
    case SignatureAlgorithm::kPs256:
    case SignatureAlgorithm::kRs256:
      return "SHA256";
    case SignatureAlgorithm::kRs512:
      return "SHA512";
    case SignatureAlgorithm::kEdDsa:
      return nullptr;
  }
  CHECK(false);
}

bool set_padding(EVP_PKEY_CTX* context, SignatureAlgorithm algorithm) {
  if (key_type(algorithm) != KeyType::kRsa) {
    return true;
  }
  if (algorithm != SignatureAlgorithm::kPs256) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  }
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

size_t signature_size(SignatureAlgorithm algorithm, EVP_PKEY* key) {
  return key_type(algorithm) == KeyType::kRsa ? static_cast<size_t>(EVP_PKEY_get_size(key))
                                              : kEd25519SignatureSize;
}

Key raw_key(EVP_PKEY* key, int (*get)(const EVP_PKEY*, unsigned char*, size_t*)) {
  Key out{};
  size_t size = out.size();
  CHECK(get(key, out.data(), &size) == 1 && size == out.size());
  return out;
}

}  // namespace

void PkeyFree::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

std::string_view to_string(SignatureAlgorithm algorithm) {
  for (const auto& [each, name] : kNames) {
    if (each == algorithm) {
      return name;
    }
  }
  CHECK(false);
}

std::optional<SignatureAlgorithm> find_signature_algorithm(std::string_view name) {
  for (const auto& [algorithm, each] : kNames) {
    if (each == name) {
      return algorithm;
    }
  }
  return std::nullopt;
}

KeyType key_type(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEs256:
      return KeyType::kEcP256;
    case SignatureAlgorithm::kPs256:
    case SignatureAlgorithm::kRs256:
    case SignatureAlgorithm::kRs512:
      return KeyType::kRsa;
    case SignatureAlgorithm::kEdDsa:
      return KeyType::kEd25519;
  }
  CHECK(false);
}

Result<PublicKey> PublicKey::ec_p256(std::string_view x, std::string_view y) {
  if (x.size() != kEcCoordinateSize || y.size() != kEcCoordinateSize) {
    return bad_key("a coordinate of P-256 has 32 bytes");
  }
  std::string point = "\x04";  // SEC 1 section 2.3.3, uncompressed
  point.append(x).append(y);
  char group[] = "P-256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end(),
  };
  Pkey key = from_parameters("EC", parameters);
  if (key == nullptr || !passes_public_check(key.get())) {
    return bad_key("not a point on P-256");
  }
  return PublicKey(KeyType::kEcP256, std::move(key));
}

Result<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kRsaBitsMax / 8 || exponent.size() > kRsaExponentBytesMax) {
    return bad_key("an RSA number is too long");
  }
  Number n = number(modulus);
  Number e = number(exponent);
  if (BN_num_bits(n.get()) < kRsaBitsMin || BN_is_odd(n.get()) == 0) {
    return bad_key("an RSA modulus is odd and has 2048 to 8192 bits");
  }
  if (BN_get_word(e.get()) < kRsaExponentMin || BN_is_odd(e.get()) == 0) {
    return bad_key("an RSA exponent is odd and at least 65537");
  }
  Builder builder(OSSL_PARAM_BLD_new());
  CHECK(builder != nullptr);
  CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1);
  CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  CHECK(parameters != nullptr);
  Pkey key = from_parameters("RSA", parameters.get());
  if (key == nullptr) {
    return bad_key("OpenSSL does not take it");
  }
  return PublicKey(KeyType::kRsa, std::move(key));
}

Result<PublicKey> PublicKey::ed25519(std::string_view x) {
  if (x.size() != kEd25519PublicSize) {
    return bad_key("an Ed25519 key has 32 bytes");
  }
  Pkey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, in(x), x.size()));
  if (key == nullptr) {
    return bad_key("OpenSSL does not take it");
  }
  return PublicKey(KeyType::kEd25519, std::move(key));
}

bool PublicKey::verify(SignatureAlgorithm algorithm, std::string_view message,
                       std::string_view signature) const {
  if (key_type(algorithm) != type_ || signature.size() != signature_size(algorithm, key_.get())) {
    return false;
  }
  std::string der;
  if (algorithm == SignatureAlgorithm::kEs256) {
    der = der_of_raw(signature);
    signature = der;
  }
  DigestContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  EVP_PKEY_CTX* key_context = nullptr;  // owned by context
  const bool good = EVP_DigestVerifyInit_ex(context.get(), &key_context, digest_name(algorithm),
                                            nullptr, nullptr, key_.get(), nullptr) == 1 &&
                    set_padding(key_context, algorithm) &&
                    EVP_DigestVerify(context.get(), in(signature), signature.size(), in(message),
                                     message.size()) == 1;
  ERR_clear_error();
  return good;
}

Ed25519Key Ed25519Key::from_seed(const Key& seed) {
  Handle key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  CHECK(key != nullptr);
  return Ed25519Key(std::move(key));
}

Ed25519Key Ed25519Key::generate(Random& random) {
  Key seed{};
  random.fill(reinterpret_cast<char*>(seed.data()), seed.size());
  Ed25519Key key = from_seed(seed);
  OPENSSL_cleanse(seed.data(), seed.size());
  return key;
}

Ed25519Signature Ed25519Key::sign(std::string_view message) const {
  DigestContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key_.get(),
                              nullptr) == 1);
  Ed25519Signature out{};
  size_t size = out.size();
  CHECK(EVP_DigestSign(context.get(), out.data(), &size, in(message), message.size()) == 1);
  CHECK(size == out.size());
  return out;
}

Key Ed25519Key::public_key() const {
  return raw_key(key_.get(), EVP_PKEY_get_raw_public_key);
}

Key Ed25519Key::seed() const {
  return raw_key(key_.get(), EVP_PKEY_get_raw_private_key);
}

bool ed25519_verify(std::string_view public_key, std::string_view message,
                    std::string_view signature) {
  const auto key = PublicKey::ed25519(public_key);
  return key && key->verify(SignatureAlgorithm::kEdDsa, message, signature);
}

}  // namespace continuum::crypto
