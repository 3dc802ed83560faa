#include "service/page_token.h"

#include "base/bytes.h"
#include "crypto/aead.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

constexpr uint8_t kFormat = 3;

std::string seal_context(const PageSeal& seal) {
  std::string out = "continuum page token";
  out.push_back('\0');
  std::string asked = seal.address.path;
  asked.push_back('\0');
  asked += seal.address.query;
  out += crypto::view(crypto::sha256(asked));
  out += seal.principal;
  return out;
}

Result<PageToken> decode(std::string_view bytes) {
  ByteReader reader(bytes);
  TRY(uint8_t format, reader.u8());
  PageToken token;
  TRY(token.t, reader.u64());
  TRY(uint64_t ord, reader.u48());
  token.last.ord = record::Ord::from_value(ord);
  TRY(token.last.type, reader.u8());
  TRY(token.last.item, reader.u32());
  TRY(token.at, reader.u64());
  TRY(token.total, reader.varint());
  TRY(token.members, reader.u64());
  if (format != kFormat || !reader.empty()) {
    return fail(ErrorCode::kInvalid, "a page token of another format");
  }
  return token;
}

}  // namespace

std::string seal_page_token(const PageSeal& seal, const PageToken& token) {
  std::string plain;
  put_u8(plain, kFormat);
  put_u64(plain, token.t);
  put_u48(plain, token.last.ord.value());
  put_u8(plain, token.last.type);
  put_u32(plain, token.last.item);
  put_u64(plain, token.at);
  put_varint(plain, token.total);
  put_u64(plain, token.members);
  std::string sealed;
  crypto::thread_aead().seal(seal.key, seal_context(seal), plain, sealed);
  return to_base64url(sealed);
}

Result<PageToken> open_page_token(const PageSeal& seal, std::string_view text) {
  auto refuse = [] {
    return fail(ErrorCode::kInvalid, "the page token is not one of this question",
                {{std::string(kPageParameter), "use the link of the page before, unchanged"}});
  };
  if (text.size() > kPageTokenBytesMax) {
    return refuse();
  }
  auto sealed = from_base64url(text);
  if (!sealed) {
    return refuse();
  }
  std::string plain;
  if (!crypto::thread_aead().open(seal.key, seal_context(seal), *sealed, plain)) {
    return refuse();
  }
  auto token = decode(plain);
  return token ? token : refuse();
}

}  // namespace continuum::service
