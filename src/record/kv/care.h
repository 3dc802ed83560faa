// Family `care`: who cares for a patient, as the patient's own source tells it
// (docs/storage_format.md sections 2, 3; fhir/care_events.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fhir/care_events.h"
#include "record/kv/row.h"

namespace continuum::record {

struct CareEvent {
  ItemKey item;  // that tells it
  fhir::CareEventKind kind = fhir::CareEventKind::kEpisode;
  fhir::DateRange time;
  // Whom it names; nothing at all: the organisation whose source it is of.
  std::optional<ResourceId> organisation;  // an Organization by an id of this store, be it there
  std::string identifier_system;
  std::string identifier_value;
  bool names_other = false;  // by a reference that leads to no Organization here
  std::string workgroup;
  T t = 0;  // the commit that wrote it
};

// `slot`: tells apart the events of one resource; below fhir::kCareEventsMax.
void put_care_key(std::string& out, SourceNumber source, const ItemKey& item,
                  fhir::CareEventKind kind, uint8_t slot);
std::string care_prefix(SourceNumber source);
std::string care_prefix(SourceNumber source, Ord ord);
// What follows t and label class in the value.
void put_care_rest(std::string& out, const fhir::CareEvent& event);
Result<CareEvent> decode_care(std::string_view key, std::string_view value);
// As it will be read back, from what a resource says.
CareEvent to_care_event(const ItemKey& item, const fhir::CareEvent& event);

Result<ItemKey> decode_care_item(std::string_view key);

}  // namespace continuum::record
