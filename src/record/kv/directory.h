// Family `directory`: from an id to where the resource is kept, and what is known of each ord
// (docs/storage_format.md section 2).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "record/ids.h"
#include "record/kv/row.h"

namespace continuum::record {

struct DirectoryRow {
  uint16_t id_bucket = 0;
  Ord ord;
  ItemNumber item = 0;
  SourceNumber source = 0;
  std::string own_id;        // the source's own
  bool id_is_given = false;  // by a client: the source's own id is the resource's id
};
std::string directory_key(fhir::TypeNumber type, const IdHash& hash);
Result<ResourceKey> decode_directory_key(std::string_view key);  // the bucket is left 0
std::string encode_directory_row(const DirectoryRow& row);
Result<DirectoryRow> decode_directory_row(std::string_view value);

// Which resource of that type has an id that a client gave: its hash.
std::string given_id_key(fhir::TypeNumber type, std::string_view id);
struct GivenId {
  fhir::TypeNumber type = 0;
  std::string id;
};
Result<GivenId> decode_given_id_key(std::string_view key);
Result<IdHash> decode_given_id(std::string_view value);

std::string former_place_key(fhir::TypeNumber type, const IdHash& hash, uint32_t last_version);
std::string former_places_prefix(fhir::TypeNumber type, const IdHash& hash);
std::string former_places_prefix();  // of all resources
std::string encode_former_place(const ItemKey& item);
// `hash` may be null.
Result<FormerPlace> decode_former_place(std::string_view key, std::string_view value, IdHash* hash);

struct OrdRow {
  SourceNumber source = 0;
  ItemNumber next_item = 1;
  IdHash patient{};                   // of its Patient; zero for the store's own ords
  std::string patient_given_id = {};  // where a client gave it one
};
std::string ord_row_key(Ord ord);
Result<Ord> decode_ord_row_key(std::string_view key);
std::string encode_ord_row(const OrdRow& row);
Result<OrdRow> decode_ord_row(std::string_view value);

}  // namespace continuum::record
