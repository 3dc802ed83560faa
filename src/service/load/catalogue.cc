#include "service/load/catalogue.h"

#include <algorithm>
#include <thread>

#include "base/check.h"
#include "fhir/search_parameters.h"
#include "service/load/limits.h"

namespace continuum::service {

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
      occurrence.id_bucket = located->id.bucket;
      occurrence.known_home = located->key.ord;
      occurrence.known = true;
      if (!located->id.given.empty()) {
        std::lock_guard lock(given_mutex_);
        given_ids_[i] = std::move(located->id.given);
      }
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
    TRY(record::ResourceId id, view.id_of(stored));
    found.push_back({criteria.type, id});
  }
  return found;
}

std::optional<record::Condition> Catalogue::condition_of(OccurrenceIndex index) const {
  auto by_index = [](const Condition& condition, OccurrenceIndex i) { return condition.index < i; };
  auto found = std::lower_bound(conditions_.begin(), conditions_.end(), index, by_index);
  while (found != conditions_.end() && found->index == index && found->home) {
    ++found;
  }
  CHECK(found != conditions_.end() && found->index == index);
  const IdentifierCriteria& asked = found->criteria;
  record::Condition condition;
  condition.criteria.type = asked.type;
  condition.criteria.source = source_;
  auto parameter = fhir::parameter_number(asked.type, "identifier");
  if (!parameter) {
    return std::nullopt;
  }
  condition.criteria.all_of.push_back({*parameter, {record::TokenIs{asked.value, asked.system}}});
  return condition;
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
  auto given = given_ids_.find(leader);
  return {occurrences_[leader].id_bucket, occurrences_[leader].identity,
          given == given_ids_.end() ? std::string() : given->second};
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
      return std::optional<Target>({*parsed.type, located->id});
    }
  }
  return std::optional<Target>();
}

}  // namespace continuum::service
