#include "access/visit.h"

#include <algorithm>

#include "access/limits.h"
#include "base/bytes.h"
#include "base/check.h"
#include "json/document.h"

namespace continuum::access {
namespace {

// One text for what is absent, refused and malformed.
tl::unexpected<Error> absent() {
  return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
}

void put_shown(std::string& out, const record::ItemKey& key, uint32_t version,
               const crypto::Digest& body_digest, std::string_view rule) {
  record::put_item_key(out, key);
  put_u32(out, version);
  out.append(crypto::view(body_digest));
  put_length_prefixed(out, rule);
}

void put_shown(std::string& out, const record::StoredItem& item, std::string_view rule) {
  const record::RowHeader& header = item.row.header;
  put_shown(out, item.key, header.version, header.body_digest, rule);
}

// The relationship that counts for the ledger: the first in the order of kinds.
std::string name_of(RelationshipKinds kinds) {
  for (const auto& [kind, name] : kRelationshipKinds) {
    if ((kinds & only(kind)) != 0) {
      return std::string(name);
    }
  }
  return {};
}

}  // namespace

Visit::Visit(std::unique_ptr<record::View> view, Caller caller, const Policy& policy,
             Request request, Instant now, std::optional<record::T> as_of,
             OwnOrganisations* remembered)
    : view_(std::move(view)),
      caller_(std::move(caller)),
      policy_(policy),
      scope_(policy.compile(caller_.principal, caller_.organisation.kind)),
      request_(std::move(request)),
      now_(now),
      as_of_(as_of),
      relationships_(*view_, caller_.organisation, policy.windows(), now, as_of, remembered) {}

Result<const Visit::Standing*> Visit::standing_of(record::Ord ord, KnownSource source) {
  if (last_standing_.second != nullptr && last_standing_.first == ord.value()) {
    return last_standing_.second;
  }
  auto found = standings_.find(ord.value());
  if (found == standings_.end()) {
    Status made = make_standings(ord, source);
    if (!made && made.error().code == ErrorCode::kNotFound) {
      // SAFETY: an item whose source patient is unknown must not look like one that is not there.
      return fail(ErrorCode::kCorrupt, "an item is of a source patient that is not known");
    }
    TRY(made);
    found = standings_.find(ord.value());
    CHECK(found != standings_.end());
  }
  last_standing_ = {ord.value(), &found->second};
  return &found->second;
}

Status Visit::make_standings(record::Ord ord, KnownSource source) {
  Standing standing;
  standing.first = ord;
  if (!ord.is_patient()) {
    standing.facts.place = ord.is_shared() ? PlaceFacts::kShared : PlaceFacts::kQuarantined;
    standing.facts.own_source =
        ord.is_quarantine() && caller_.source && ord == record::Ord::quarantine(*caller_.source);
    standings_.emplace(ord.value(), std::move(standing));
    return {};
  }
  TRY(bool is_settled, settle_by_own_patient(ord, source, standing));
  return is_settled ? Status() : make_standings_of_person(ord);
}

// PERF: when the caller's organisation has a relationship by its own patient alone, who else that
// patient is does not matter: saves the look-ups of a person.
Result<bool> Visit::settle_by_own_patient(record::Ord ord, KnownSource source, Standing& standing) {
  const auto& own = caller_.organisation.sources;
  if (source && std::find(own.begin(), own.end(), *source) == own.end()) {
    return false;
  }
  if (own.empty() || scope_.self_matters() || scope_.kinds_that_matter() == kNoRelationship) {
    return false;
  }
  TRY(auto live, relationships_.with(ord, scope_.kinds_that_matter(), &scope_));
  if (live.kinds == kNoRelationship || !scope_.is_settled_by(live.kinds)) {
    return false;
  }
  standing.facts.related = live.kinds;
  standing.relationship = name_of(live.kinds);
  standings_.emplace(ord.value(), std::move(standing));
  return true;
}

// Of all source patients of a person at once: relationships are with the person.
Status Visit::make_standings_of_person(record::Ord ord) {
  Standing standing;
  standing.first = ord;
  TRY(record::Person person, view_->person_of(ord, as_of_));
  if (auto own = standings_.find(ord.value()); own != standings_.end()) {
    standing.facts.related = own->second.facts.related;  // settled by this patient alone
    standing.relationship = own->second.relationship;
  } else if (scope_.kinds_that_matter() != kNoRelationship) {
    TRY(auto live, relationships_.with(person, scope_.kinds_that_matter(), &scope_));
    standing.facts.related = live.kinds;
    standing.relationship = name_of(live.kinds);
  }
  if (scope_.self_matters() && caller_.principal.kind == PrincipalKind::kCitizen &&
      !caller_.principal.birth_date.empty()) {
    TRY(auto own, self());
    standing.facts.self = own && *own == person.number;
  }
  standing.person = std::make_shared<record::Person>(std::move(person));
  const record::Person& of = *standing.person;
  // SAFETY: the one asked about must be among those answered for, whatever the links say.
  bool is_member = std::any_of(of.members.begin(), of.members.end(),
                               [ord](const auto& member) { return member.ord == ord; });
  if (!is_member) {
    return fail(ErrorCode::kCorrupt, "a source patient is not a member of its own person");
  }
  standing.first = of.members.front().ord;
  if (standing.facts.self) {
    standing.relationship = kSelfRelationship;
  }
  for (const record::SourcePatient& member : of.members) {
    Standing of_member = standing;
    of_member.facts.own_source = caller_.source && member.source == *caller_.source;
    standings_.insert_or_assign(member.ord.value(), std::move(of_member));
  }
  return {};
}

// What staff and citizens wrote of a source's patient is no item that the source sent.
PlaceFacts Visit::facts_of(const Standing& standing, const record::StoredItem& item) const {
  PlaceFacts facts = standing.facts;
  facts.own_source = facts.own_source && caller_.source == item.row.header.source;
  return facts;
}

// Of a citizen with a birth date.
Result<std::optional<record::PersonNumber>> Visit::self() {
  if (!self_) {
    TRY(self_,
        view_->person_matching(caller_.principal.nhs_number + "|" + caller_.principal.birth_date));
  }
  return *self_;
}

// By the first of its places that allows it: what is about several patients may be seen by who may
// see any of them.
Result<Visit::Judgement> Visit::judge(const record::StoredItem& item, fhir::TypeNumber type) {
  ItemFacts facts{type, item.row.header.label_class};
  TRY(const Standing* home, standing_of(item.key.ord, item.row.header.source));
  Judgement judgement{scope_.decide(facts_of(*home, item), facts), home};
  if (!judgement.decision.allow && !item.row.places.empty()) {
    for (const record::ItemPlace& place : record::places_of(item.row)) {
      TRY(const Standing* standing, standing_of(place.ord));
      Decision decision = scope_.decide(facts_of(*standing, item), facts);
      if (decision.allow) {
        return Judgement{decision, standing};
      }
    }
  }
  return judgement;
}

Result<bool> Visit::may_see_made(const record::StoredItem& item, fhir::TypeNumber type) {
  TRY(Judgement judgement, judge(item, type));
  return judgement.decision.allow;
}

Status Visit::allow(const record::StoredItem& item) {
  TRY(Judgement judgement, judge(item));
  if (judgement.decision.allow) {
    return {};
  }
  refuse(item.key.ord, *judgement.standing, judgement.decision.rule);
  return absent();
}

Visit::Note& Visit::note_of(record::Ord ord) {
  if (last_note_.second < notes_.size() && last_note_.first == ord.value()) {
    return notes_[last_note_.second];
  }
  auto [at, is_new] = note_at_.try_emplace(ord.value(), notes_.size());
  if (is_new) {
    notes_.emplace_back().part.ord = ord.value();
  }
  last_note_ = {ord.value(), at->second};
  return notes_[at->second];
}

// PERF: items come in runs of one type.
void Visit::count(Note& note, fhir::TypeNumber type, uint64_t more) {
  auto at = note.types.empty() || note.types.back().first != type
                ? std::find_if(note.types.begin(), note.types.end(),
                               [type](const auto& known) { return known.first == type; })
                : note.types.end() - 1;
  if (at == note.types.end()) {
    note.types.emplace_back(type, more);
  } else {
    at->second += more;
  }
}

// One note for a person, under the source patient that was named first.
void Visit::refuse(record::Ord named, const Standing& standing, std::string_view rule) {
  ++withheld_;
  record::Ord at = refused_.try_emplace(standing.first.value(), named).first->second;
  Note& note = note_of(at);
  if (note.part.shown == 0 && !note.told) {
    note.part.disclosure = ledger::Disclosure::kRefused;
  }
  note.part.rule = rule;
  note.part.relationship = standing.relationship;
  ++note.part.withheld;
}

Result<record::Located> Visit::locate(const record::ResourceKey& resource) {
  auto located = view_->locate(resource);
  if (!located) {
    return located_as_of(located.error().code == ErrorCode::kNotFound
                             ? Result<std::optional<record::Located>>(std::nullopt)
                             : fail(located.error()));
  }
  return located_as_of(std::optional(std::move(*located)));
}

Result<record::Located> Visit::locate(fhir::TypeNumber type, const record::IdHash& hash) {
  return located_as_of(view_->find(type, hash));
}

// The directory tells where it is now; when the answer replayed was given it may have been
// elsewhere.
Result<record::Located> Visit::located_as_of(Result<std::optional<record::Located>> found) {
  TRY(auto located, std::move(found));
  if (!located) {
    note_absent();
    return absent();
  }
  if (!as_of_) {
    return std::move(*located);
  }
  TRY(auto then, version_as_of(located->key));
  if (!then) {
    TRY(auto former, view_->former_places(located->key.type, located->id.hash));
    for (auto at = former.begin(); at != former.end() && !then; ++at) {
      TRY(then, version_as_of(at->item));
    }
  }
  if (then) {
    located->key = then->key;
  }
  return std::move(*located);
}

Result<std::vector<record::ItemKey>> Visit::places_of(const record::Located& located) const {
  std::vector<record::ItemKey> places{located.key};
  TRY(auto former, view_->former_places(located.key.type, located.id.hash));
  for (const record::FormerPlace& place : former) {
    if (place.item.ord.is_patient() && place.item != located.key) {
      places.push_back(place.item);
    }
  }
  return places;
}

Result<record::ItemKey> Visit::place_of_version(const record::Located& located,
                                                uint32_t version) const {
  TRY(auto former, view_->former_places(located.key.type, located.id.hash));
  for (auto at = former.rbegin(); at != former.rend(); ++at) {
    if (version <= at->last_version) {
      return at->item.ord.is_patient() ? at->item : located.key;
    }
  }
  return located.key;
}

Result<bool> Visit::may_see_anything_of(record::Ord ord) {
  TRY(const Standing* standing, standing_of(ord));
  return scope_.may_see_anything_of(standing->facts);
}

// The newest version that is not later than the answer replayed; nothing when there was none.
Result<std::optional<record::StoredItem>> Visit::version_as_of(const record::ItemKey& item) {
  TRY(auto versions, view_->versions(item));
  for (record::StoredItem& version : versions) {
    if (version.row.header.t <= *as_of_) {
      return std::optional<record::StoredItem>(std::move(version));
    }
  }
  return std::optional<record::StoredItem>();
}

Result<record::StoredItem> Visit::read(const record::ItemKey& item) {
  if (as_of_) {
    TRY(auto then, version_as_of(item));
    if (!then) {
      note_absent();
      return absent();
    }
    TRY(allow(*then));
    if (then->row.header.deleted) {
      note_gone(*then);
      return fail(ErrorCode::kGone, "the resource was deleted");
    }
    return std::move(*then);
  }
  auto stored = view_->read(item);
  if (!stored && stored.error().code == ErrorCode::kNotFound) {
    note_absent();
    return absent();
  }
  if (!stored && stored.error().code == ErrorCode::kGone) {
    // SAFETY: that there was something is told only to who may see what there was.
    TRY(auto versions, view_->versions(item));
    if (versions.empty()) {
      return fail(ErrorCode::kCorrupt, "a deleted resource has no versions");
    }
    TRY(allow(versions.front()));
    note_gone(versions.front());
    return fail(stored.error());
  }
  TRY(record::StoredItem found, std::move(stored));
  TRY(allow(found));
  return found;
}

Result<record::StoredItem> Visit::read_version(const record::ItemKey& item, uint32_t version) {
  auto stored = view_->read_version(item, version);
  bool is_later = stored && as_of_ && stored->row.header.t > *as_of_;
  if ((!stored && stored.error().code == ErrorCode::kNotFound) || is_later) {
    note_absent();
    return absent();
  }
  TRY(record::StoredItem found, std::move(stored));
  TRY(allow(found));
  if (found.row.header.deleted) {
    note_gone(found);
  }
  return found;
}

Result<std::vector<record::StoredItem>> Visit::versions(const record::ItemKey& item) {
  TRY(auto all, view_->versions(item));
  std::vector<record::StoredItem> shown;
  for (record::StoredItem& version : all) {
    if (version.row.header.t > stable_t()) {
      continue;
    }
    TRY(Judgement judgement, judge(version));
    if (judgement.decision.allow) {
      shown.push_back(std::move(version));
      continue;
    }
    refuse(item.ord, *judgement.standing, judgement.decision.rule);
  }
  if (shown.empty()) {
    if (all.empty()) {
      note_absent();
    }
    return absent();
  }
  return shown;
}

Result<record::StoredItem> Visit::read_version_of(const record::VersionKey& version) {
  TRY(record::StoredItem found, view_->read_version_of(version));
  TRY(allow(found));
  return found;
}

Status Visit::scan_versions(const record::ItemKey& item, const record::ScanVisitor& visit) {
  bool has_any = false;
  bool has_allowed = false;
  TRY(view_->scan_versions({item.ord, item.type, item.item},
                           [&](const record::StoredItem& version) -> Result<bool> {
                             has_any = true;
                             if (version.row.header.t > stable_t()) {
                               return true;
                             }
                             TRY(Judgement judgement, judge(version));
                             if (!judgement.decision.allow) {
                               refuse(item.ord, *judgement.standing, judgement.decision.rule);
                               return true;
                             }
                             has_allowed = true;
                             return visit(version);
                           }));
  if (!has_any) {
    note_absent();
  }
  return has_allowed ? Status() : absent();
}

Status Visit::scan_versions(const record::VersionRange& range, const record::ScanVisitor& visit) {
  return view_->scan_versions(range, [&](const record::StoredItem& version) -> Result<bool> {
    if (version.row.header.t > stable_t()) {
      return true;
    }
    TRY(Judgement judgement, judge(version));
    if (!judgement.decision.allow) {
      refuse(range.ord, *judgement.standing, judgement.decision.rule);
      return true;
    }
    return visit(version);
  });
}

Status Visit::scan_changes(const record::ChangesQuery& query,
                           const record::ChangeVisitor& visit) const {
  if (!caller_.source) {
    return {};
  }
  record::ChangesQuery own = query;
  own.source = *caller_.source;
  own.to = std::min(own.to, stable_t());
  return view_->scan_changes(own, visit);
}

Result<std::optional<record::StoredItem>> Visit::read_change(const record::VersionKey& version,
                                                             record::T t) {
  auto stored = view_->read_version_of(version);
  if (!stored && stored.error().code == ErrorCode::kNotFound) {
    // SAFETY: a version that is told and not there must not be left out silently.
    return fail(ErrorCode::kCorrupt, "a change has no version");
  }
  TRY(record::StoredItem item, std::move(stored));
  if (record::is_copy(item.row, item.key) || item.row.header.moved) {
    return std::optional<record::StoredItem>();
  }
  TRY(Judgement judgement, judge(item));
  if (!judgement.decision.allow) {
    refuse(item.key.ord, *judgement.standing, judgement.decision.rule);
    return std::optional<record::StoredItem>();
  }
  if (item.key.ord.is_quarantine()) {
    TRY(bool has_left, has_left_quarantine(item, t));
    if (has_left) {
      return std::optional<record::StoredItem>();
    }
  }
  return std::optional<record::StoredItem>(std::move(item));
}

// Whether its id leads to where it went, by that commit.
Result<bool> Visit::has_left_quarantine(const record::StoredItem& item, record::T t) const {
  TRY(record::ResourceId id, view_->id_of(item));
  auto found = view_->locate({item.key.type, id});
  if (!found && found.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kCorrupt, "the directory does not lead to a resource that is there");
  }
  TRY(record::Located located, std::move(found));
  if (located.key == item.key) {
    return false;
  }
  record::T oldest = UINT64_MAX;
  TRY(view_->scan_versions({located.key.ord, item.key.type, located.key.item},
                           [&oldest](const record::StoredItem& version) -> Result<bool> {
                             oldest = version.row.header.t;
                             return true;
                           }));
  return oldest <= t;
}

