// With which patients the resources of a write belong (fhir/home.h). Internal.
#pragma once

#include "service/write_names.h"

namespace continuum::service {

// One thread at a time; writing and names must outlive it.
class WriteHomes {
 public:
  WriteHomes(Writing& writing, WriteNames& names) : writing_(writing), names_(names) {}

  // Without making any place: for a patient that is new, one that stands for it.
  Status try_home(size_t index);
  // Fills in home and also_about, and makes places. A place that is made is kept: so not before all
  // have one.
  Status find_home(size_t index);

 private:
  using Named = WriteNames::Named;

  Result<record::Ord> home_of(size_t index, size_t depth);
  Result<record::Ord> home_by_candidates(const Change& change, ChangePlan& plan, size_t depth);
  Result<record::Ord> patient_of_author(const Change& change, const ChangePlan& plan) const;
  bool is_for_everyone(const std::optional<Named>& named) const;
  Result<record::Ord> patient_of(const std::optional<Named>& named, size_t depth);
  Result<std::optional<record::Ord>> patient_itself(const std::optional<Named>& named);

  Writing& writing_;
  WriteNames& names_;
  bool makes_places_ = false;
};

}  // namespace continuum::service
