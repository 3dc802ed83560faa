#include "synth/person.h"

#include <algorithm>

#include "synth/draw.h"

namespace continuum::synth {
namespace {

constexpr int64_t kDaysInBand = 1826;
// Relative numbers of people by five years of age, 0-4 to 95-99: roughly England's shape.
constexpr std::array<uint16_t, 20> kPyramid = {55, 60, 62, 58, 61, 66, 69, 68, 66, 62,
                                               67, 67, 59, 50, 45, 40, 25, 14, 6,  2};
constexpr int64_t kDeathsWithinDays = 3 * 365;

template <typename Table, typename Weight>
size_t pick_weighted(SeededRandom& random, const Table& table, Weight weight) {
  int64_t total = 0;
  for (const auto& row : table) {
    total += weight(row);
  }
  int64_t left = random.between(0, total - 1);
  size_t at = 0;
  while (left >= weight(table[at])) {
    left -= weight(table[at]);
    ++at;
  }
  return at;
}

int64_t draw_birth_day(SeededRandom& random, int64_t end_day) {
  size_t band = pick_weighted(random, kPyramid, [](uint16_t people) { return int64_t{people}; });
  int64_t youngest = static_cast<int64_t>(band) * kDaysInBand + 1;
  return end_day - random.between(youngest, youngest + kDaysInBand - 1);
}

std::optional<int64_t> draw_death_day(SeededRandom& random, int64_t birth_day, int64_t end_day) {
  int64_t age = (end_day - birth_day) / 365;
  int64_t per_mille = age >= 80 ? 130 : age >= 60 ? 28 : 3;
  if (!chance(random, per_mille)) {
    return std::nullopt;
  }
  int64_t first = std::max(birth_day + 2, end_day - kDeathsWithinDays);
  return first < end_day ? std::optional(random.between(first, end_day - 1)) : std::nullopt;
}

void draw_name(SeededRandom& random, Person& person) {
  const NamePool& pool = name_pools()[person.ethnicity->names];
  auto given = person.sex == Sex::kFemale ? pool.women : pool.men;
  person.identity.given = pick(random, given);
  if (chance(random, 550)) {
    person.identity.middle = pick(random, given);
  }
  person.identity.family = pick(random, pool.families);
  bool adult_woman = person.sex == Sex::kFemale && person.age_on(person.last_day) >= 22;
  if (adult_woman && chance(random, 500)) {
    person.maiden_name = pick(random, pool.families);
    if (person.maiden_name == person.identity.family) {
      person.maiden_name.clear();
    }
  }
}

void draw_address(SeededRandom& random, Person& person) {
  person.address.house = random.between(1, 180);
  person.address.street = pick(random, streets());
  size_t town = random.below(towns().size());
  person.address.town = towns()[town];
  // No British postcode area begins with Q.
  std::string& postcode = person.address.postcode;
  postcode = "QX" + std::to_string(town + 1) + " " + std::to_string(random.below(10));
  constexpr std::string_view kLetters = "ABDEFGHJLNPQRSTUWXYZ";
  postcode.push_back(pick(random, kLetters));
  postcode.push_back(pick(random, kLetters));
  // The ranges set aside for drama: they reach nobody.
  std::string tail = std::to_string(1000 + random.below(1000)).substr(1);
  person.phone = (chance(random, 700) ? "07700 900" : "01632 960") + tail;
}

// Per mille, on the line through prevalence at 20, 40, 60 and 80 years.
int64_t prevalence_at(const LongTermKind& kind, int64_t age) {
  if (age < 20) {
    return int64_t{kind.prevalence[0]} * (age + 4) / 24;
  }
  auto step = static_cast<size_t>(std::min<int64_t>((age - 20) / 20, 2));
  int64_t from = kind.prevalence[step];
  int64_t to = kind.prevalence[step + 1];
  int64_t along = age - 20 - static_cast<int64_t>(step) * 20;
  return std::clamp<int64_t>(from + (to - from) * along / 20, 0, 900);
}

bool can_have(OnlyFor only_for, Sex sex) {
  return only_for == OnlyFor::kAnyone || (only_for == OnlyFor::kWomen) == (sex == Sex::kFemale);
}

void draw_long_term(SeededRandom& random, Person& person) {
  int64_t age = person.age_on(person.last_day);
  for (const LongTermKind& kind : long_term_kinds()) {
    if (!can_have(kind.only_for, person.sex) || age < kind.onset_age_min ||
        !chance(random, prevalence_at(kind, age))) {
      continue;
    }
    int64_t first = person.identity.birth_day + int64_t{kind.onset_age_min} * 36525 / 100;
    int64_t last = person.last_day;
    // The later of two draws: most conditions are of recent years.
    int64_t onset =
        first >= last ? last : std::max(random.between(first, last), random.between(first, last));
    person.long_term.push_back({&kind, onset});
  }
  std::stable_sort(person.long_term.begin(), person.long_term.end(),
                   [](const LongTerm& a, const LongTerm& b) { return a.onset_day < b.onset_day; });
}

}  // namespace

Person draw_person(SeededRandom& random, uint32_t index, int64_t end_day) {
  Person person;
  person.index = index;
  person.sex = chance(random, 508) ? Sex::kFemale : Sex::kMale;
  person.ethnicity = &ethnic_groups()[pick_weighted(
      random, ethnic_groups(), [](const EthnicGroup& group) { return int64_t{group.weight}; })];
  person.identity.birth_day = draw_birth_day(random, end_day);
  person.death_day = draw_death_day(random, person.identity.birth_day, end_day);
  person.last_day = person.death_day.value_or(end_day) - 1;
  draw_name(random, person);
  draw_address(random, person);
  bool woman = person.sex == Sex::kFemale;
  person.adult_height_mm = around(random, woman ? 1625 : 1760, 110);
  person.adult_weight_hg = around(random, woman ? 700 : 830, 210);
  person.pressure_shift = around(random, 0, 14);
  person.smokes = chance(random, 130);
  draw_long_term(random, person);
  for (const Allergen& allergen : allergens()) {
    if (chance(random, 45)) {
      person.allergies.push_back(&allergen);
    }
  }
  return person;
}

}  // namespace continuum::synth
