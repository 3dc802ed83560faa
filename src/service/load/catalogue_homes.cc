// Where each resource belongs, and which may not be where they say.
#include <algorithm>

#include "base/check.h"
#include "fhir/home.h"
#include "service/load/catalogue.h"
#include "service/load/limits.h"

namespace continuum::service {

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

// SAFETY: a resource never changes its patient by a load, whose order among other writes nobody
// vouches for: neither against what is stored, nor between versions of one load. (Leaving
// quarantine is no change of patient.)
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
                     "the resource is stored, or comes in this load, with another patient: correct "
                     "its patient by an update (PUT)"});
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
  bool leaves_its_home =
      occurrence.known && occurrence.known_home.is_patient() && home != occurrence.known_home;
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
  if (several == several_.end() || several->second.size() < record::kPlacesMax) {
    return false;
  }
  size_t others = 0;
  for (const HomeHint& name : several->second) {
    Found found = find(name.hash, scope_of(index));
    others += found.leader && occurrences_[*found.leader].type != fhir::kPatientType ? 1 : 0;
  }
  return several->second.size() - others >= record::kPlacesMax;
}

// Whether a resource names that patient among several.
Result<bool> Catalogue::is_about(OccurrenceIndex index, record::Ord patient,
                                 const record::View& view) {
  auto several = several_.find(index);
  if (several == several_.end() || is_about_a_crowd(index)) {
    return false;
  }
  for (const HomeHint& name : several->second) {
    Found found = find(name.hash, scope_of(index));
    record::Ord ord;
    if (found.leader && occurrences_[*found.leader].type == fhir::kPatientType) {
      TRY(ord, place_with(*found.leader, index, view, 0));
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
  // SAFETY: what is about a Group is not about the first of its members.
  static const fhir::TypeNumber group = *fhir::type_number("Group");
  bool is_nobodys = other == index || occurrences_[other].type == group;
  return is_nobodys ? record::Ord::quarantine(source_) : place(other, view, depth + 1);
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
    auto id = is_patient ? record::ResourceId::named(parsed.id) : std::nullopt;
    if (!id || !status) {
      return;
    }
    if (!id->given.empty()) {
      auto located = view.locate({fhir::kPatientType, *id});
      if (!located && located.error().code != ErrorCode::kNotFound) {
        status = fail(located.error());
      }
      if (!located) {
        return;
      }
      id = std::move(located->id);
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
  if (found.size() >= record::kPlacesMax) {  // named in a way that could not be counted before
    return fail(
        ErrorCode::kTooLarge, "a resource is about too many patients",
        {{std::string(fhir::type_name(occurrences_[index].type)) + "/" + id_of(index).text(),
          "at most " + std::to_string(record::kPlacesMax)}});
  }
  return found;
}

// SAFETY: only of this source: another's patient, named by its regional id, is not this source's to
// write about.
Result<record::Ord> Catalogue::ord_of_patient(const record::IdHash& patient,
                                              const record::View& view) const {
  Found found = find(patient, {});
  bool is_brought = found.leader && occurrences_[*found.leader].type == fhir::kPatientType &&
                    occurrences_[*found.leader].fate == Fate::kStore &&
                    id_of(*found.leader).hash == patient;
  if (is_brought) {
    return home_of(*found.leader);
  }
  TRY(auto located, view.find(fhir::kPatientType, patient));
  return located && located->source == source_ ? located->key.ord : record::Ord();
}

}  // namespace continuum::service
