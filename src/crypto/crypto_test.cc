#include <gtest/gtest.h>

#include <set>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "crypto/stream_cipher.h"

namespace continuum::crypto {
namespace {

TEST(Digest, KnownAnswers) {
  EXPECT_EQ(to_hex(view(sha256("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231 test case 1 has a 20-byte key; padded with zeros to 32 it is the same HMAC key.
  Key key{};
  std::fill_n(key.begin(), 20, uint8_t{0x0b});
  EXPECT_EQ(to_hex(view(Hmac(key)("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST(Digest, OfPiecesIsThatOfTheWhole) {
  const std::string whole(1'000, 'a');
  Sha256 hash;
  for (int round = 0; round < 2; ++round) {
    for (size_t at = 0, size = 0; at < whole.size(); at += size, ++size) {
      hash.update(std::string_view(whole).substr(at, size));
    }
    EXPECT_EQ(hash.digest(), sha256(whole));
  }
  EXPECT_EQ(hash.digest(), sha256("")) << "starts anew";
}

TEST(Digest, DerivedKeysDifferByPurpose) {
  Key master{};
  master[0] = 1;
  EXPECT_NE(derive_key(master, "a"), derive_key(master, "b"));
  EXPECT_EQ(derive_key(master, "a"), derive_key(master, "a"));
}

TEST(Aead, OpensOnlyWhatWasSealed) {
  Aead aead;
  Key key{};
  key[3] = 9;
  for (size_t size : {0U, 1U, 15U, 16U, 1000U}) {
    std::string plain = SeededRandom(size).bytes(size);
    std::string sealed;
    aead.seal(key, "context", plain, sealed);
    ASSERT_EQ(sealed.size(), size + kSealOverhead);
    std::string opened = "kept";
    ASSERT_TRUE(aead.open(key, "context", sealed, opened));
    EXPECT_EQ(opened, "kept" + plain);
    for (size_t i = 0; i < sealed.size(); i += 7) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_EQ(aead.open(key, "context", changed, opened).error().code, ErrorCode::kCorrupt);
    }
    EXPECT_FALSE(aead.open(key, "other", sealed, opened));
    Key wrong = key;
    wrong[31] ^= 1;
    EXPECT_FALSE(aead.open(wrong, "context", sealed, opened));
    EXPECT_TRUE(aead.open(key, "context", sealed, opened));
    EXPECT_FALSE(aead.open(key, "context", sealed.substr(0, 20), opened));
  }
}

TEST(Aead, NoncesDoNotRepeat) {
  Aead aead;
  std::set<std::string> nonces;
  for (int i = 0; i < 5000; ++i) {
    std::string sealed;
    aead.seal(Key{}, "", "", sealed);
    ASSERT_TRUE(nonces.insert(sealed.substr(0, kNonceSize)).second);
  }
}

TEST(StreamCipher, AnyRangeAgreesWithTheWhole) {
  Key key{};
  key[0] = 5;
  Iv iv{};
  iv.fill(0xFF);  // the counter carries at once
  std::string plain = SeededRandom(7).bytes(1000);
  std::string whole = plain;
  apply_stream_cipher(key, iv, 0, whole.data(), whole.size());
  EXPECT_NE(whole, plain);
  for (size_t from : {0U, 1U, 15U, 16U, 17U, 333U, 999U}) {
    std::string part = plain.substr(from);
    apply_stream_cipher(key, iv, from, part.data(), part.size());
    EXPECT_EQ(part, whole.substr(from));
  }
  apply_stream_cipher(key, iv, 0, whole.data(), whole.size());
  EXPECT_EQ(whole, plain);
}

}  // namespace
}  // namespace continuum::crypto
