#include "record/kv/directory.h"

#include <cstring>

#include "base/bytes.h"

namespace continuum::record {
namespace {

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
  put_u16(value, row.id_bucket);
  put_ord(value, row.ord);
  put_u32(value, row.item);
  put_u16(value, row.source);
  value.append(row.own_id);
  return value;
}

Result<DirectoryRow> decode_directory_row(std::string_view value) {
  ByteReader reader(value);
  DirectoryRow row;
  TRY(row.id_bucket, reader.u16());
  TRY(uint64_t ord, reader.u48());
  row.ord = Ord::from_value(ord);
  TRY(row.item, reader.u32());
  TRY(row.source, reader.u16());
  row.own_id = reader.rest();
  return row;
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
  return value;
}

Result<OrdRow> decode_ord_row(std::string_view value) {
  ByteReader reader(value);
  OrdRow row;
  TRY(row.source, reader.u16());
  TRY(row.next_item, reader.u32());
  TRY(uint8_t type, reader.u8());
  TRY(take_hash(reader, row.patient));
  if (type != fhir::kPatientType || !reader.empty()) {
    return fail(ErrorCode::kCorrupt, "an ord row has the wrong shape");
  }
  return row;
}

}  // namespace continuum::record
