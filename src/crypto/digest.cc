#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>

#include <cstring>

#include "base/check.h"

namespace continuum::crypto {
namespace {

constexpr size_t kBlock = 64;

const uint8_t* data(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

EVP_MD* sha256_algorithm() {
  static EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHECK(algorithm != nullptr);
  return algorithm;
}

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

Context new_context() {
  Context context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  return context;
}

void start(EVP_MD_CTX* context) {
  CHECK(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) == 1);
}
void absorb(EVP_MD_CTX* context, const void* bytes, size_t size) {
  CHECK(EVP_DigestUpdate(context, bytes, size) == 1);
}
Digest finish(EVP_MD_CTX* context) {
  Digest digest{};
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(context, digest.data(), &size) == 1 && size == digest.size());
  return digest;
}

}  // namespace

Digest sha256(std::string_view bytes) {
  thread_local Context context = new_context();
  start(context.get());
  absorb(context.get(), bytes.data(), bytes.size());
  return finish(context.get());
}

struct Sha256::State {
  Context context = new_context();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  start(state_->context.get());
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  absorb(state_->context.get(), bytes.data(), bytes.size());
}

Digest Sha256::digest() {
  Digest digest = finish(state_->context.get());
  start(state_->context.get());
  return digest;
}

struct Hmac::State {
  Context inner = new_context();  // after the inner padded key
  Context outer = new_context();  // after the outer padded key
  Context work = new_context();
};

Hmac::Hmac(const Key& key) : state_(std::make_unique<State>()) {
  uint8_t block[kBlock];
  auto pad = [&](uint8_t with, EVP_MD_CTX* context) {
    std::memset(block, with, sizeof block);
    for (size_t i = 0; i < key.size(); ++i) {
      block[i] = key[i] ^ with;
    }
    start(context);
    absorb(context, block, sizeof block);
  };
  pad(0x36, state_->inner.get());
  pad(0x5C, state_->outer.get());
  OPENSSL_cleanse(block, sizeof block);
}
Hmac::~Hmac() = default;
Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;

Digest Hmac::operator()(std::string_view message) {
  EVP_MD_CTX* work = state_->work.get();
  CHECK(EVP_MD_CTX_copy_ex(work, state_->inner.get()) == 1);
  absorb(work, message.data(), message.size());
  Digest inner = finish(work);
  CHECK(EVP_MD_CTX_copy_ex(work, state_->outer.get()) == 1);
  absorb(work, inner.data(), inner.size());
  return finish(work);
}

Key derive_key(const Key& master, std::string_view info) {
  // RFC 5869 with an empty salt and one output block.
  Hmac extract(Key{});
  Digest secret = extract(view(master));
  Hmac expand(secret);
  std::string message(info);
  message.push_back('\x01');
  return expand(message);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(data(a), data(b), a.size()) == 0;
}

Key key_from(std::string_view bytes) {
  Key key{};
  CHECK(bytes.size() == key.size());
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

}  // namespace continuum::crypto
