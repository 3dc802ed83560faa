#include "crypto/stream_cipher.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace continuum::crypto {
namespace {

constexpr size_t kBlock = 16;
constexpr size_t kStep = size_t{1} << 30;  // OpenSSL counts in int

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

EVP_CIPHER* algorithm() {
  static EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
  CHECK(cipher != nullptr);
  return cipher;
}

// iv + block number, as one 128-bit big-endian number.
Iv counter_at(const Iv& iv, uint64_t block) {
  Iv counter = iv;
  unsigned carry = 0;
  for (size_t i = kBlock; i-- > 0;) {
    unsigned sum = counter[i] + static_cast<unsigned>(block & 0xFF) + carry;
    counter[i] = static_cast<uint8_t>(sum);
    carry = sum >> 8;
    block >>= 8;
  }
  return counter;
}

}  // namespace

void apply_stream_cipher(const Key& key, const Iv& iv, uint64_t offset, char* bytes, size_t size) {
  thread_local std::unique_ptr<EVP_CIPHER_CTX, ContextFree> context(EVP_CIPHER_CTX_new());
  Iv counter = counter_at(iv, offset / kBlock);
  CHECK(EVP_EncryptInit_ex2(context.get(), algorithm(), key.data(), counter.data(), nullptr) == 1);
  int wrote = 0;
  // Walk into the middle of the first block by enciphering and dropping its start.
  uint8_t dropped[kBlock] = {};
  auto into_block = static_cast<int>(offset % kBlock);
  if (into_block > 0) {
    CHECK(EVP_EncryptUpdate(context.get(), dropped, &wrote, dropped, into_block) == 1);
  }
  auto* at = reinterpret_cast<uint8_t*>(bytes);
  while (size > 0) {
    size_t step = std::min(size, kStep);
    CHECK(EVP_EncryptUpdate(context.get(), at, &wrote, at, static_cast<int>(step)) == 1);
    at += step;
    size -= step;
  }
}

}  // namespace continuum::crypto