Status Visit::scan(record::Ord ord, const record::ScanOptions& options,
                   const record::ScanVisitor& visit) {
  TRY(const Standing* standing, standing_of(ord));
  record::ScanOptions then = options;
  if (as_of_) {
    then.as_of = std::min(*as_of_, options.as_of.value_or(*as_of_));
  }
  return view_->scan(ord, then, [&](const record::StoredItem& item) -> Result<bool> {
    Decision decision =
        scope_.decide(facts_of(*standing, item), {item.key.type, item.row.header.label_class});
    if (!decision.allow) {
      ++withheld_;
      ++note_of(ord).part.withheld;
      return true;
    }
    return visit(item);
  });
}

// SAFETY: an index row without its resource means that the store is damaged: saying nothing of it
// would lose a resource silently.
Result<record::StoredItem> Visit::read_found(const record::ItemKey& item) {
  if (as_of_) {
    TRY(auto then, version_as_of(item));
    if (then && !then->row.header.deleted) {
      return std::move(*then);
    }
    return fail(ErrorCode::kCorrupt, "a version that was found is not there");
  }
  auto stored = view_->read(item);
  if (!stored &&
      (stored.error().code == ErrorCode::kNotFound || stored.error().code == ErrorCode::kGone)) {
    return fail(ErrorCode::kCorrupt, "an index row has no resource");
  }
  return stored;
}

