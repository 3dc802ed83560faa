#include "record/kv/directory.h"

#include <cstring>

#include "base/bytes.h"

namespace continuum::record {
namespace {

constexpr uint16_t kIdIsGiven = 0x8000;
constexpr uint16_t kBucketMask = (1 << kBucketBits) - 1;

Status take_hash(ByteReader& reader, IdHash& hash) {
  TRY(auto bytes, reader.take(hash.size()));
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return {};
}

}  // namespace

std::string directory_key(fhir::TypeNumber type, const IdHash& hash) {
  std::string key = "i";
  put_u8(key, type);
  key.append(view(hash));
  return key;
}

Result<ResourceKey> decode_directory_key(std::string_view key) {
  ByteReader reader(key);
  TRY(uint8_t kind, reader.u8());
  ResourceKey out;
  TRY(out.type, reader.u8());
  TRY(take_hash(reader, out.id.hash));
  if (kind != 'i' || out.type >= fhir::type_count() || !reader.empty()) {
    return fail(ErrorCode::kCorrupt, "a directory key has the wrong shape");
  }
  return out;
}

std::string encode_directory_row(const DirectoryRow& row) {
  std::string value;
  put_u16(value, static_cast<uint16_t>(row.id_bucket | (row.id_is_given ? kIdIsGiven : 0)));
  put_ord(value, row.ord);
  put_u32(value, row.item);
  put_u16(value, row.source);
  value.append(row.own_id);
  return value;
}

Result<DirectoryRow> decode_directory_row(std::string_view value) {
  ByteReader reader(value);
  DirectoryRow row;
  TRY(uint16_t bucket, reader.u16());
  row.id_bucket = bucket & kBucketMask;
  row.id_is_given = (bucket & kIdIsGiven) != 0;
  if ((bucket & ~(kIdIsGiven | kBucketMask)) != 0) {
    return fail(ErrorCode::kCorrupt, "a directory row has unknown flags");
  }
  TRY(uint64_t ord, reader.u48());
  row.ord = Ord::from_value(ord);
  TRY(row.item, reader.u32());
  TRY(row.source, reader.u16());
  row.own_id = reader.rest();
  return row;
}

std::string given_id_key(fhir::TypeNumber type, std::string_view id) {
  std::string key = "n";
  put_u8(key, type);
  key.append(id);
  return key;
}

Result<GivenId> decode_given_id_key(std::string_view key) {
  ByteReader reader(key);
  TRY(uint8_t kind, reader.u8());
  GivenId out;
  TRY(out.type, reader.u8());
  out.id = reader.rest();
  if (kind != 'n' || out.type >= fhir::type_count()) {
    return fail(ErrorCode::kCorrupt, "the key of a given id has the wrong shape");
  }
  return out;
}

Result<IdHash> decode_given_id(std::string_view value) {
  ByteReader reader(value);
  IdHash hash{};
  TRY(take_hash(reader, hash));
  return reader.empty() ? Result<IdHash>(hash)
                        : fail(ErrorCode::kCorrupt, "the row of a given id has the wrong shape");
}

std::string former_places_prefix() {
  return "w";
}

std::string former_places_prefix(fhir::TypeNumber type, const IdHash& hash) {
  std::string key = former_places_prefix();
  put_u8(key, type);
  key.append(view(hash));
  return key;
}

std::string former_place_key(fhir::TypeNumber type, const IdHash& hash, uint32_t last_version) {
  std::string key = former_places_prefix(type, hash);
  put_u32(key, last_version);
  return key;
}

std::string encode_former_place(const ItemKey& item) {
  std::string value;
  put_ord(value, item.ord);
  put_u32(value, item.item);
  return value;
}

Result<FormerPlace> decode_former_place(std::string_view key, std::string_view value,
                                        IdHash* hash) {
  ByteReader reader(key);
  ByteReader place(value);
  FormerPlace out;
  TRY(uint8_t kind, reader.u8());
  TRY(out.item.type, reader.u8());
  IdHash of{};
  TRY(take_hash(reader, of));
  TRY(out.last_version, reader.u32());
  TRY(uint64_t ord, place.u48());
  out.item.ord = Ord::from_value(ord);
  TRY(out.item.item, place.u32());
  if (kind != 'w' || out.item.type >= fhir::type_count() || !reader.empty() || !place.empty()) {
    return fail(ErrorCode::kCorrupt, "the row of a former place has the wrong shape");
  }
  if (hash != nullptr) {
    *hash = of;
  }
  return out;
}

std::string ord_row_key(Ord ord) {
  std::string key = "p";
  put_ord(key, ord);
  return key;
}

Result<Ord> decode_ord_row_key(std::string_view key) {
  ByteReader reader(key);
  TRY(uint8_t kind, reader.u8());
  TRY(uint64_t ord, reader.u48());
  if (kind != 'p' || !reader.empty()) {
    return fail(ErrorCode::kCorrupt, "an ord key has the wrong shape");
  }
  return Ord::from_value(ord);
}

std::string encode_ord_row(const OrdRow& row) {
  std::string value;
  put_u16(value, row.source);
  put_u32(value, row.next_item);
  put_u8(value, fhir::kPatientType);
  value.append(view(row.patient));
  value.append(row.patient_given_id);
  return value;
}

Result<OrdRow> decode_ord_row(std::string_view value) {
  ByteReader reader(value);
  OrdRow row;
  TRY(row.source, reader.u16());
  TRY(row.next_item, reader.u32());
  TRY(uint8_t type, reader.u8());
  TRY(take_hash(reader, row.patient));
  row.patient_given_id = reader.rest();
  if (type != fhir::kPatientType || row.patient_given_id.size() > kIdTextMax) {
    return fail(ErrorCode::kCorrupt, "an ord row has the wrong shape");
  }
  return row;
}

}  // namespace continuum::record
