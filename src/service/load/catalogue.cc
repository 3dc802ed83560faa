#include "service/load/catalogue.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/digest.h"
#include "fhir/home.h"
#include "fhir/reference.h"
#include "fhir/search_parameters.h"
#include "http/query.h"
#include "json/writer.h"
#include "service/load/limits.h"

namespace continuum::service {
namespace {

constexpr size_t kCandidatesMax =
    16;  // of a search by identifier: more than one is already too many

tl::unexpected<Error> invalid(std::string message, std::string where, std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{std::move(where), std::move(what)}});
}

std::string criteria_text(const IdentifierCriteria& criteria) {
  return std::string(fhir::type_name(criteria.type)) + "?identifier=" + criteria.system + "|" +
         criteria.value;
}

// The id part of "urn:uuid:..." stays whole; of a URL of a resource the type and id count too.
bool is_url_of(std::string_view full_url, fhir::TypeNumber type, std::string_view id) {
  fhir::ParsedReference parsed = fhir::parse_reference(full_url);
  return parsed.kind == fhir::ReferenceKind::kAbsolute && parsed.type == type && parsed.id == id;
}

Status check_shape(const json::Node& root) {
  const json::Node* meta = root.find("meta");
  if (meta != nullptr && !meta->is_object()) {
    return invalid("meta is not an object", "meta", "expected an object");
  }
  const json::Node* extension = meta == nullptr ? nullptr : meta->find("extension");
  if (extension != nullptr && !extension->is_array()) {
    return invalid("meta.extension is not an array", "meta.extension", "expected an array");
  }
  return {};
}

}  // namespace

std::optional<IdentifierCriteria> parse_identifier_criteria(fhir::TypeNumber type,
                                                            std::string_view query) {
  size_t mark = query.find('?');
  if (mark != std::string_view::npos) {
    query.remove_prefix(mark + 1);
  }
  auto parameters = http::parse_query(query);
  if (!parameters || parameters->size() != 1 || parameters->front().name != "identifier") {
    return std::nullopt;
  }
  const std::string& value = parameters->front().value;
  size_t bar = value.find('|');
  if (bar == std::string::npos || bar == 0 || bar + 1 == value.size() ||
      value.find(',') != std::string::npos) {
    return std::nullopt;
  }
  return IdentifierCriteria{type, value.substr(0, bar), value.substr(bar + 1)};
}

Result<Described> describe(const Entry& entry, const json::Node& root) {
  if (!root.is_object()) {
    return invalid("a resource must be a JSON object", "", "expected an object");
  }
  std::string_view type_text = root.string("resourceType");
  auto type = fhir::type_number(type_text);
  if (!type) {
    return invalid(
        type_text.empty() ? "there is no resourceType" : "resourceType is not a type of FHIR R4",
        "resourceType", "expected the name of an R4 resource type");
  }
  TRY(check_shape(root));
  Described out;
  out.type = *type;
  const json::Node* id = root.find("id");
  if (id != nullptr) {
    if (!id->is_string() || !fhir::is_valid_id(id->text)) {
      return invalid("the resource's id is not a FHIR id", "id",
                     "expected 1 to 64 of A-Z a-z 0-9 - .");
    }
    out.own_id = id->text;
  } else if (!entry.full_url.empty()) {
    fhir::ParsedReference url = fhir::parse_reference(entry.full_url);
    bool names_it = url.kind == fhir::ReferenceKind::kAbsolute && url.type == *type;
    out.own_id = names_it ? std::string(url.id) : entry.full_url;
  } else {
    out.own_id = "sha256:" + to_hex(crypto::view(crypto::sha256(json::write(root))).substr(0, 16));
  }
  if (entry.action == EntryAction::kStore && !entry.target.empty() &&
      entry.target != std::string(type_text) + "/" + out.own_id) {
    return invalid("the entry's PUT url and its resource name different resources", "request.url",
                   "expected the resource's own type and id");
  }
  return out;
}