Result<std::vector<record::StoredItem>> Visit::find_token(fhir::TypeNumber type,
                                                          std::string_view parameter,
                                                          std::string_view system,
                                                          std::string_view code, size_t count_max) {
  // Indexes are of now. Of then, only Patients and their identifiers can be asked for.
  CHECK(!as_of_ || (type == fhir::kPatientType && parameter == "identifier"));
  TRY(check_search(type, parameter));
  // SAFETY: what the caller may not see must not crowd out what they may.
  TRY(auto found, as_of_ ? find_among_candidates(system, code)
                         : view_->find_token(type, parameter, system, code, kLookedAtMax + 1));
  if (found.size() > kLookedAtMax) {
    return fail(ErrorCode::kTooLarge, "too many have that value to look at in one search");
  }
  std::vector<record::StoredItem> shown;
  for (const record::ItemKey& key : found) {
    // Decided by the row, not the index alone.
    TRY(record::StoredItem item, read_found(key));
    TRY(Judgement judgement, judge(item));
    if (!judgement.decision.allow) {
      refuse(key.ord, *judgement.standing, judgement.decision.rule);
      continue;
    }
    shown.push_back(std::move(item));
    if (shown.size() == count_max) {
      break;
    }
  }
  if (shown.empty() && notes_.empty()) {
    note_absent();
  }
  return shown;
}

