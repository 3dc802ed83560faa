// Page tokens: where the next page of an answer starts, sealed.
//
// A token is base64url of an AES-256-GCM seal (crypto/aead.h) under Store::page_token_key().
// Inside: format u8 (3), t u64, ord u48, type u8, item u32, at u64, total varint,
// members u64. The context, which must be the same to open it: "continuum page token", 0, SHA-256
// of the address (path, 0, query), principal. So it is good for the same question by the same
// principal only, on any server of the region, also after a restart.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "record/kv/row.h"
#include "service/context.h"

namespace continuum::service {

inline constexpr std::string_view kPageParameter = "_page";

struct PageToken {
  record::T t = 0;       // every page is of this moment
  record::ItemKey last;  // the last item shown
  record::T at = 0;      // history: the commit that made the last version shown
  uint64_t total = 0;    // counted with the first page
  uint64_t members = 0;  // whole record: which source patients the person was made of
  bool operator==(const PageToken&) const = default;
};

// What a token is bound to.
struct PageSeal {
  const crypto::Key& key;
  std::string_view principal;
  const Address& address;
};

std::string seal_page_token(const PageSeal& seal, const PageToken& token);
// kInvalid: not a token, damaged, or of another question or principal; it does not say which.
Result<PageToken> open_page_token(const PageSeal& seal, std::string_view text);

}  // namespace continuum::service
