#include "ledger/rows.h"

#include "base/bytes.h"
#include "ledger/limits.h"

namespace continuum::ledger {
namespace {

constexpr char kEntries = 'e';
constexpr char kTile = 'h';
constexpr char kSize = 's';
constexpr char kPolicy = 'p';

std::string after(char kind) {
  return std::string(1, static_cast<char>(kind + 1));
}

tl::unexpected<Error> corrupt() {
  return fail(ErrorCode::kCorrupt, "a row of the ledger is not as it was written");
}

}  // namespace

std::string entries_key(uint64_t first) {
  std::string key(1, kEntries);
  put_u64(key, ~first);
  return key;
}

std::string tile_key(uint8_t level, uint64_t n) {
  std::string key(1, kTile);
  put_u8(key, level);
  put_u64(key, n);
  return key;
}

std::string size_key() {
  return std::string(1, kSize);
}

std::string policy_key(const Hash& digest) {
  std::string key(1, kPolicy);
  key.append(crypto::view(digest));
  return key;
}

std::string entries_start() {
  return std::string(1, kEntries);
}
std::string entries_end() {
  return after(kEntries);
}
std::string tiles_start() {
  return std::string(1, kTile);
}
std::string tiles_end() {
  return after(kTile);
}

std::optional<uint64_t> parse_entries_key(std::string_view key) {
  if (key.size() != 9 || key[0] != kEntries) {
    return std::nullopt;
  }
  return ~*ByteReader(key.substr(1)).u64();
}

std::optional<TileNumber> parse_tile_key(std::string_view key) {
  if (key.size() != 10 || key[0] != kTile) {
    return std::nullopt;
  }
  return TileNumber{static_cast<uint8_t>(key[1]), *ByteReader(key.substr(2)).u64()};
}

EntriesRow parse_entries(std::string_view value) {
  EntriesRow row;
  ByteReader reader(value);
  while (!reader.empty()) {
    const auto entry = reader.length_prefixed();
    if (!entry || entry->empty() || entry->size() > kEntryBytesMax) {
      row.whole = false;
      break;
    }
    row.entries.push_back(*entry);
  }
  return row;
}

std::string encode_number(uint64_t number) {
  std::string value;
  put_u64(value, number);
  return value;
}

Result<uint64_t> parse_number(std::string_view value) {
  if (value.size() != 8) {
    return corrupt();
  }
  return ByteReader(value).u64();
}

std::string access_key(uint64_t ord, uint64_t number) {
  std::string key;
  put_u48(key, ord);
  put_u64(key, ~number);
  return key;
}

std::string encode_ordinal(uint64_t ordinal) {
  std::string value;
  put_varint(value, ordinal);
  return value;
}

Result<Access> parse_access(std::string_view key, std::string_view value) {
  Access access;
  ByteReader of_key(key);
  TRY(access.ord, of_key.u48());
  TRY(const uint64_t inverted, of_key.u64());
  access.number = ~inverted;
  ByteReader of_value(value);
  TRY(access.ordinal, of_value.varint());
  if (!of_key.empty() || !of_value.empty() || access.ordinal == 0 ||
      access.ordinal > access.number || access.ordinal > kPersonsMax) {
    return corrupt();
  }
  return access;
}

}  // namespace continuum::ledger