Result<std::vector<record::ItemKey>> Visit::find_among_candidates(std::string_view system,
                                                                  std::string_view code) {
  std::vector<record::ItemKey> found;
  for (record::Ord ord : candidates_) {
    TRY(view_->scan(
        ord, {.types = std::span(&fhir::kPatientType, 1), .as_of = as_of_, .after = std::nullopt},
        [&](const record::StoredItem& item) -> Result<bool> {
          std::string body;
          TRY(view_->open_canonical(item, body));
          json::Document document;
          TRY(document.parse(body));
          const json::Node* identifiers = document.root()->find("identifier");
          bool has_it = false;
          for (const json::Node* at = identifiers == nullptr ? nullptr : identifiers->first;
               at != nullptr; at = at->next) {
            has_it = has_it || (at->string("system") == system && at->string("value") == code);
          }
          if (has_it) {
            found.push_back(item.key);
          }
          return true;
        }));
  }
  return found;
}

Result<record::Person> Visit::person_of(record::Ord ord) {
  TRY(const Standing* standing, standing_of(ord));
  if (standing->person == nullptr && ord.is_patient()) {
    TRY(make_standings_of_person(ord));
    TRY(standing, standing_of(ord));
  }
  if (standing->person == nullptr || !scope_.may_see_anything_of(standing->facts)) {
    refuse(ord, *standing, scope_.decide(standing->facts, {fhir::kPatientType, 0}).rule);
    return absent();
  }
  return *standing->person;
}

