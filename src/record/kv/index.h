// Families `postings`, `ranges`, `timeline` and `care`: what a resource can be found by
// (docs/storage_format.md sections 2, 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "fhir/date.h"
#include "json/document.h"
#include "record/kv/families.h"
#include "record/kv/row.h"

namespace continuum::record {

// The index keys of one resource, in one buffer. Reusable: clear() keeps the memory.
class IndexEntries {
 public:
  struct Entry {
    FamilyNumber family;
    uint32_t key_at, key_size;
    uint32_t rest_at, rest_size;  // what follows t and label class in the value
  };

  // Adds the entries of a resource whose references to this store are written Type/<regional id>.
  // `type` and shape of `resource` need not agree; what does not fit gives no entry.
  void add_resource(const ItemKey& item, SourceNumber source, const json::Node& resource);
  void clear();

  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view key(const Entry& entry) const {
    return std::string_view(bytes_).substr(entry.key_at, entry.key_size);
  }
  std::string_view rest(const Entry& entry) const {
    return std::string_view(bytes_).substr(entry.rest_at, entry.rest_size);
  }

 private:
  friend class IndexSink;
  std::string bytes_;
  std::vector<Entry> entries_;
};

// What every index value starts with.
struct IndexStamp {
  T t = 0;
  uint8_t label_class = 0;     // < 128
  bool is_copy = false;        // the resource is counted where its home is
  std::string_view rest = {};  // of the value, as decoded
};
void put_index_value(std::string& out, const IndexStamp& stamp, std::string_view rest);
Result<IndexStamp> decode_index_stamp(std::string_view value);

// The item an index row speaks of; its type follows from the parameter or, in the timeline, the
// key.
Result<ItemKey> decode_index_item(FamilyNumber family, std::string_view key);

// Values in keys, after the parameter. A resource of this store; what a reference says else; and an
// identifier, without system: the start of all with that value.
void put_reference(std::string& out, const ResourceKey& resource);
void put_reference(std::string& out, std::string_view text);
void put_reference_identifier(std::string& out, std::string_view value,
                              const std::optional<std::string>& system);
// In a key of `ranges` whose parameter is a date.
Result<fhir::DateRange> decode_date_range(std::string_view key);

// The clinical date in a key of `timeline`.
Result<Instant> decode_timeline_date(std::string_view key);

// The start of all postings of a token with this system and code.
std::string token_prefix(fhir::TypeNumber type, std::string_view parameter, std::string_view system,
                         std::string_view code);

}  // namespace continuum::record
