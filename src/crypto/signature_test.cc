#include "crypto/signature.h"

#include <gtest/gtest.h>

#include <thread>

#include "crypto/signature_fixture_test.h"

namespace continuum::crypto {
namespace {

std::string bytes_of(std::string_view base64url) {
  return from_base64url(base64url).value();
}
std::string_view text(const Ed25519Signature& signature) {
  return {reinterpret_cast<const char*>(signature.data()), signature.size()};
}

// RFC 7515 appendix A: the payload of A.2 and A.3.
constexpr std::string_view kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";

void expect_only(const PublicKey& key, SignatureAlgorithm algorithm, std::string_view message,
                 std::string_view signature) {
  EXPECT_TRUE(key.verify(algorithm, message, signature));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed(signature);
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.verify(algorithm, message, changed)) << i;
  }
  for (size_t i = 0; i < message.size(); ++i) {
    std::string changed(message);
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    EXPECT_FALSE(key.verify(algorithm, changed, signature)) << i;
  }
  EXPECT_FALSE(key.verify(algorithm, message, signature.substr(1)));
  EXPECT_FALSE(key.verify(algorithm, message, std::string(signature) + "x"));
  EXPECT_FALSE(key.verify(algorithm, message, ""));
  EXPECT_FALSE(key.verify(algorithm, message, std::string(signature.size(), '\0')));
  for (const auto other :
       {SignatureAlgorithm::kEs256, SignatureAlgorithm::kPs256, SignatureAlgorithm::kRs256,
        SignatureAlgorithm::kRs512, SignatureAlgorithm::kEdDsa}) {
    EXPECT_EQ(key.verify(other, message, signature), other == algorithm) << to_string(other);
  }
}

TEST(Signature, Rfc7515AppendixA2) {
  const auto key = PublicKey::rsa(
      bytes_of(
          "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPME"
          "zP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf"
          "63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Z"
          "wKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FR"
          "WyuXpoQ"),
      bytes_of("AQAB"));
  ASSERT_TRUE(key);
  expect_only(
      *key, SignatureAlgorithm::kRs256, "eyJhbGciOiJSUzI1NiJ9." + std::string(kPayload),
      bytes_of(
          "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YK"
          "t_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBAr"
          "LIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7n"
          "oOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUP"
          "QGe77Rw"));
}