Status Visit::note_shown(const record::StoredItem& item) {
  TRY(Judgement judgement, judge(item));
  // A service that got here with an item it was not given is a defect: nothing leaves.
  if (!judgement.decision.allow) {
    return fail(ErrorCode::kInternal, "an item was to be shown that the caller may not see");
  }
  ++shown_;
  const Standing* standing = judgement.standing;
  if (standing->facts.place == PlaceFacts::kShared) {
    put_shown(shared_manifest_, item, judgement.decision.rule);
    return {};
  }
  Note& note = note_of(item.key.ord);
  if (note.part.shown == 0) {
    note.part.disclosure = ledger::Disclosure::kShown;
    note.part.rule = judgement.decision.rule;
    note.part.relationship = standing->relationship;
  }
  ++note.part.shown;
  count(note, item.key.type, 1);
  put_shown(note.manifest, item, judgement.decision.rule);
  if (item.row.places.empty()) {
    return {};
  }
  // What it tells of other people it tells of them too.
  for (const record::ItemPlace& place : record::places_of(item.row)) {
    if (place.ord != item.key.ord) {
      note_told(place.ord, item.key.type, 1);
    }
  }
  return {};
}

Result<std::string_view> Visit::may_author(record::Ord ord, fhir::TypeNumber type) {
  if (!ord.is_patient()) {
    note_absent();
    return absent();
  }
  TRY(const Standing* standing, standing_of(ord));
  Decision decision = scope_.decide(standing->facts, {.type = type});
  bool is_citizen = caller_.principal.kind == PrincipalKind::kCitizen;
  if (!decision.allow || (is_citizen && !standing->facts.self)) {
    refuse(ord, *standing, decision.rule);
    return absent();
  }
  return decision.rule;
}

