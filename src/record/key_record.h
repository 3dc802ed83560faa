// One key of the key store as it is written down: 69 bytes, sealed under the region key
// (docs/storage_format.md section 7). Shared by the key store and its backup.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace continuum::record {

enum class KeyKind : uint8_t { kData = 1, kPurpose = 2, kAudit = 3, kAuditMonth = 4 };
inline constexpr size_t kKeyKinds = 4;

struct KeyId {
  KeyKind kind = KeyKind::kData;
  uint64_t number = 0;  // ord, purpose, ord, months since January 1970
  auto operator<=>(const KeyId&) const = default;
};

struct KeyRecord {
  KeyId id;
  crypto::Key key{};
};

inline constexpr size_t kKeyRecordSize = 69;

void put_key_record(std::string& out, const crypto::Key& region_key, const KeyRecord& record);
// Takes one from the front. kCorrupt: it doesn't open under that region key. kUnsupported: a kind
// this program doesn't know.
Result<KeyRecord> take_key_record(ByteReader& reader, const crypto::Key& region_key);

// What tells region keys apart without giving anything of them away: 16 bytes, of which people are
// shown the first 4 as hexadecimal digits.
inline constexpr size_t kKeyMarkSize = 16;
std::string key_mark(const crypto::Key& region_key);
std::string shown_mark(std::string_view mark);

}  // namespace continuum::record
