#include "record/kv/care.h"

#include "base/bytes.h"
#include "fhir/reference.h"
#include "record/kv/index.h"
#include "record/kv/values.h"

namespace continuum::record {
namespace {

constexpr uint8_t kNamesNobody = 0;
constexpr uint8_t kNamesResource = 1;
constexpr uint8_t kNamesOther = 2;
constexpr uint8_t kNamesGiven = 3;

std::optional<ResourceId> organisation_of(std::string_view reference) {
  fhir::ParsedReference parsed = fhir::parse_reference(reference);
  bool is_organisation = parsed.kind == fhir::ReferenceKind::kRelative &&
                         fhir::type_name(*parsed.type) == "Organization";
  return is_organisation ? ResourceId::named(parsed.id) : std::nullopt;
}

struct Place {
  SourceNumber source = 0;
  ItemKey item;
  uint8_t kind = 0;
};

Result<Place> take_key(std::string_view key) {
  ByteReader reader(key);
  Place place;
  TRY(place.source, reader.u16());
  TRY(uint64_t ord, reader.u48());
  place.item.ord = Ord::from_value(ord);
  TRY(place.kind, reader.u8());
  TRY(place.item.type, reader.u8());
  TRY(place.item.item, reader.u32());
  TRY(uint8_t slot, reader.u8());
  if (!reader.empty() || place.item.type >= fhir::type_count() || slot >= fhir::kCareEventsMax ||
      place.kind < static_cast<uint8_t>(fhir::CareEventKind::kGeneralPractitioner) ||
      place.kind > static_cast<uint8_t>(fhir::CareEventKind::kCareTeam)) {
    return fail(ErrorCode::kCorrupt, "a care key has the wrong shape");
  }
  return place;
}

}  // namespace

void put_care_key(std::string& out, SourceNumber source, const ItemKey& item,
                  fhir::CareEventKind kind, uint8_t slot) {
  put_u16(out, source);
  put_ord(out, item.ord);
  put_u8(out, static_cast<uint8_t>(kind));
  put_u8(out, item.type);
  put_u32(out, item.item);
  put_u8(out, slot);
}

std::string care_prefix(SourceNumber source) {
  std::string key;
  put_u16(key, source);
  return key;
}

std::string care_prefix(SourceNumber source, Ord ord) {
  std::string key = care_prefix(source);
  put_ord(key, ord);
  return key;
}

void put_care_rest(std::string& out, const fhir::CareEvent& event) {
  put_instant(out, event.time.low);
  put_instant(out, event.time.high);
  auto organisation = organisation_of(event.organisation);
  const bool is_given = organisation && !organisation->given.empty();
  put_u8(out, is_given                      ? kNamesGiven
              : organisation                ? kNamesResource
              : !event.organisation.empty() ? kNamesOther
                                            : kNamesNobody);
  if (is_given) {
    put_term(out, organisation->given);
  } else if (organisation) {
    out.append(view(organisation->hash));
    put_u16(out, organisation->bucket);
  }
  put_term(out, event.identifier_system);
  put_term(out, event.identifier_value);
  put_term(out, event.workgroup);
}

Result<CareEvent> decode_care(std::string_view key, std::string_view value) {
  TRY(Place place, take_key(key));
  CareEvent event;
  event.item = place.item;
  event.kind = static_cast<fhir::CareEventKind>(place.kind);
  ByteReader reader(value);
  TRY(event.t, reader.varint());
  TRY(uint8_t classes, reader.u8());
  static_cast<void>(classes);
  TRY(event.time.low, take_instant(reader));
  TRY(event.time.high, take_instant(reader));
  TRY(uint8_t names, reader.u8());
  if (names > kNamesGiven) {
    return fail(ErrorCode::kCorrupt, "a care row names its organisation in an unknown way");
  }
  event.names_other = names == kNamesOther;
  if (names == kNamesResource) {
    ResourceId id;
    TRY(auto hash, reader.take(id.hash.size()));
    std::copy(hash.begin(), hash.end(), id.hash.begin());
    TRY(id.bucket, reader.u16());
    event.organisation = id;
  }
  if (names == kNamesGiven) {
    TRY(Term given, take_term(reader));
    event.organisation = ResourceId();
    event.organisation->given = std::move(given.text);
  }
  TRY(Term system, take_term(reader));
  TRY(Term identifier, take_term(reader));
  TRY(Term workgroup, take_term(reader));
  if (!reader.empty()) {
    return fail(ErrorCode::kCorrupt, "a care row has the wrong shape");
  }
  event.identifier_system = std::move(system.text);
  event.identifier_value = std::move(identifier.text);
  event.workgroup = std::move(workgroup.text);
  return event;
}

CareEvent to_care_event(const ItemKey& item, const fhir::CareEvent& event) {
  CareEvent out;
  out.item = item;
  out.kind = event.kind;
  out.time = event.time;
  out.organisation = organisation_of(event.organisation);
  out.names_other = !event.organisation.empty() && !out.organisation;
  out.identifier_system = event.identifier_system;
  out.identifier_value = event.identifier_value;
  out.workgroup = event.workgroup;
  return out;
}

Result<ItemKey> decode_care_item(std::string_view key) {
  TRY(Place place, take_key(key));
  return place.item;
}

}  // namespace continuum::record