UnitScan Scanner::scan(const Parts& parts, uint32_t file, uint32_t line) {
  UnitScan out;
  out.occurrences.resize(parts.entries.size());
  for (uint32_t i = 0; i < parts.entries.size(); ++i) {
    const Entry& entry = parts.entries[i];
    Status scanned = scan_entry(entry, i, out);
    if (!scanned) {
      out.occurrences[i].fate = Fate::kRefused;
      std::string type;
      if (document_.root() != nullptr && entry.action == EntryAction::kStore &&
          fhir::type_number(document_.root()->string("resourceType"))) {
        type = document_.root()->string("resourceType");
      }
      out.refusals.push_back({file, line, entry.number, std::move(type), scanned.error()});
    }
  }
  if (parts.atomic && !out.refusals.empty()) {
    std::string because = "entry " + std::to_string(out.refusals.front().entry) +
                          " was refused, and a transaction, message or document is taken whole";
    for (uint32_t i = 0; i < parts.entries.size(); ++i) {
      Occurrence& occurrence = out.occurrences[i];
      if (occurrence.fate == Fate::kStore || occurrence.fate == Fate::kDelete) {
        occurrence.fate = Fate::kRefused;
        out.refusals.push_back({file, line, parts.entries[i].number,
                                std::string(fhir::type_name(occurrence.type)),
                                Error{ErrorCode::kConflict, because}});
      }
    }
    out.aliases.clear();
    out.conditions.clear();
    out.patients.clear();
  }
  return out;
}

Status Scanner::scan_entry(const Entry& entry, uint32_t index, UnitScan& out) {
  Occurrence& occurrence = out.occurrences[index];
  document_.clear();
  if (entry.action == EntryAction::kRefuse) {
    return entry.status;
  }
  if (entry.action == EntryAction::kSkip) {
    return {};
  }
  if (entry.action == EntryAction::kDelete) {
    fhir::ParsedReference target = fhir::parse_reference(entry.target);
    occurrence.type = *target.type;
    occurrence.identity = minter_.hash(source_, *target.type, target.id);
    occurrence.fate = Fate::kDelete;
    return {};
  }
  TRY(document_.parse(entry.resource));
  const json::Node& root = *document_.root();
  TRY(Described described, describe(entry, root));
  occurrence.type = described.type;
  occurrence.identity = minter_.hash(source_, described.type, described.own_id);
  if (const json::Node* meta = root.find("meta")) {
    if (auto updated = parse_fhir_instant(meta->string("lastUpdated"))) {
      occurrence.updated = updated->micros;
    }
  }
  if (!entry.if_none_exist.empty()) {
    auto criteria = parse_identifier_criteria(described.type, entry.if_none_exist);
    if (!criteria) {
      return fail(ErrorCode::kUnsupported,
                  "ifNoneExist is understood only as identifier=system|value");
    }
    out.conditions.push_back({index, std::move(*criteria)});
    occurrence.conditional = true;
  }
  if (described.type == fhir::kPatientType) {
    out.patients.push_back({index, described.own_id});
  }
  occurrence.fate = Fate::kStore;
  add_aliases(entry, root, index, out);
  add_home_hint(root, index, out);
  return {};
}

// Names others may use for this resource: its identity, its fullUrl, its identifiers.
void Scanner::add_aliases(const Entry& entry, const json::Node& root, uint32_t index,
                          UnitScan& out) {
  const Occurrence& occurrence = out.occurrences[index];
  if (!entry.full_url.empty()) {
    std::string_view id = root.string("id");
    out.aliases.push_back({minter_.alias(source_, entry.full_url), index});
    fhir::ParsedReference url = fhir::parse_reference(entry.full_url);
    if (url.kind == fhir::ReferenceKind::kAbsolute &&
        !is_url_of(entry.full_url, occurrence.type, id) && url.type == occurrence.type) {
      out.aliases.push_back({minter_.hash(source_, occurrence.type, url.id), index});
    }
  }
  const json::Node* identifiers = root.find("identifier");
  if (identifiers == nullptr) {
    return;
  }
  auto add = [&](const json::Node& identifier) {
    std::string_view system = identifier.string("system");
    std::string_view value = identifier.string("value");
    if (!system.empty() && !value.empty()) {
      IdentifierCriteria criteria{occurrence.type, std::string(system), std::string(value)};
      out.aliases.push_back({minter_.alias(source_, criteria_text(criteria)), index});
    }
  };
  if (identifiers->is_array()) {
    for (const json::Node& identifier : children(*identifiers)) {
      add(identifier);
    }
  } else {
    add(*identifiers);
  }
}