Status Visit::may_erase(const record::Located& patient) {
  const auto& own = caller_.organisation.sources;
  const bool is_own = patient.key.ord.is_patient() && patient.key.type == fhir::kPatientType &&
                      std::find(own.begin(), own.end(), patient.source) != own.end();
  if (!is_own) {
    note_absent();
    return absent();
  }
  note_told(patient.key.ord, fhir::kPatientType, 0);
  return {};
}

Status Visit::note_written(const record::Prepared& item, std::string_view rule) {
  ++shown_;
  uint32_t version = item.previous_version + (item.unchanged ? 0 : 1);
  if (item.key.ord.is_shared()) {
    put_shown(shared_manifest_, item.key, version, item.header.body_digest, rule);
    return {};
  }
  Note& note = note_of(item.key.ord);
  note.part.disclosure = ledger::Disclosure::kShown;
  note.part.rule = rule;
  if (auto standing = standings_.find(item.key.ord.value()); standing != standings_.end()) {
    note.part.relationship = standing->second.relationship;
  }
  ++note.part.shown;
  count(note, item.key.type, 1);
  put_shown(note.manifest, item.key, version, item.header.body_digest, rule);
  for (const record::Prepared::Copy& copy : item.copies) {
    note_told(copy.key.ord, item.key.type, 1);
  }
  if (item.moved_from && item.moved_from->ord.is_patient()) {
    note_told(item.moved_from->ord, item.key.type, 1);
  }
  return {};
}

Result<record::Person> Visit::own_person() {
  if (caller_.principal.kind != PrincipalKind::kCitizen || caller_.principal.birth_date.empty()) {
    return record::Person();
  }
  TRY(auto number, self());
  return number ? view_->person(*number, as_of_) : Result<record::Person>(record::Person());
}

// That there was something, and that it was deleted.
void Visit::note_gone(const record::StoredItem& item) {
  if (item.key.ord.is_patient()) {
    note_told(item.key.ord, item.key.type, 0);
  }
}

Status Visit::check_search(fhir::TypeNumber type, std::string_view parameter) const {
  auto number = fhir::parameter_number(type, parameter);
  if (!number || scope_.may_search(*number)) {
    return {};
  }
  return fail(ErrorCode::kForbidden, "the policy does not let you search by that parameter",
              {{std::string(parameter), "ask in another way"}});
}

// SAFETY: a row without a key must not look like a resource that was never there.
Status Visit::append_resource(const record::StoredItem& item, std::string& out) {
  TRY(note_shown(item));
  Status opened = view_->append_resource(item, out);
  if (!opened && opened.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kCorrupt, "a stored resource has no key");
  }
  return opened;
}

void Visit::note_told(record::Ord ord, fhir::TypeNumber type, uint64_t count) {
  Note& note = note_of(ord);
  note.part.disclosure = ledger::Disclosure::kShown;
  if (count > 0) {
    Visit::count(note, type, count);
  }
  note.told = true;
}

void Visit::show_nothing() {
  shown_ = 0;
  shared_manifest_.clear();
  for (Note& note : notes_) {
    bool was_shown = note.part.shown > 0 || note.told;
    note.told = false;
    note.part.shown = 0;
    note.manifest.clear();
    note.types.clear();
    if (was_shown) {
      note.part.disclosure = ledger::Disclosure::kFailed;
    }
  }
}

}  // namespace continuum::access
