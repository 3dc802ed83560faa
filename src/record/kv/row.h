// Families `current` and `history`: one version of one resource (docs/storage_format.md sections 2,
// 4).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "crypto/digest.h"
#include "record/ids.h"

namespace continuum::record {

inline constexpr uint8_t kRowFormat = 1;
inline constexpr size_t kRowHeaderSize = 64;
inline constexpr size_t kOrdSize = 6;
inline constexpr size_t kItemKeySize = 11;
// A resource is kept with so many patients at most.
inline constexpr size_t kPlacesMax = 128;

// Where an item is kept.
struct ItemKey {
  Ord ord;
  fhir::TypeNumber type = 0;
  ItemNumber item = 0;
  auto operator<=>(const ItemKey&) const = default;
};

// Where a resource was until it was moved, and its last version there.
struct FormerPlace {
  ItemKey item;
  uint32_t last_version = 0;
};

// One of the places of a resource that is kept with several patients; its type is the resource's.
struct ItemPlace {
  Ord ord;
  ItemNumber item = 0;
  bool operator==(const ItemPlace&) const = default;
};

struct RowHeader {
  bool deleted = false;
  bool moved = false;  // only of a deletion: the resource goes on elsewhere from this version
  uint8_t label_class = 0;
  uint8_t dictionary = 0;
  uint32_t version = 1;
  T t = 0;
  Instant instant;
  SourceNumber source = 0;
  uint16_t splice_offset = 0;
  uint32_t body_size = 0;
  crypto::Digest body_digest{};
};

// A row as stored: header, and the rest as views into the bytes it was decoded from.
struct Row {
  RowHeader header;
  std::string_view places;  // see places_of
  std::string_view sealed;
};

// Where the resource of a row is kept, its home first; empty when only where the row is. A row that
// is not at home is a *copy*: the same version, sealed for another patient it is about too. (The
// row of a deletion names the home alone, and only in copies.)
std::vector<ItemPlace> places_of(const Row& row);
bool is_copy(const Row& row, const ItemKey& key);

void put_ord(std::string& out, Ord ord);
std::string ord_key(Ord ord);
std::string current_key(const ItemKey& key);
void put_item_key(std::string& out, const ItemKey& key);
std::string history_key(const ItemKey& key, T t);
// The key of `current`, or the start of a key of `history`.
Result<ItemKey> decode_item_key(std::string_view key);
Result<T> decode_history_t(std::string_view key);

// A row up to its sealed body.
void put_row_start(std::string& out, const RowHeader& header,
                   std::span<const ItemPlace> places = {});
Result<Row> decode_row(std::string_view value);

}  // namespace continuum::record