// SAFETY: only the first candidate counts (fhir/home.h): a later one may name somebody else.
void Scanner::add_home_hint(const json::Node& root, uint32_t index, UnitScan& out) {
  Occurrence& occurrence = out.occurrences[index];
  bool first = true;
  fhir::patient_candidates(occurrence.type, root, [&](std::string_view reference) {
    if (!first) {
      return;
    }
    first = false;
    fhir::ParsedReference parsed = fhir::parse_reference(reference);
    if (parsed.kind == fhir::ReferenceKind::kRelative) {
      occurrence.home_hint = minter_.hash(source_, *parsed.type, parsed.id);
      occurrence.hint_type = *parsed.type;
      occurrence.hint_has_type = true;
      occurrence.has_hint = true;
    } else if (parsed.kind == fhir::ReferenceKind::kUrn ||
               parsed.kind == fhir::ReferenceKind::kAbsolute) {
      occurrence.home_hint = minter_.alias(source_, parsed.text);
      occurrence.has_hint = true;
    } else if (parsed.kind == fhir::ReferenceKind::kConditional) {
      if (auto criteria = parse_identifier_criteria(*parsed.type, parsed.query)) {
        occurrence.home_hint = minter_.alias(source_, criteria_text(*criteria));
        occurrence.has_hint = true;
        out.conditions.push_back({index, std::move(*criteria), true});
      }
    }
  });
}

Catalogue::Catalogue(record::Store& store, record::SourceNumber source, std::string source_name)
    : store_(store),
      source_(source),
      source_name_(std::move(source_name)),
      minter_(store.id_minter()) {}

void Catalogue::add(UnitScan scan, const UnitPlace& place) {
  unit_places_.push_back(place);
  auto start = static_cast<OccurrenceIndex>(occurrences_.size());
  unit_starts_.push_back(start);
  for (Occurrence& occurrence : scan.occurrences) {
    occurrence.leader = static_cast<OccurrenceIndex>(occurrences_.size());
    occurrences_.push_back(occurrence);
    if (occurrence.fate == Fate::kStore) {
      aliases_.push_back({occurrence.identity, occurrence.leader});
    }
  }
  for (const UnitScan::Alias& alias : scan.aliases) {
    aliases_.push_back({alias.hash, start + alias.entry});
  }
  for (UnitScan::Condition& condition : scan.conditions) {
    conditions_.push_back({start + condition.entry, std::move(condition.criteria), condition.home});
  }
  for (UnitScan::PatientId& patient : scan.patients) {
    patient_ids_.emplace(start + patient.entry, std::move(patient.own_id));
  }
  refusals_.insert(refusals_.end(), std::make_move_iterator(scan.refusals.begin()),
                   std::make_move_iterator(scan.refusals.end()));
}

Status Catalogue::finish() {
  std::sort(aliases_.begin(), aliases_.end());
  find_repeats();
  auto view = store_.view();
  TRY(find_known(*view));
  TRY(meet_conditions(*view));
  return find_homes(*view);
}

