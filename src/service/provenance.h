// Who wrote a version of a resource, when, and for whom: a Provenance that is made on reading, of
// the row of that version (docs/adr/0019-provenance-is-made-on-reading.md). It is as durable as the
// version, is there for each, and takes no room.
//
// Its id names the version: the number of the type, the resource's regional id (which what has an
// id of a client's has too, besides), the version, with dots. May be seen by who may see the
// version, and a Provenance in its place. What feeds brought names the source's system and
// organisation; what staff wrote, the author that the resource names; a citizen, the Patient it is
// about.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "service/answer.h"
#include "service/context.h"

namespace continuum::service {

// Of which version; the text of an id, and back. Nothing when it is no such id.
struct ProvenanceId {
  fhir::TypeNumber type = 0;
  record::ResourceId target;  // regional
  uint32_t version = 0;

  std::string text() const;
  static std::optional<ProvenanceId> parse(std::string_view text);
};

fhir::TypeNumber provenance_type();

// Makes those of one answer.
class Provenances {
 public:
  explicit Provenances(const Context& context) : context_(context) {}

  // What comes from that source was written by staff or a citizen, in their own name.
  Result<bool> is_authors(record::SourceNumber source);
  // Of a version that the caller may see; noted as told. Nothing when they may see no Provenance
  // there, or when it is of what belongs to no patient. `target`: the resource's id.
  struct Made {
    std::string id;
    std::string body;
  };
  Result<std::optional<Made>> make(const record::StoredItem& item, std::string_view target);

 private:
  Result<std::string> source_name(record::SourceNumber source);
  Result<std::string> id_of(const record::StoredItem& item, std::string_view target);
  Result<std::string> agent_of(const record::StoredItem& item);
  Result<std::string> staff_of(const record::StoredItem& item);
  Result<std::string_view> activity_of(const record::StoredItem& item) const;

  const Context& context_;
  std::map<record::SourceNumber, std::string> names_;  // once looked up
  // PERF: items of a record come in runs of one source.
  std::optional<std::pair<record::SourceNumber, bool>> last_;
};

// One by its id, as JSON. kNotFound as for any resource that is not there.
Result<Answer> read_provenance(const Context& context, const ProvenanceId& id);

}  // namespace continuum::service
