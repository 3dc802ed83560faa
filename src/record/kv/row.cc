#include "record/kv/row.h"

#include <cstring>

#include "base/bytes.h"
#include "base/check.h"

namespace continuum::record {
namespace {

constexpr uint8_t kDeletedFlag = 1;
constexpr uint8_t kPlacesFlag = 2;
constexpr uint8_t kMovedFlag = 4;
constexpr size_t kPlaceSize = kOrdSize + 4;
constexpr size_t kHistoryKeySize = kItemKeySize + 8;

}  // namespace

void put_ord(std::string& out, Ord ord) {
  put_u48(out, ord.value());
}

std::string ord_key(Ord ord) {
  std::string key;
  put_ord(key, ord);
  return key;
}

void put_item_key(std::string& out, const ItemKey& key) {
  put_ord(out, key.ord);
  put_u8(out, key.type);
  put_u32(out, key.item);
}

std::string current_key(const ItemKey& key) {
  std::string out;
  put_item_key(out, key);
  return out;
}

std::string history_key(const ItemKey& key, T t) {
  std::string out;
  put_item_key(out, key);
  put_u64(out, ~t);
  return out;
}

Result<ItemKey> decode_item_key(std::string_view key) {
  ByteReader reader(key);
  ItemKey out;
  TRY(uint64_t ord, reader.u48());
  out.ord = Ord::from_value(ord);
  TRY(out.type, reader.u8());
  TRY(out.item, reader.u32());
  if (out.type >= fhir::type_count() || (!reader.empty() && key.size() != kHistoryKeySize)) {
    return fail(ErrorCode::kCorrupt, "an item key has the wrong shape");
  }
  return out;
}

Result<T> decode_history_t(std::string_view key) {
  if (key.size() != kHistoryKeySize) {
    return fail(ErrorCode::kCorrupt, "a history key has the wrong size");
  }
  TRY(uint64_t complement, ByteReader(key.substr(kItemKeySize)).u64());
  return ~complement;
}

void put_row_start(std::string& out, const RowHeader& header, std::span<const ItemPlace> places) {
  put_u8(out, kRowFormat);
  put_u8(out, static_cast<uint8_t>((header.deleted ? kDeletedFlag : 0) |
                                   (places.empty() ? 0 : kPlacesFlag) |
                                   (header.moved ? kMovedFlag : 0)));
  put_u8(out, header.label_class);
  put_u8(out, header.dictionary);
  put_u32(out, header.version);
  put_u64(out, header.t);
  put_u64(out, static_cast<uint64_t>(header.instant.micros));
  put_u16(out, header.source);
  put_u16(out, header.splice_offset);
  put_u32(out, header.body_size);
  out.append(crypto::view(header.body_digest));
  if (!places.empty()) {
    CHECK(places.size() <= kPlacesMax);
    put_u8(out, static_cast<uint8_t>(places.size()));
    for (const ItemPlace& place : places) {
      put_ord(out, place.ord);
      put_u32(out, place.item);
    }
  }
}

std::vector<ItemPlace> places_of(const Row& row) {
  std::vector<ItemPlace> places;
  ByteReader reader(row.places);
  while (!reader.empty()) {
    Ord ord = Ord::from_value(reader.u48().value());
    places.push_back({ord, reader.u32().value()});
  }
  return places;
}

bool is_copy(const Row& row, const ItemKey& key) {
  return !row.places.empty() && places_of(row).front() != ItemPlace{key.ord, key.item};
}

Result<Row> decode_row(std::string_view value) {
  ByteReader reader(value);
  Row row;
  TRY(uint8_t format, reader.u8());
  if (format != kRowFormat) {
    return fail(ErrorCode::kCorrupt, "a row has an unknown format");
  }
  TRY(uint8_t flags, reader.u8());
  if ((flags & ~(kDeletedFlag | kPlacesFlag | kMovedFlag)) != 0 ||
      (flags & (kDeletedFlag | kMovedFlag)) == kMovedFlag) {
    return fail(ErrorCode::kCorrupt, "a row has unknown flags");
  }
  row.header.deleted = (flags & kDeletedFlag) != 0;
  row.header.moved = (flags & kMovedFlag) != 0;
  TRY(row.header.label_class, reader.u8());
  TRY(row.header.dictionary, reader.u8());
  TRY(row.header.version, reader.u32());
  TRY(row.header.t, reader.u64());
  TRY(uint64_t micros, reader.u64());
  row.header.instant.micros = static_cast<int64_t>(micros);
  TRY(row.header.source, reader.u16());
  TRY(row.header.splice_offset, reader.u16());
  TRY(row.header.body_size, reader.u32());
  TRY(auto digest, reader.take(row.header.body_digest.size()));
  std::memcpy(row.header.body_digest.data(), digest.data(), digest.size());
  if ((flags & kPlacesFlag) != 0) {
    TRY(uint8_t count, reader.u8());
    if (count == 0 || count > kPlacesMax) {
      return fail(ErrorCode::kCorrupt, "a row has an impossible number of places");
    }
    TRY(row.places, reader.take(count * kPlaceSize));
  }
  row.sealed = reader.rest();
  if (row.header.deleted != row.sealed.empty()) {
    return fail(ErrorCode::kCorrupt, "a row's body and its deleted flag disagree");
  }
  return row;
}

}  // namespace continuum::record