// Occurrences of one identity stand together among the sorted aliases; the first leads.
void Catalogue::find_repeats() {
  for (size_t i = 0; i < aliases_.size(); ++i) {
    Occurrence& occurrence = occurrences_[aliases_[i].index];
    if (aliases_[i].hash != occurrence.identity || occurrence.leader != aliases_[i].index) {
      continue;
    }
    for (size_t j = i + 1; j < aliases_.size() && aliases_[j].hash == aliases_[i].hash; ++j) {
      Occurrence& other = occurrences_[aliases_[j].index];
      if (other.identity == occurrence.identity && aliases_[j].index != aliases_[i].index) {
        other.leader = aliases_[i].index;
        other.repeated = true;
        occurrence.repeated = true;
      }
    }
  }
  for (Occurrence& occurrence : occurrences_) {
    if (occurrence.fate != Fate::kDelete) {
      continue;
    }
    occurrence.repeated = true;
    if (auto leader = find(occurrence.identity)) {
      occurrence.leader = *leader;
      occurrences_[*leader].repeated = true;
    }
  }
}

// Ids already given stay: a resource keeps the bucket it was first stored under.
Status Catalogue::find_known(const record::View& view) {
  if (view.stable_t() == 0) {
    return {};
  }
  for (OccurrenceIndex i = 0; i < occurrences_.size(); ++i) {
    Occurrence& occurrence = occurrences_[i];
    bool relevant = occurrence.fate == Fate::kStore || occurrence.fate == Fate::kDelete;
    if (!relevant || occurrence.leader != i) {
      continue;
    }
    TRY(auto located, view.find(occurrence.type, occurrence.identity));
    if (located) {
      occurrence.id_bucket = located->id_bucket;
      occurrence.known = true;
    }
  }
  return {};
}

std::optional<OccurrenceIndex> Catalogue::find(const record::IdHash& hash) const {
  auto at = std::lower_bound(aliases_.begin(), aliases_.end(), Alias{hash, 0});
  std::optional<OccurrenceIndex> found;
  for (; at != aliases_.end() && at->hash == hash; ++at) {
    const Occurrence& occurrence = occurrences_[at->index];
    if (occurrence.fate == Fate::kRefused ||
        occurrences_[occurrence.leader].fate == Fate::kRefused) {
      continue;
    }
    if (found && *found != occurrence.leader) {
      return std::nullopt;
    }
    found = occurrence.leader;
  }
  return found;
}

record::IdHash Catalogue::criteria_alias(const IdentifierCriteria& criteria,
                                         record::IdMinter& minter) const {
  return minter.alias(source_name_, criteria_text(criteria));
}

// Resources of this source in the store with that identifier.
Result<std::vector<Target>> Catalogue::search_store(const IdentifierCriteria& criteria,
                                                    const record::View& view) const {
  std::vector<Target> found;
  if (view.stable_t() == 0 || !fhir::parameter_number(criteria.type, "identifier")) {
    return found;
  }
  TRY(auto items, view.find_token(criteria.type, "identifier", criteria.system, criteria.value,
                                  kCandidatesMax));
  for (const record::ItemKey& item : items) {
    TRY(auto stored, view.read(item));
    if (stored.row.header.source != source_) {
      continue;
    }
    std::string body;
    TRY(view.open_canonical(stored, body));
    json::Document document;
    TRY(document.parse(body));
    auto id = record::ResourceId::parse(document.root()->string("id"));
    if (!id) {
      return fail(ErrorCode::kCorrupt, "a stored resource has no regional id");
    }
    found.push_back({criteria.type, *id});
  }
  return found;
}

Status Catalogue::meet_conditions(const record::View& view) {
  for (const Condition& condition : conditions_) {
    if (condition.home) {
      home_conditions_[condition.index] = &condition;
    } else if (occurrences_[condition.index].fate == Fate::kStore) {
      TRY(meet_condition(condition, view));
    }
  }
  return {};
}

