#include "service/erase_token.h"

#include <cstring>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

constexpr uint8_t kFormat = 2;
constexpr std::string_view kContext = "continuum erasure token";

Result<EraseToken> decode(std::string_view bytes) {
  ByteReader reader(bytes);
  EraseToken token;
  TRY(uint8_t format, reader.u8());
  TRY(uint64_t ord, reader.u48());
  token.ord = record::Ord::from_value(ord);
  TRY(auto state, reader.take(token.state.size()));
  std::memcpy(token.state.data(), state.data(), state.size());
  TRY(uint64_t micros, reader.u64());
  token.instant.micros = static_cast<int64_t>(micros);
  TRY(auto by, reader.length_prefixed());
  token.by = by;
  token.reason = reader.rest();
  if (format != kFormat) {
    return fail(ErrorCode::kInvalid, "an erasure token of another format");
  }
  return token;
}

}  // namespace

std::string seal_erase_token(const crypto::Key& key, const EraseToken& token) {
  std::string plain;
  put_u8(plain, kFormat);
  put_u48(plain, token.ord.value());
  plain += crypto::view(token.state);
  put_u64(plain, static_cast<uint64_t>(token.instant.micros));
  put_length_prefixed(plain, token.by);
  plain += token.reason;
  std::string sealed;
  crypto::thread_aead().seal(key, kContext, plain, sealed);
  return to_base64url(sealed);
}

Result<std::string> ordered_by(const EraseToken& token, std::string_view confirmed_by,
                               FourEyes four_eyes) {
  if (token.by != confirmed_by) {
    return token.by + ", confirmed by " + std::string(confirmed_by);
  }
  if (four_eyes == FourEyes::kWaived) {
    return token.by + ", alone";
  }
  return fail(ErrorCode::kForbidden, "who requests an erasure does not confirm it",
              {{"", "have somebody else confirm it"}});
}

Result<EraseToken> open_erase_token(const crypto::Key& key, std::string_view text, Instant now) {
  auto refuse = [](const char* why) {
    return fail(ErrorCode::kInvalid, why, {{"TOKEN", "continuum erase request gives one"}});
  };
  auto sealed = text.size() <= kEraseTokenBytesMax
                    ? from_base64url(text)
                    : Result<std::string>(refuse("the token is too long"));
  std::string plain;
  if (!sealed || !crypto::thread_aead().open(key, kContext, *sealed, plain)) {
    return refuse("not a token of this store, or damaged");
  }
  TRY(EraseToken token, decode(plain));
  if (now < token.instant || now.micros - token.instant.micros > kEraseTokenLife.count()) {
    return refuse("the token is too old");
  }
  return token;
}

}  // namespace continuum::service
