#include "service/load/catalogue.h"

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "base/bytes.h"
#include "base/check.h"
#include "crypto/digest.h"
#include "fhir/home.h"
#include "fhir/reference.h"
#include "fhir/search_parameters.h"
#include "http/query.h"
#include "json/writer.h"
#include "record/limits.h"
#include "service/load/limits.h"

namespace continuum::service {
namespace {

// A regional reference, "Type/<regional id>", is at most this long.
constexpr size_t kReferenceBytesMax = 64;
// What canonical form adds besides: id, and meta with the source.
constexpr size_t kCanonicalExtraMax = 1024;

tl::unexpected<Error> invalid(std::string message, std::string where, std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{std::move(where), std::move(what)}});
}

std::string criteria_text(const IdentifierCriteria& criteria) {
  return std::string(fhir::type_name(criteria.type)) + "?identifier=" + criteria.system + "|" +
         criteria.value;
}

// "urn:uuid:1-2" names the resource that elsewhere has the id 1-2. Any other fullUrl is a name as a
// whole: the id at the end of a URL counts on that server only, and ours may be another person's.
std::string_view id_in_url(std::string_view full_url) {
  fhir::ParsedReference url = fhir::parse_reference(full_url);
  bool is_uuid = url.kind == fhir::ReferenceKind::kUrn && full_url.starts_with("urn:uuid:");
  return is_uuid && fhir::is_valid_id(url.id) ? url.id : full_url;
}

