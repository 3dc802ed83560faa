// Keys and values of the ledger's rows (docs/ledger_format.md section 2). Parsers take any bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kv/store.h"
#include "ledger/tree.h"

namespace continuum::ledger {

// Where the ledger's two families stand in the list that the store was opened with.
struct Families {
  kv::Family ledger = 0;
  kv::Family accesses = 0;
};

// Family `ledger`.
std::string entries_key(uint64_t first);  // later entries sort before earlier ones
std::string tile_key(uint8_t level, uint64_t n);
std::string size_key();
std::string policy_key(const Hash& digest);
// All rows of entries lie in entries_start() to entries_end(), those of tiles in tiles_start() to
// tiles_end(); the end is excluded.
std::string entries_start();
std::string entries_end();
std::string tiles_start();
std::string tiles_end();

std::optional<uint64_t> parse_entries_key(std::string_view key);
struct TileNumber {
  uint8_t level = 0;
  uint64_t n = 0;
};
std::optional<TileNumber> parse_tile_key(std::string_view key);

// The entries of one row, in order, as views into `value`; cut short, and `whole` false, where the
// bytes stop being entries of 1 to kEntryBytesMax bytes.
struct EntriesRow {
  std::vector<std::string_view> entries;
  bool whole = true;
};
EntriesRow parse_entries(std::string_view value);

// Value of size and policy rows. kCorrupt.
std::string encode_number(uint64_t number);
Result<uint64_t> parse_number(std::string_view value);

// Family `accesses`. `ord` below 2^48 (CHECK). The newest of an ord sorts first.
std::string access_key(uint64_t ord, uint64_t number);
struct Access {
  uint64_t ord = 0;
  uint64_t number = 0;   // of the person entry
  uint64_t ordinal = 0;  // its request entry is number - ordinal
};
std::string encode_ordinal(uint64_t ordinal);
// kCorrupt; also when the request entry would lie before the first.
Result<Access> parse_access(std::string_view key, std::string_view value);

}  // namespace continuum::ledger
