// Confirmation tokens: an erasure that was requested and is not done yet, sealed.
//
// A token is base64url of an AES-256-GCM seal (crypto/aead.h) under Store::page_token_key();
// context "continuum erasure token". Inside: format u8 (2), ord u48, state (32 bytes), instant i64,
// by (length varint, bytes), reason (to the end). Who has it can confirm this erasure of this
// state, for a day, unless they asked for it themselves.
#pragma once

#include <string>
#include <string_view>

#include "base/instant.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "record/ids.h"

namespace continuum::service {

struct EraseToken {
  record::Ord ord;
  crypto::Digest state{};  // ErasurePlan::state
  Instant instant;         // of the request
  std::string by;          // who requested it
  std::string reason;
  bool operator==(const EraseToken&) const = default;
};

std::string seal_erase_token(const crypto::Key& key, const EraseToken& token);
// kInvalid: not a token of this store, or too old at `now`.
Result<EraseToken> open_erase_token(const crypto::Key& key, std::string_view text, Instant now);

// How list and certificate name who ordered an erasure. kForbidden: one person requested and
// confirmed it, and may not alone.
enum class FourEyes : uint8_t { kRequired, kWaived };
Result<std::string> ordered_by(const EraseToken& token, std::string_view confirmed_by,
                               FourEyes four_eyes);

}  // namespace continuum::service
