#include "crypto/aead.h"

#include <openssl/evp.h>

#include <climits>

#include "base/check.h"
#include "base/random.h"

namespace continuum::crypto {
namespace {

constexpr size_t kNoncePool = 341 * kNonceSize;  // about one page

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

EVP_CIPHER* algorithm() {
  static EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  CHECK(cipher != nullptr);
  return cipher;
}

const uint8_t* in(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}
uint8_t* out_at(std::string& bytes, size_t offset) {
  return reinterpret_cast<uint8_t*>(bytes.data() + offset);
}
int length(size_t size) {
  CHECK(size <= INT_MAX);
  return static_cast<int>(size);
}

// A context that remembers its key, so that a run of one patient's items sets it once.
struct Direction {
  Context context{EVP_CIPHER_CTX_new()};
  Key key{};
  bool ready = false;

  void prepare(const Key& wanted, const uint8_t* nonce, int encrypt) {
    bool same_key = ready && key == wanted;
    CHECK(EVP_CipherInit_ex2(context.get(), ready ? nullptr : algorithm(),
                             same_key ? nullptr : wanted.data(), nonce, encrypt, nullptr) == 1);
    key = wanted;
    ready = true;
  }
};

}  // namespace

struct Aead::State {
  Direction sealing;
  Direction opening;
  SecureRandom random;
  std::string nonces;  // unused random bytes, taken from the back

  void next_nonce(std::string& out) {
    if (nonces.size() < kNonceSize) {
      nonces = random.bytes(kNoncePool);
    }
    out.append(nonces, nonces.size() - kNonceSize);
    nonces.resize(nonces.size() - kNonceSize);
  }
};

Aead::Aead() : state_(std::make_unique<State>()) {}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const Key& key, std::string_view context, std::string_view plain,
                std::string& out) {
  size_t start = out.size();
  state_->next_nonce(out);
  size_t body = out.size();
  out.resize(body + plain.size() + kTagSize);
  state_->sealing.prepare(key, out_at(out, start), 1);
  EVP_CIPHER_CTX* cipher = state_->sealing.context.get();
  int wrote = 0;
  CHECK(EVP_EncryptUpdate(cipher, nullptr, &wrote, in(context), length(context.size())) == 1);
  CHECK(EVP_EncryptUpdate(cipher, out_at(out, body), &wrote, in(plain), length(plain.size())) == 1);
  CHECK(EVP_EncryptFinal_ex(cipher, out_at(out, body + plain.size()), &wrote) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, kTagSize,
                            out_at(out, body + plain.size())) == 1);
}

Status Aead::open(const Key& key, std::string_view context, std::string_view sealed,
                  std::string& out) {
  if (sealed.size() < kSealOverhead || sealed.size() > INT_MAX) {
    return fail(ErrorCode::kCorrupt, "sealed bytes are too short");
  }
  std::string_view cipher_text = sealed.substr(kNonceSize, sealed.size() - kSealOverhead);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  size_t start = out.size();
  out.resize(start + cipher_text.size());
  state_->opening.prepare(key, in(sealed), 0);
  EVP_CIPHER_CTX* cipher = state_->opening.context.get();
  int wrote = 0;
  CHECK(EVP_DecryptUpdate(cipher, nullptr, &wrote, in(context), length(context.size())) == 1);
  CHECK(EVP_DecryptUpdate(cipher, out_at(out, start), &wrote, in(cipher_text),
                          length(cipher_text.size())) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1);
  uint8_t unused[16];
  if (EVP_DecryptFinal_ex(cipher, unused, &wrote) != 1) {
    out.resize(start);
    return fail(ErrorCode::kCorrupt, "sealed bytes don't open: wrong key, or they were changed");
  }
  return {};
}

Aead& thread_aead() {
  thread_local Aead aead;
  return aead;
}

}  // namespace continuum::crypto