// ifNoneExist: what is in the store, then what this load brings unconditionally, then the first
// entry that asks; all others become names for it. Several matches are refused, as FHIR has it.
Status Catalogue::meet_condition(const Condition& condition, const record::View& view) {
  Occurrence& self = occurrences_[condition.index];
  TRY(auto stored, search_store(condition.criteria, view));
  record::IdHash alias = criteria_alias(condition.criteria, minter_);
  std::vector<OccurrenceIndex> plain;
  std::optional<OccurrenceIndex> first;
  auto at = std::lower_bound(aliases_.begin(), aliases_.end(), Alias{alias, 0});
  for (; at != aliases_.end() && at->hash == alias; ++at) {
    const Occurrence& other = occurrences_[at->index];
    if (other.fate != Fate::kStore) {
      continue;
    }
    if (!other.conditional && std::find(plain.begin(), plain.end(), other.leader) == plain.end()) {
      plain.push_back(other.leader);
    } else if (other.conditional && !first) {
      first = at->index;
    }
  }
  std::erase_if(plain, [&](OccurrenceIndex i) {
    return std::any_of(stored.begin(), stored.end(), [&](const Target& target) {
      return target.id.hash == occurrences_[i].identity;
    });
  });
  if (stored.size() + plain.size() > 1) {
    refuse(condition.index,
           {ErrorCode::kPreconditionFailed, "ifNoneExist finds more than one resource"});
    return {};
  }
  if (!stored.empty()) {
    if (stored.front().id.hash != self.identity) {
      self.fate = Fate::kSame;
      self.identity = stored.front().id.hash;
      self.id_bucket = stored.front().id.bucket;
      self.known = true;
      self.leader = condition.index;
    }
    return {};
  }
  OccurrenceIndex target = !plain.empty() ? plain.front() : first.value_or(condition.index);
  if (target != condition.index && occurrences_[target].leader != self.leader) {
    self.fate = Fate::kSame;
    self.leader = occurrences_[target].leader;
  }
  return {};
}

void Catalogue::refuse(OccurrenceIndex index, const Error& error) {
  auto after = std::upper_bound(unit_starts_.begin(), unit_starts_.end(), index);
  auto unit = static_cast<size_t>(after - unit_starts_.begin()) - 1;
  refuse_one(index, unit, error);
  if (!unit_places_[unit].atomic) {
    return;
  }
  auto end =
      after == unit_starts_.end() ? static_cast<OccurrenceIndex>(occurrences_.size()) : *after;
  Error because{ErrorCode::kConflict,
                "another entry was refused, and a transaction, message or document is taken whole"};
  for (OccurrenceIndex i = unit_starts_[unit]; i < end; ++i) {
    Fate fate = occurrences_[i].fate;
    if (fate != Fate::kRefused && fate != Fate::kSkip) {
      refuse_one(i, unit, because);
    }
  }
}

void Catalogue::refuse_one(OccurrenceIndex index, size_t unit, const Error& error) {
  const UnitPlace& place = unit_places_[unit];
  Occurrence& occurrence = occurrences_[index];
  occurrence.fate = Fate::kRefused;
  refusals_.push_back({place.file, place.line, index - unit_starts_[unit] + place.first_entry,
                       std::string(fhir::type_name(occurrence.type)), error});
}

Status Catalogue::find_homes(const record::View& view) {
  for (OccurrenceIndex i = 0; i < occurrences_.size(); ++i) {
    Occurrence& occurrence = occurrences_[i];
    bool stored_here = occurrence.fate == Fate::kStore || occurrence.fate == Fate::kDelete;
    if (!stored_here || occurrence.leader != i) {
      continue;
    }
    TRY(occurrence.home, place(i, view, 0));
    if (!occurrence.known) {
      occurrence.id_bucket = occurrence.home.bucket();
    }
  }
  return {};
}

