// Entries, persons' parts and rows from arbitrary bytes: what is accepted encodes to the same bytes
// again.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "ledger/entry.h"
#include "ledger/limits.h"
#include "ledger/rows.h"

namespace {

using namespace continuum::ledger;

void check_entry(std::string_view bytes) {
  if (const auto entry = decode_entry(bytes)) {
    const auto again = std::visit([](const auto& of_kind) { return encode(of_kind); }, *entry);
    CHECK(again && *again == bytes);
  }
}

void check_person_part(std::string_view bytes) {
  if (const auto part = decode_person_part(bytes)) {
    const auto again = encode(*part);
    CHECK(again && *again == bytes);
  }
}

void check_rows(std::string_view bytes) {
  const EntriesRow row = parse_entries(bytes);
  size_t size = 0;
  for (const std::string_view entry : row.entries) {
    CHECK(!entry.empty() && entry.size() <= kEntryBytesMax);
    size += entry.size() + 1;
    check_entry(entry);
  }
  CHECK(size <= bytes.size());
  if (const auto first = parse_entries_key(bytes)) {
    CHECK(entries_key(*first) == bytes);
  }
  if (const auto tile = parse_tile_key(bytes)) {
    CHECK(tile_key(tile->level, tile->n) == bytes);
  }
  if (const auto number = parse_number(bytes)) {
    CHECK(encode_number(*number) == bytes);
  }
  constexpr size_t kAccessKey = 14;
  if (bytes.size() > kAccessKey) {
    if (const auto access = parse_access(bytes.substr(0, kAccessKey), bytes.substr(kAccessKey))) {
      CHECK(access_key(access->ord, access->number) == bytes.substr(0, kAccessKey));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_entry(bytes);
  check_person_part(bytes);
  check_rows(bytes);
  return 0;
}