TEST(Signature, Rfc7515AppendixA3) {
  const auto key = PublicKey::ec_p256(bytes_of("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                                      bytes_of("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
  ASSERT_TRUE(key);
  expect_only(
      *key, SignatureAlgorithm::kEs256, "eyJhbGciOiJFUzI1NiJ9." + std::string(kPayload),
      bytes_of("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP"
               "3-Kg6NU1Q"));
}

TEST(Signature, Rfc8037AppendixA4) {
  const auto key = PublicKey::ed25519(bytes_of("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
  ASSERT_TRUE(key);
  expect_only(
      *key, SignatureAlgorithm::kEdDsa, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      bytes_of("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpA"
               "r_MuM0KAg"));
}

TEST(Signature, WhatOpenSslSigns) {
  const std::pair<SignatureAlgorithm, KeyType> rows[] = {
      {SignatureAlgorithm::kEs256, KeyType::kEcP256},
      {SignatureAlgorithm::kPs256, KeyType::kRsa},
      {SignatureAlgorithm::kRs256, KeyType::kRsa},
      {SignatureAlgorithm::kRs512, KeyType::kRsa},
      {SignatureAlgorithm::kEdDsa, KeyType::kEd25519}};
  for (const auto& [algorithm, type] : rows) {
    SCOPED_TRACE(to_string(algorithm));
    const TestSigner signer(type);
    expect_only(signer.public_key(), algorithm, "a message", signer.sign(algorithm, "a message"));
  }
}

TEST(Signature, PssSaltIsAsLongAsTheDigest) {
  TestSigner signer(KeyType::kRsa);
  for (const int size : {0, 20, 31, 33, 64}) {
    signer.set_pss_salt_size(size);
    EXPECT_FALSE(signer.public_key().verify(SignatureAlgorithm::kPs256, "m",
                                            signer.sign(SignatureAlgorithm::kPs256, "m")))
        << size;
  }
}

TEST(PublicKey, RefusesWhatIsNoKey) {
  const std::string x = bytes_of("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  const std::string y = bytes_of("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  const std::string zero(32, '\0');
  EXPECT_TRUE(PublicKey::ec_p256(x, y));
  for (const auto& [bad_x, bad_y] :
       std::initializer_list<std::pair<std::string, std::string>>{{y, x},
                                                                  {x, x},
                                                                  {zero, zero},
                                                                  {x, y.substr(1)},
                                                                  {x + "x", y},
                                                                  {"", ""},
                                                                  {std::string(32, '\xFF'), y}}) {
    EXPECT_EQ(PublicKey::ec_p256(bad_x, bad_y).error().code, ErrorCode::kInvalid);
  }
  const std::string e("\1\0\1", 3);
  const auto modulus = [](size_t size, char first, char last) {
    return first + std::string(size - 2, '\x55') + last;
  };
  EXPECT_TRUE(PublicKey::rsa(modulus(256, '\x80', '\1'), e));
  EXPECT_TRUE(PublicKey::rsa(modulus(1024, '\x80', '\1'), e));
  EXPECT_TRUE(PublicKey::rsa(modulus(256, '\x80', '\1'), "\xFF\xFF\xFF\xFF"));
  for (const auto& [n, bad_e] : std::initializer_list<std::pair<std::string, std::string>>{
           {modulus(256, '\x7F', '\1'), e},  // 2047 bits
           {modulus(1025, '\1', '\1'), e},   // 8193 bits
           {modulus(256, '\x80', '\2'), e},  // even
           {std::string(256, '\0'), e},      // zero
           {"", e},
           {modulus(256, '\x80', '\1'), std::string("\1\0\2", 3)},  // even
           {modulus(256, '\x80', '\1'), "\3"},
           {modulus(256, '\x80', '\1'), "\xFF\xFF"},                    // 65535
           {modulus(256, '\x80', '\1'), std::string("\0\0\1\0\1", 5)},  // too long
           {modulus(256, '\x80', '\1'), ""}}) {
    EXPECT_EQ(PublicKey::rsa(n, bad_e).error().code, ErrorCode::kInvalid);
  }
  EXPECT_FALSE(PublicKey::ed25519(""));
  EXPECT_FALSE(PublicKey::ed25519(std::string(31, 'x')));
  EXPECT_FALSE(PublicKey::ed25519(std::string(33, 'x')));
}

TEST(PublicKey, ManyThreadsVerify) {
  const TestSigner signer(KeyType::kEcP256);
  const PublicKey key = signer.public_key();
  const std::string signature = signer.sign(SignatureAlgorithm::kEs256, "m");
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        wrong += !key.verify(SignatureAlgorithm::kEs256, "m", signature) ||
                 key.verify(SignatureAlgorithm::kEs256, "n", signature);
      }
    });
  }
  for (std::thread& each : threads) {
    each.join();
  }
  EXPECT_EQ(wrong, 0);
}

TEST(SignatureAlgorithm, NamesAreExact) {
  for (const char* name : {"ES256", "PS256", "RS256", "RS512", "EdDSA"}) {
    EXPECT_EQ(to_string(find_signature_algorithm(name).value()), name);
  }
  for (const char* name :
       {"", "none", "None", "HS256", "es256", "ES256 ", "ES384", "RS384", "EDDSA"}) {
    EXPECT_FALSE(find_signature_algorithm(name)) << name;
  }
}

// RFC 8032 section 7.1, tests 1 and 2.
TEST(Ed25519Key, Rfc8032) {
  struct Row {
    const char* seed;
    const char* public_key;
    const char* message;
    const char* signature;
  };
  const Row rows[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
       "9"
       "b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "1"
       "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
  };
  for (const Row& row : rows) {
    const auto key = Ed25519Key::from_seed(key_from(*from_hex(row.seed)));
    const std::string message = *from_hex(row.message);
    EXPECT_EQ(to_hex(view(key.public_key())), row.public_key);
    EXPECT_EQ(to_hex(view(key.seed())), row.seed);
    EXPECT_EQ(to_hex(text(key.sign(message))), row.signature);
    EXPECT_TRUE(ed25519_verify(view(key.public_key()), message, text(key.sign(message))));
  }
}

TEST(Ed25519Key, OnlyItsOwnSignatures) {
  SeededRandom random(11);
  const auto key = Ed25519Key::generate(random);
  const auto other = Ed25519Key::generate(random);
  EXPECT_NE(key.public_key(), other.public_key());
  const auto signature = key.sign("checkpoint");
  EXPECT_TRUE(ed25519_verify(view(key.public_key()), "checkpoint", text(signature)));
  EXPECT_FALSE(ed25519_verify(view(other.public_key()), "checkpoint", text(signature)));
  EXPECT_FALSE(ed25519_verify(view(key.public_key()), "checkpoint2", text(signature)));
  EXPECT_FALSE(ed25519_verify(view(key.public_key()).substr(1), "checkpoint", text(signature)));
  EXPECT_FALSE(ed25519_verify(view(key.public_key()), "checkpoint", text(signature).substr(1)));
}

}  // namespace
}  // namespace continuum::crypto