Result<record::Ord> Catalogue::place(OccurrenceIndex index, const record::View& view,
                                     size_t depth) {
  Occurrence& occurrence = occurrences_[index];
  if (occurrence.placed) {
    return occurrence.home;
  }
  record::Ord home = record::Ord::quarantine(source_);
  if (occurrence.fate == Fate::kDelete) {
    TRY(auto located, view.find(occurrence.type, occurrence.identity));
    home = located ? located->key.ord : home;
  } else if (occurrence.type == fhir::kPatientType) {
    auto own_id = patient_ids_.find(index);
    CHECK(own_id != patient_ids_.end());
    TRY(home, store_.place_patient(source_, occurrence.identity, own_id->second));
  } else if (fhir::is_shared_type(occurrence.type)) {
    home = record::Ord::shared();
  } else if (occurrence.has_hint && depth < kHomeDepthMax) {
    TRY(home, place_by_hint(index, view, depth));
  }
  occurrence.home = home;
  occurrence.placed = true;
  return home;
}

Result<record::Ord> Catalogue::place_by_hint(OccurrenceIndex index, const record::View& view,
                                             size_t depth) {
  record::Ord quarantine = record::Ord::quarantine(source_);
  const Occurrence& occurrence = occurrences_[index];
  record::Ord home = quarantine;
  if (auto leader = find(occurrence.home_hint)) {
    const Occurrence& target = occurrences_[*leader];
    if (target.fate == Fate::kSame) {
      TRY(auto located, view.find(target.type, target.identity));
      home = located ? located->key.ord : quarantine;
    } else if (*leader != index) {
      TRY(home, place(*leader, view, depth + 1));
    }
  } else if (occurrence.hint_has_type) {
    TRY(auto located, view.find(occurrence.hint_type, occurrence.home_hint));
    home = located ? located->key.ord : quarantine;
  } else if (auto condition = home_conditions_.find(index); condition != home_conditions_.end()) {
    TRY(auto stored, search_store(condition->second->criteria, view));
    if (stored.size() == 1) {
      TRY(auto located, view.find(stored.front().type, stored.front().id.hash));
      home = located ? located->key.ord : quarantine;
    }
  }
  return home.is_patient() ? home : quarantine;
}

record::ResourceId Catalogue::id_of(OccurrenceIndex index) const {
  const Occurrence& leader = occurrences_[occurrences_[index].leader];
  return {leader.id_bucket, leader.identity};
}

record::Ord Catalogue::home_of(OccurrenceIndex index) const {
  return occurrences_[occurrences_[index].leader].home;
}

Result<std::optional<Target>> Catalogue::resolve(std::string_view reference,
                                                 record::IdMinter& minter,
                                                 const record::View& view) const {
  fhir::ParsedReference parsed = fhir::parse_reference(reference);
  std::optional<IdentifierCriteria> criteria;
  record::IdHash hash{};
  if (parsed.kind == fhir::ReferenceKind::kRelative && parsed.version.empty()) {
    hash = minter.hash(source_name_, *parsed.type, parsed.id);
  } else if (parsed.kind == fhir::ReferenceKind::kUrn ||
             (parsed.kind == fhir::ReferenceKind::kAbsolute && parsed.version.empty())) {
    hash = minter.alias(source_name_, parsed.text);
  } else if (parsed.kind == fhir::ReferenceKind::kConditional) {
    criteria = parse_identifier_criteria(*parsed.type, parsed.query);
    if (!criteria) {
      return std::optional<Target>();
    }
    hash = criteria_alias(*criteria, minter);
  } else {
    return std::optional<Target>();
  }
  if (auto leader = find(hash)) {
    return std::optional<Target>({occurrences_[*leader].type, id_of(*leader)});
  }
  if (parsed.kind == fhir::ReferenceKind::kRelative) {
    TRY(auto located, view.find(*parsed.type, hash));
    if (located && located->source == source_) {
      return std::optional<Target>({*parsed.type, {located->id_bucket, hash}});
    }
  } else if (criteria) {
    TRY(auto stored, search_store(*criteria, view));
    if (stored.size() == 1) {
      return std::optional<Target>(stored.front());
    }
  }
  return std::optional<Target>();
}

}  // namespace continuum::service
