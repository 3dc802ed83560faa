#include "service/write_homes.h"

#include <algorithm>

#include "service/author_place.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

using record::Ord;

tl::unexpected<Error> unknown_patient() {
  return invalid_write("the resource names a patient that this source has not sent", "",
                       "send the Patient first, or name it by the id it was given here");
}

void add_also_about(std::optional<Ord> patient, Ord home, ChangePlan& plan) {
  auto& known = plan.also_about;
  if (patient && *patient != home &&
      std::find(known.begin(), known.end(), *patient) == known.end()) {
    known.push_back(*patient);
  }
}

// Stands for the place that a new patient will get.
Ord a_place_to_be(const record::IdHash& patient) {
  return Ord::patient(record::IdMinter::bucket_of(patient), UINT32_MAX);
}

}  // namespace

Status WriteHomes::try_home(size_t index) {
  makes_places_ = false;
  TRY(home_of(index, 0));
  return {};
}

Status WriteHomes::find_home(size_t index) {
  makes_places_ = true;
  TRY(writing_.plans[index].home, home_of(index, 0));
  return {};
}

Result<Ord> WriteHomes::patient_of_author(const Change& change, const ChangePlan& plan) const {
  bool is_sibling = names_.is_of_sibling(change, "Patient/" + plan.patient);
  return place_of_author(writing_.context.visit, change.type, is_sibling ? "" : plan.patient);
}

Result<Ord> WriteHomes::home_of(size_t index, size_t depth) {
  ChangePlan& plan = writing_.plans[index];
  const Change& change = writing_.changes[index];
  if (plan.home) {
    return *plan.home;
  }
  bool stays = change.kind == Change::Kind::kDelete || change.type == fhir::kPatientType;
  if (plan.stored && (plan.keeps || stays)) {
    return plan.stored->key.ord;
  }
  if (!plan.changes) {
    return Ord::shared();  // nothing is stored
  }
  if (writing_.author) {
    return patient_of_author(change, plan);
  }
  if (change.type == fhir::kPatientType) {
    const record::IdHash& hash = plan.resource.id.hash;
    return makes_places_ ? writing_.context.store.place_patient(writing_.source, hash, plan.own_id)
                         : a_place_to_be(hash);
  }
  if (fhir::is_shared_type(change.type)) {
    return Ord::shared();
  }
  return home_by_candidates(change, plan, depth);
}

Result<Ord> WriteHomes::home_by_candidates(const Change& change, ChangePlan& plan, size_t depth) {
  plan.also_about.clear();
  std::optional<Ord> home;
  for (const std::string& reference : plan.candidates) {
    TRY(auto named, names_.find(change, reference));
    if (home) {
      TRY(auto patient, patient_itself(named));
      add_also_about(patient, *home, plan);
    } else if (!is_for_everyone(named)) {
      TRY(home, patient_of(named, depth));
    }
  }
  if (plan.also_about.size() >= record::kPlacesMax) {
    return fail(ErrorCode::kTooLarge, "the resource is about too many patients",
                {{"", "at most " + std::to_string(record::kPlacesMax)}});
  }
  const Ord place = plan.stored ? plan.stored->key.ord : Ord::quarantine(writing_.source);
  // It stays with whom it is about still, in whatever order they are named.
  auto still = std::find(plan.also_about.begin(), plan.also_about.end(), place);
  if (home && still != plan.also_about.end()) {
    std::swap(*home, *still);
  }
  // What names nobody stays where it is.
  return home.value_or(place);
}

// A URN doesn't say what it names: when that is for everyone, the next candidate counts.
bool WriteHomes::is_for_everyone(const std::optional<Named>& named) const {
  return named && fhir::is_shared_type(names_.type_of(*named));
}

// The patient that a reference leads to, itself or by what it names first in turn. One chain, of
// bounded length.
Result<Ord> WriteHomes::patient_of(const std::optional<Named>& named, size_t depth) {
  // SAFETY: what is about a Group is not about the first of its members.
  static const fhir::TypeNumber group = *fhir::type_number("Group");
  if (!named || names_.type_of(*named) == group || depth == kHomeDepthMax) {
    return unknown_patient();
  }
  Ord ord;
  if (named->change) {
    TRY(ord, home_of(*named->change, depth + 1));
  } else if (named->located.source == writing_.source) {
    ord = named->located.key.ord;
  }
  return ord.is_patient() ? Result<Ord>(ord) : unknown_patient();
}

// The same when it names a Patient of this source directly; others concern nobody else.
Result<std::optional<Ord>> WriteHomes::patient_itself(const std::optional<Named>& named) {
  if (!named || names_.type_of(*named) != fhir::kPatientType) {
    return std::optional<Ord>();
  }
  if (!named->change && named->located.source != writing_.source) {
    return std::optional<Ord>();
  }
  TRY(Ord ord, patient_of(named, 0));
  return std::optional(ord);
}

}  // namespace continuum::service