size_t count_of(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// Whether the canonical form might be over the limit, whatever its references become. Said here,
// where a whole unit can still be refused.
bool is_too_large(std::string_view text, const json::Node& root) {
  if (text.size() < record::kBodyBytesMax / 4) {
    return false;
  }
  std::string compact = json::write(root);
  size_t references = count_of(compact, "\"reference\":") + count_of(compact, "\"url\":");
  return compact.size() + references * kReferenceBytesMax + kCanonicalExtraMax >
         record::kBodyBytesMax;
}

// Without "/_history/version".
std::string_view without_version(const fhir::ParsedReference& reference) {
  constexpr std::string_view kHistory = "/_history/";
  return reference.version.empty()
             ? reference.text
             : reference.text.substr(
                   0, reference.text.size() - reference.version.size() - kHistory.size());
}

std::optional<int64_t> micros_of(std::string_view instant) {
  auto parsed = parse_fhir_instant(instant);
  return parsed ? std::optional<int64_t>(parsed->micros) : std::nullopt;
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
    out.own_id = id_in_url(entry.full_url);
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

uint64_t Scanner::content_of(const Entry& entry) {
  uint64_t action = static_cast<uint64_t>(entry.action);
  return std::hash<std::string_view>{}(entry.resource) + action;
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
    out.more_hints.clear();
    out.several.clear();
    out.patients.clear();
  }
  return out;
}

Status Scanner::scan_entry(const Entry& entry, uint32_t index, UnitScan& out) {
  Occurrence& occurrence = out.occurrences[index];
  occurrence.content = content_of(entry);
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
    occurrence.updated = micros_of(entry.last_modified).value_or(INT64_MIN);
    occurrence.fate = Fate::kDelete;
    return {};
  }
  TRY(document_.parse(entry.resource));
  const json::Node& root = *document_.root();
  TRY(Described described, describe(entry, root));
  occurrence.type = described.type;
  occurrence.identity = minter_.hash(source_, described.type, described.own_id);
  if (is_too_large(entry.resource, root)) {
    return fail(ErrorCode::kTooLarge,
                "the resource is larger than " + std::to_string(record::kBodyBytesMax) + " bytes");
  }
  const json::Node* meta = root.find("meta");
  auto updated = meta == nullptr ? std::nullopt : micros_of(meta->string("lastUpdated"));
  updated = updated ? updated : micros_of(entry.last_modified);
  occurrence.updated = updated.value_or(INT64_MIN);
  if (!entry.if_none_exist.empty()) {
    auto criteria = parse_identifier_criteria(described.type, entry.if_none_exist);
    if (!criteria) {
      return fail(ErrorCode::kUnsupported,
                  "ifNoneExist is understood only as identifier=system|value");
    }
    out.aliases.push_back({minter_.alias(source_, criteria_text(*criteria)), index});
    out.conditions.push_back({index, std::move(*criteria)});
    occurrence.conditional = true;
  }
  if (described.type == fhir::kPatientType) {
    out.patients.push_back({index, described.own_id, identity::person_facts(root)});
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
    out.aliases.push_back({minter_.alias(source_, entry.full_url), index});
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

// SAFETY: only the first candidate counts (fhir/home.h): a later one may name somebody else. But a
// URN doesn't say what it names: when that turns out to be for everyone, the next one counts.
void Scanner::add_home_hint(const json::Node& root, uint32_t index, UnitScan& out) {
  Occurrence& occurrence = out.occurrences[index];
  bool decided = false;
  std::string_view first;
  bool has_several = false;
  fhir::patient_candidates(occurrence.type, root, [&](std::string_view reference) {
    bool is_first = !occurrence.names_somebody;
    occurrence.names_somebody = true;
    first = is_first ? reference : first;
    has_several = has_several || reference != first;
    fhir::ParsedReference parsed = fhir::parse_reference(reference);
    if (decided) {
      return;
    }
    decided = parsed.kind != fhir::ReferenceKind::kUrn;
    std::optional<HomeHint> hint = home_hint(parsed);
    if (parsed.kind == fhir::ReferenceKind::kConditional) {
      auto criteria = parse_identifier_criteria(*parsed.type, parsed.query);
      if (is_first && criteria) {
        hint = HomeHint{minter_.alias(source_, criteria_text(*criteria))};
        out.conditions.push_back({index, std::move(*criteria), true});
      }
    }
    if (hint && is_first) {
      occurrence.home_hint = *hint;
      occurrence.has_hint = true;
    } else if (hint && occurrence.has_hint) {
      out.more_hints.push_back({index, *hint});
    }
  });
  if (has_several) {
    add_several(root, index, out);
  }
}

void Scanner::add_several(const json::Node& root, uint32_t index, UnitScan& out) {
  std::unordered_set<std::string> texts;
  UnitScan::Several several{index, {}};
  fhir::patient_candidates(out.occurrences[index].type, root, [&](std::string_view reference) {
    fhir::ParsedReference parsed = fhir::parse_reference(reference);
    bool may_be_patient = !parsed.type || *parsed.type == fhir::kPatientType;
    if (!may_be_patient || !texts.emplace(reference).second) {
      return;
    }
    auto criteria = parsed.kind == fhir::ReferenceKind::kConditional
                        ? parse_identifier_criteria(fhir::kPatientType, parsed.query)
                        : std::nullopt;
    auto hint =
        criteria ? HomeHint{minter_.alias(source_, criteria_text(*criteria))} : home_hint(parsed);
    if (hint) {
      several.names.push_back(*hint);
    }
  });
  if (several.names.size() > 1) {
    out.several.push_back(std::move(several));
  }
}

std::optional<HomeHint> Scanner::home_hint(const fhir::ParsedReference& reference) {
  switch (reference.kind) {
    case fhir::ReferenceKind::kRelative:
      return HomeHint{minter_.hash(source_, *reference.type, reference.id), *reference.type, true};
    case fhir::ReferenceKind::kUrn:
    case fhir::ReferenceKind::kAbsolute:
      return HomeHint{minter_.alias(source_, without_version(reference))};
    default:
      return std::nullopt;
  }
}

Catalogue::Catalogue(record::Store& store, record::SourceNumber source, std::string source_name,
                     unsigned threads)
    : store_(store),
      source_(source),
      source_name_(std::move(source_name)),
      threads_(std::max(1U, threads)),
      minter_(store.id_minter()) {}

void Catalogue::add(UnitScan scan, const UnitPlace& place) {
  unit_places_.push_back(place);
  auto start = static_cast<OccurrenceIndex>(occurrences_.size());
  unit_starts_.push_back(start);
  for (Occurrence& occurrence : scan.occurrences) {
    occurrence.leader = static_cast<OccurrenceIndex>(occurrences_.size());
    occurrences_.push_back(occurrence);
    if (occurrence.fate == Fate::kStore || occurrence.fate == Fate::kDelete) {
      aliases_.push_back({occurrence.identity, occurrence.leader});
    }
  }
  for (const UnitScan::Alias& alias : scan.aliases) {
    aliases_.push_back({alias.hash, start + alias.entry});
  }
  for (UnitScan::Condition& condition : scan.conditions) {
    conditions_.push_back({start + condition.entry, std::move(condition.criteria), condition.home});
  }
  for (const UnitScan::MoreHint& more : scan.more_hints) {
    more_hints_[start + more.entry].push_back(more.hint);
  }
  for (UnitScan::Several& several : scan.several) {
    several_.emplace(start + several.entry, std::move(several.names));
  }
  for (UnitScan::PatientId& patient : scan.patients) {
    patients_.emplace(start + patient.entry,
                      Patient{std::move(patient.own_id), std::move(patient.facts)});
  }
  refusals_.insert(refusals_.end(), std::make_move_iterator(scan.refusals.begin()),
                   std::make_move_iterator(scan.refusals.end()));
}

Status Catalogue::finish() {
  std::sort(aliases_.begin(), aliases_.end());
  for (const Condition& condition : conditions_) {
    if (condition.home) {
      home_conditions_[condition.index] = &condition;
    }
  }
  auto view = store_.view();
  // Each round but the last refuses something, so the rounds end.
  bool again = true;
  while (again) {
    start_round();
    TRY(again, settle(*view));
  }
  return {};
}

void Catalogue::start_round() {
  same_in_store_.clear();
  versions_.clear();
  for (OccurrenceIndex i = 0; i < occurrences_.size(); ++i) {
    Occurrence& occurrence = occurrences_[i];
    occurrence.leader = i;
    occurrence.repeated = false;
    occurrence.uniform = false;
    occurrence.placed = false;
    occurrence.borrowed_home.reset();
    if (occurrence.fate == Fate::kSame) {
      occurrence.fate = Fate::kStore;
    }
  }
}

// Refusing one entry may refuse its unit, and with that what others were found to be the same as,
// or to belong to: then all is settled anew without it.
Result<bool> Catalogue::settle(const record::View& view) {
  TRY(bool ambiguous, refuse_ambiguous(view));
  if (ambiguous) {
    return true;
  }
  TRY(meet_conditions(view));
  elect_leaders();
  TRY(find_known(view));
  TRY(bool other_people, refuse_other_people(view));
  if (other_people) {
    return true;
  }
  TRY(find_homes(view));
  return refuse_moved(view);
}

// Occurrences of one identity stand together among the sorted aliases.
void Catalogue::elect_leaders() {
  for (size_t begin = 0; begin < aliases_.size();) {
    size_t end = begin + 1;
    while (end < aliases_.size() && aliases_[end].hash == aliases_[begin].hash) {
      ++end;
    }
    if (end - begin > 1) {
      elect_leader(begin, end);
    }
    begin = end;
  }
  for (OccurrenceIndex i = 0; i < occurrences_.size(); ++i) {
    Occurrence& occurrence = occurrences_[i];
    if (occurrence.fate == Fate::kSame) {
      occurrence.leader = occurrences_[occurrence.leader].leader;
    }
  }
}

// Of the aliases [begin, end), which are equal: the first that stores leads, else the first that
// deletes.
void Catalogue::elect_leader(size_t begin, size_t end) {
  std::optional<OccurrenceIndex> leader;
  bool repeated = false;
  bool uniform = true;
  auto is_of_identity = [&](size_t i) {
    const Occurrence& occurrence = occurrences_[aliases_[i].index];
    return occurrence.identity == aliases_[i].hash &&
           (occurrence.fate == Fate::kStore || occurrence.fate == Fate::kDelete);
  };
  for (size_t i = begin; i < end; ++i) {
    if (is_of_identity(i) && (!leader || (occurrences_[*leader].fate == Fate::kDelete &&
                                          occurrences_[aliases_[i].index].fate == Fate::kStore))) {
      leader = aliases_[i].index;
    }
  }
  for (size_t i = begin; i < end; ++i) {
    if (is_of_identity(i) && aliases_[i].index != *leader) {
      const Occurrence& other = occurrences_[aliases_[i].index];
      repeated = true;
      uniform =
          uniform && other.fate == Fate::kStore && other.content == occurrences_[*leader].content;
    }
  }
  for (size_t i = begin; repeated && i < end; ++i) {
    if (is_of_identity(i)) {
      Occurrence& occurrence = occurrences_[aliases_[i].index];
      occurrence.leader = *leader;
      occurrence.repeated = true;
      occurrence.uniform = uniform;
      if (!uniform && aliases_[i].index != *leader && occurrence.fate == Fate::kStore) {
        versions_[*leader].push_back(aliases_[i].index);
      }
    }
  }
}

// Ids already given stay: a resource keeps the bucket it was first stored under.
Status Catalogue::find_known(const record::View& view) {
  if (view.stable_t() == 0) {
    return {};
  }
  std::vector<Status> results(threads_);
  auto run = [&](size_t part) {
    results[part] = find_known(view, {index_at(part), index_at(part + 1)});
  };
  std::vector<std::thread> others;
  for (size_t part = 1; part < threads_; ++part) {
    others.emplace_back(run, part);
  }
  run(0);
  for (std::thread& other : others) {
    other.join();
  }
  for (const Status& result : results) {
    TRY(result);
  }
  return {};
}

// Where the part of each thread begins.
OccurrenceIndex Catalogue::index_at(size_t part) const {
  return static_cast<OccurrenceIndex>(occurrences_.size() * part / threads_);
}

Status Catalogue::find_known(const record::View& view, Scope scope) {
  for (OccurrenceIndex i = scope.begin; i < scope.end; ++i) {
    Occurrence& occurrence = occurrences_[i];
    bool relevant = occurrence.fate == Fate::kStore || occurrence.fate == Fate::kDelete;
    if (!relevant || occurrence.leader != i) {
      continue;
    }
    TRY(auto located, view.find(occurrence.type, occurrence.identity));
    if (located) {
      occurrence.id_bucket = located->id_bucket;
      occurrence.known_home = located->key.ord;
      occurrence.known = true;
    }
  }
  return {};
}

// SAFETY: a unit's own names come first: senders number their resources anew in each Bundle.
Catalogue::Found Catalogue::find(const record::IdHash& hash, Scope preferred) const {
  Found own;
  Found any;
  auto note = [](Found& found, OccurrenceIndex leader) {
    found.several = found.several || (found.leader && *found.leader != leader);
    found.leader = leader;
  };
  auto at = std::lower_bound(aliases_.begin(), aliases_.end(), Alias{hash, 0});
  for (; at != aliases_.end() && at->hash == hash; ++at) {
    const Occurrence& occurrence = occurrences_[at->index];
    if (occurrence.fate != Fate::kStore && occurrence.fate != Fate::kSame) {
      continue;
    }
    note(any, occurrence.leader);
    if (at->index >= preferred.begin && at->index < preferred.end) {
      note(own, occurrence.leader);
    }
  }
  Found& found = own.leader ? own : any;
  if (found.several) {
    found.leader.reset();
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

// Several matches are refused, as FHIR has it.
Result<bool> Catalogue::refuse_ambiguous(const record::View& view) {
  std::vector<OccurrenceIndex> ambiguous;
  for (const Condition& condition : conditions_) {
    if (condition.home || occurrences_[condition.index].fate != Fate::kStore) {
      continue;
    }
    TRY(Matches found, matches(condition, view));
    if (found.count() > 1) {
      ambiguous.push_back(condition.index);
    }
  }
  for (OccurrenceIndex index : ambiguous) {
    if (occurrences_[index].fate == Fate::kStore) {
      refuse(index, {ErrorCode::kPreconditionFailed, "ifNoneExist finds more than one resource"});
    }
  }
  return !ambiguous.empty();
}

// ifNoneExist: what is in the store, else what this load brings unconditionally, else the first
// entry that asks; all others become names for it.
Status Catalogue::meet_conditions(const record::View& view) {
  for (const Condition& condition : conditions_) {
    Occurrence& self = occurrences_[condition.index];
    if (condition.home || self.fate != Fate::kStore) {
      continue;
    }
    TRY(Matches found, matches(condition, view));
    OccurrenceIndex target = !found.plain.empty() ? found.plain.front() : *found.first;
    if (!found.stored.empty()) {
      self.fate = Fate::kSame;
      same_in_store_[condition.index] = found.stored.front();
    } else if (target != condition.index) {
      self.fate = Fate::kSame;
      self.leader = target;
    }
  }
  return {};
}

Result<Catalogue::Matches> Catalogue::matches(const Condition& condition,
                                              const record::View& view) {
  Matches out;
  auto [searched, is_new] = searched_.try_emplace(criteria_text(condition.criteria));
  if (is_new) {
    TRY(searched->second, search_store(condition.criteria, view));
  }
  out.stored = searched->second;
  record::IdHash alias = criteria_alias(condition.criteria, minter_);
  auto at = std::lower_bound(aliases_.begin(), aliases_.end(), Alias{alias, 0});
  for (; at != aliases_.end() && at->hash == alias; ++at) {
    const Occurrence& other = occurrences_[at->index];
    if (other.fate != Fate::kStore) {
      continue;
    }
    if (other.conditional) {
      out.first = out.first ? out.first : at->index;
      continue;
    }
    bool known = std::any_of(out.plain.begin(), out.plain.end(), [&](OccurrenceIndex i) {
      return occurrences_[i].identity == other.identity;
    });
    if (!known) {
      out.plain.push_back(at->index);
    }
  }
  CHECK(out.first.has_value());  // the entry that asks has its criteria as a name
  // Of what this load brings anew, only the new content counts.
  std::erase_if(out.stored, [&](const Target& target) { return is_brought(target.id.hash); });
  return out;
}

// Whether this load stores that resource without condition.
bool Catalogue::is_brought(const record::IdHash& identity) const {
  auto at = std::lower_bound(aliases_.begin(), aliases_.end(), Alias{identity, 0});
  for (; at != aliases_.end() && at->hash == identity; ++at) {
    const Occurrence& other = occurrences_[at->index];
    if (other.identity == identity && other.fate == Fate::kStore && !other.conditional) {
      return true;
    }
  }
  return false;
}

uint32_t Catalogue::unit_of(OccurrenceIndex index) const {
  auto after = std::upper_bound(unit_starts_.begin(), unit_starts_.end(), index);
  return static_cast<uint32_t>(after - unit_starts_.begin()) - 1;
}

Catalogue::Scope Catalogue::scope_of_unit(uint32_t unit) const {
  CHECK(unit < unit_starts_.size());
  return {unit_starts_[unit], unit + 1 < unit_starts_.size()
                                  ? unit_starts_[unit + 1]
                                  : static_cast<OccurrenceIndex>(occurrences_.size())};
}

bool Catalogue::is_all_absent(Scope scope) const {
  for (OccurrenceIndex i = scope.begin; i < scope.end; ++i) {
    Fate fate = occurrences_[i].fate;
    if (fate == Fate::kDelete || (fate == Fate::kStore && !is_absent(i))) {
      return false;
    }
  }
  return true;
}

void Catalogue::refuse(OccurrenceIndex index, const Error& error) {
  uint32_t unit = unit_of(index);
  refuse_one(index, unit, error);
  if (!unit_places_[unit].atomic) {
    return;
  }
  Error because{ErrorCode::kConflict,
                "entry " + std::to_string(refusals_.back().entry) +
                    " was refused, and a transaction, message or document is taken whole"};
  Scope scope = scope_of_unit(unit);
  for (OccurrenceIndex i = scope.begin; i < scope.end; ++i) {
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

// SAFETY: a source that uses one id for two people would show one person's record as the other's.
// Each version of a Patient is compared with the one stored, or else the first of this load.
Result<bool> Catalogue::refuse_other_people(const record::View& view) {
  std::vector<OccurrenceIndex> others;
  for (const auto& [index, patient] : patients_) {
    const Occurrence& occurrence = occurrences_[index];
    const Occurrence& leader = occurrences_[occurrence.leader];
    auto first = patients_.find(occurrence.leader);
    if (occurrence.fate != Fate::kStore || first == patients_.end()) {
      continue;
    }
    identity::PersonFacts before = first->second.facts;
    if (leader.known) {
      TRY(auto located, view.find(leader.type, leader.identity));
      auto stored = located ? view.read(located->key)
                            : Result<record::StoredItem>(fail(ErrorCode::kNotFound, "not there"));
      if (stored) {
        std::string body;
        TRY(view.open_canonical(*stored, body));
        json::Document document;
        TRY(document.parse(body));
        before = identity::person_facts(*document.root());
      }
    }
    if (identity::are_other_people(before, patient.facts)) {
      others.push_back(index);
    }
  }
  for (OccurrenceIndex index : others) {
    if (occurrences_[index].fate == Fate::kStore) {
      refuse(index,
             {ErrorCode::kConflict,
              "a Patient of the same id has another birth date and no identifier in common: it "
              "may be another person"});
    }
  }
  return !others.empty();
}

// SAFETY: a resource never changes its patient by a load: neither against what is stored, nor
// between versions of one load. (Leaving quarantine is no change of patient.)
Result<bool> Catalogue::refuse_moved(const record::View& view) {
  std::vector<OccurrenceIndex> moved;
  for (OccurrenceIndex i = 0; i < occurrences_.size(); ++i) {
    const Occurrence& occurrence = occurrences_[i];
    if (occurrence.fate != Fate::kStore) {
      continue;
    }
    const Occurrence& leader = occurrences_[occurrence.leader];
    bool names_nobody = !occurrence.names_somebody;
    record::Ord home = leader.home;
    if (occurrence.leader == i && leader.borrowed_home) {
      home = names_nobody ? home : record::Ord::quarantine(source_);
    } else if (occurrence.leader != i && !occurrence.uniform && !names_nobody) {
      TRY(home, place(i, view, 0));
      TRY(bool also_there, is_about(i, leader.home, view));
      home = also_there ? leader.home : home;
    }

    bool is_elsewhere =
        leader.known && !leader.known_home.is_quarantine() && leader.known_home != home;
    if (is_elsewhere || home != leader.home) {
      moved.push_back(i);
    }
  }
  for (OccurrenceIndex index : moved) {
    if (occurrences_[index].fate == Fate::kStore) {
      refuse(index, {ErrorCode::kUnsupported,
                     "the resource is stored, or comes in this load, with another patient; moving "
                     "it is not supported yet"});
    }
  }
  return !moved.empty();
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
    auto patient = patients_.find(index);
    CHECK(patient != patients_.end());
    TRY(home, store_.place_patient(source_, occurrence.identity, patient->second.own_id));
  } else if (fhir::is_shared_type(occurrence.type)) {
    home = record::Ord::shared();
  } else if (occurrence.has_hint && depth < kHomeDepthMax) {
    TRY(home, place_by_hint(index, view, depth));
  }
  bool leaves_its_home = occurrence.known && occurrence.known_home.is_patient() &&
                         home.is_patient() && home != occurrence.known_home;
  if (leaves_its_home) {
    TRY(bool stays, is_about(index, occurrence.known_home, view));
    home = stays ? occurrence.known_home : home;
  }
  if (occurrence.leader == index && home.is_quarantine()) {
    TRY(occurrence.borrowed_home, home_of_versions(index, view, depth));
    home = occurrence.borrowed_home.value_or(home);
  }
  occurrence.home = home;
  occurrence.placed = true;
  return home;
}

// For a resource that doesn't say whom it is about, or names somebody unknown: where other versions
// of it are.
Result<std::optional<record::Ord>> Catalogue::home_of_versions(OccurrenceIndex leader,
                                                               const record::View& view,
                                                               size_t depth) {
  if (occurrences_[leader].known && occurrences_[leader].known_home.is_patient()) {
    return std::optional(occurrences_[leader].known_home);
  }
  auto versions = versions_.find(leader);
  if (versions == versions_.end() || depth >= kHomeDepthMax) {
    return std::optional<record::Ord>();
  }
  for (OccurrenceIndex index : versions->second) {
    TRY(record::Ord home, place(index, view, depth + 1));
    if (home.is_patient()) {
      return std::optional(home);
    }
  }
  return std::optional<record::Ord>();
}

// What is about a crowd is no part of a person's record: like what names nobody known, it is kept
// in quarantine, and said so. (A name that leads nowhere in this load may be a patient of the
// store's.)
bool Catalogue::is_about_a_crowd(OccurrenceIndex index) const {
  auto several = several_.find(index);
  if (several == several_.end() || several->second.size() <= record::kPlacesMax) {
    return false;
  }
  size_t others = 0;
  for (const HomeHint& name : several->second) {
    Found found = find(name.hash, scope_of(index));
    others += found.leader && occurrences_[*found.leader].type != fhir::kPatientType ? 1 : 0;
  }
  return several->second.size() - others > record::kPlacesMax;
}

// Whether a resource names that patient among several.
Result<bool> Catalogue::is_about(OccurrenceIndex index, record::Ord patient,
                                 const record::View& view) {
  auto several = several_.find(index);
  if (several == several_.end()) {
    return false;
  }
  for (const HomeHint& name : several->second) {
    Found found = find(name.hash, scope_of(index));
    record::Ord ord;
    if (found.leader && occurrences_[*found.leader].type == fhir::kPatientType) {
      TRY(ord, place(*found.leader, view, 0));
    } else if (!found.leader && name.has_type) {
      TRY(ord, home_in_store(name.type, name.hash, view));
    }
    if (ord == patient) {
      return true;
    }
  }
  return false;
}

Result<record::Ord> Catalogue::place_by_hint(OccurrenceIndex index, const record::View& view,
                                             size_t depth) {
  record::Ord quarantine = record::Ord::quarantine(source_);
  record::Ord home = quarantine;
  if (is_about_a_crowd(index)) {
    return quarantine;
  }
  if (auto search = home_conditions_.find(index); search != home_conditions_.end()) {
    TRY(home, place_by_search(search->second->criteria, index, view, depth));
    return home.is_patient() ? home : quarantine;
  }
  const HomeHint* hint = &occurrences_[index].home_hint;
  auto more = more_hints_.find(index);
  for (size_t next = 0; hint != nullptr; ++next) {
    Found found = find(hint->hash, scope_of(index));
    if (found.leader) {
      TRY(home, place_with(*found.leader, index, view, depth));
    } else if (hint->has_type && !found.several) {
      TRY(home, home_in_store(hint->type, hint->hash, view));
    }
    bool is_for_everyone = found.leader && fhir::is_shared_type(occurrences_[*found.leader].type);
    bool has_next = is_for_everyone && more != more_hints_.end() && next < more->second.size();
    hint = has_next ? &more->second[next] : nullptr;
  }
  return home.is_patient() ? home : quarantine;
}

// Where `other` is, for a resource that belongs with it.
Result<record::Ord> Catalogue::place_with(OccurrenceIndex other, OccurrenceIndex index,
                                          const record::View& view, size_t depth) {
  if (auto same = same_in_store_.find(other); same != same_in_store_.end()) {
    return home_in_store(same->second.type, same->second.id.hash, view);
  }
  return other == index ? record::Ord::quarantine(source_) : place(other, view, depth + 1);
}

Result<record::Ord> Catalogue::place_by_search(const IdentifierCriteria& criteria,
                                               OccurrenceIndex index, const record::View& view,
                                               size_t depth) {
  Found found = find(occurrences_[index].home_hint.hash, Scope());
  TRY(auto target, resolve_criteria(criteria, found, view));
  if (!target) {
    return record::Ord::quarantine(source_);
  }
  if (found.leader && id_of(*found.leader).hash == target->id.hash) {
    return place_with(*found.leader, index, view, depth);
  }
  return home_in_store(target->type, target->id.hash, view);
}

Result<record::Ord> Catalogue::home_in_store(fhir::TypeNumber type, const record::IdHash& identity,
                                             const record::View& view) const {
  TRY(auto located, view.find(type, identity));
  return located ? located->key.ord : record::Ord::quarantine(source_);
}

Result<std::vector<record::Ord>> Catalogue::also_about(OccurrenceIndex index,
                                                       const json::Node& root,
                                                       const record::View& view) const {
  std::vector<record::Ord> found;
  record::Ord home = home_of(index);
  if (!home.is_patient() || !several_.contains(index)) {
    return found;
  }
  Status status;
  fhir::patient_candidates(occurrences_[index].type, root, [&](std::string_view reference) {
    fhir::ParsedReference parsed = fhir::parse_reference(reference);
    bool is_patient = parsed.kind == fhir::ReferenceKind::kRelative &&
                      *parsed.type == fhir::kPatientType && parsed.version.empty();
    auto id = is_patient ? record::ResourceId::parse(parsed.id) : std::nullopt;
    if (!id || !status) {
      return;
    }
    auto ord = ord_of_patient(id->hash, view);
    if (!ord) {
      status = fail(ord.error());
    } else if (ord->is_patient() && *ord != home &&
               std::find(found.begin(), found.end(), *ord) == found.end()) {
      found.push_back(*ord);
    }
  });
  TRY(status);
  CHECK(found.size() < record::kPlacesMax);
  return found;
}

// SAFETY: only of this source: another's patient, named by its regional id, is not this source's to
// write about.
Result<record::Ord> Catalogue::ord_of_patient(const record::IdHash& patient,
                                              const record::View& view) const {
  Found found = find(patient, {});
  if (found.leader && occurrences_[*found.leader].type == fhir::kPatientType &&
      id_of(*found.leader).hash == patient) {
    return home_of(*found.leader);
  }
  TRY(auto located, view.find(fhir::kPatientType, patient));
  return located && located->source == source_ ? located->key.ord : record::Ord();
}

// What a search by identifier finds, in this load (`found`) and in the store together: one, or
// nothing.
Result<std::optional<Target>> Catalogue::resolve_criteria(const IdentifierCriteria& criteria,
                                                          const Found& found,
                                                          const record::View& view) const {
  if (found.several) {
    return std::optional<Target>();
  }
  TRY(auto targets, search_store(criteria, view));
  std::optional<record::ResourceId> own;
  if (found.leader) {
    own = id_of(*found.leader);
  }
  std::erase_if(targets, [&](const Target& target) {
    return (own && target.id.hash == own->hash) || is_brought(target.id.hash);
  });
  if (own) {
    targets.push_back({criteria.type, *own});
  }
  return targets.size() == 1 ? std::optional<Target>(targets.front()) : std::nullopt;
}

record::ResourceId Catalogue::id_of(OccurrenceIndex index) const {
  OccurrenceIndex leader = occurrences_[index].leader;
  if (auto same = same_in_store_.find(leader); same != same_in_store_.end()) {
    return same->second.id;
  }
  return {occurrences_[leader].id_bucket, occurrences_[leader].identity};
}

record::Ord Catalogue::home_of(OccurrenceIndex index) const {
  return occurrences_[occurrences_[index].leader].home;
}

Result<std::optional<Target>> Catalogue::resolve(std::string_view reference, Scope scope,
                                                 record::IdMinter& minter,
                                                 const record::View& view) const {
  fhir::ParsedReference parsed = fhir::parse_reference(reference);
  if (parsed.kind == fhir::ReferenceKind::kConditional) {
    auto criteria = parse_identifier_criteria(*parsed.type, parsed.query);
    if (!criteria) {
      return std::optional<Target>();
    }
    return resolve_criteria(*criteria, find(criteria_alias(*criteria, minter), {}), view);
  }
  bool is_relative = parsed.kind == fhir::ReferenceKind::kRelative;
  bool is_name = is_relative || parsed.kind == fhir::ReferenceKind::kUrn ||
                 parsed.kind == fhir::ReferenceKind::kAbsolute;
  if (!is_name || !parsed.version.empty()) {
    return std::optional<Target>();
  }
  record::IdHash hash = is_relative ? minter.hash(source_name_, *parsed.type, parsed.id)
                                    : minter.alias(source_name_, parsed.text);
  Found found = find(hash, scope);
  if (found.leader) {
    return std::optional<Target>({occurrences_[*found.leader].type, id_of(*found.leader)});
  }
  if (is_relative && !found.several) {
    TRY(auto located, view.find(*parsed.type, hash));
    if (located && located->source == source_) {
      return std::optional<Target>({*parsed.type, {located->id_bucket, hash}});
    }
  }
  return std::optional<Target>();
}

}  // namespace continuum::service
