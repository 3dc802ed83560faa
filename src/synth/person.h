// One invented person: who they are and what they live with. Pure: the same draws give the same
// person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "synth/vocabulary.h"

namespace continuum::synth {

// What a source calls a person. Sources may hold different ones for the same person.
struct Identity {
  std::string nhs_number;  // empty when the source has none
  int64_t birth_day = 0;   // days since 1970-01-01
  std::string family;
  std::string given;
  std::string middle;  // may be empty
};

struct Address {
  int64_t house = 0;
  std::string_view street;
  std::string_view town;
  std::string postcode;
};

struct LongTerm {
  const LongTermKind* kind = nullptr;
  int64_t onset_day = 0;
};

struct Person {
  uint32_t index = 0;
  Identity identity;
  std::string maiden_name;  // empty unless the surname changed by marriage
  Sex sex = Sex::kFemale;
  const EthnicGroup* ethnicity = nullptr;
  Address address;
  std::string phone;
  std::optional<int64_t> death_day;
  int64_t last_day = 0;  // nothing happens to the person after this day
  int64_t adult_height_mm = 0;
  int64_t adult_weight_hg = 0;  // hundreds of grams
  int64_t pressure_shift = 0;   // mmHg against the mean for the age
  bool smokes = false;
  std::vector<LongTerm> long_term;  // in order of onset
  std::vector<const Allergen*> allergies;

  // Whole years on a day; 0 before the first birthday.
  int64_t age_on(int64_t day) const { return (day - identity.birth_day) * 100 / 36525; }
};

// A person born before `end_day`, on which nothing happens any more. The NHS number is left empty.
Person draw_person(SeededRandom& random, uint32_t index, int64_t end_day);

}  // namespace continuum::synth
