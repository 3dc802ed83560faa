#include <algorithm>

#include "base/check.h"
#include "synth/history.h"
#include "synth/region.h"
#include "synth/resources.h"

namespace continuum::synth {
namespace {

constexpr int64_t kMicrosInDay = 86'400'000'000;
constexpr int64_t kFirstAsAtDay = 10957;  // 2000-01-01
constexpr int64_t kLastAsAtDay = 376199;  // 2999-12-31

// Where a person has records.
using Attendance = std::array<bool, kSourceCount>;

int64_t social_care_per_mille(int64_t age) {
  return age >= 80 ? 550 : age >= 65 ? 260 : age >= 18 ? 100 : 80;
}

Attendance draw_attendance(SeededRandom& random, const Person& person) {
  Attendance at{};
  bool registered = !chance(random, 10);
  at[chance(random, 560) ? kGpOne : kGpTwo] = registered;
  int64_t trusts = random.between(0, 999);
  if (trusts < 100) {
    at[kTrustOne] = at[kTrustTwo] = true;
  } else if (trusts < 700 || !registered) {
    at[chance(random, 500) ? kTrustOne : kTrustTwo] = true;
  }
  at[kSocialCareOne] = chance(random, social_care_per_mille(person.age_on(person.last_day)));
  return at;
}

// A birth date as it gets miskeyed: a day out, ten years out, or the first of January.
int64_t miskeyed_birth_day(SeededRandom& random, int64_t day) {
  switch (random.below(3)) {
    case 0:
      return day - 1;
    case 1:
      return day - 3652;
    default: {
      int64_t first = days_from_civil(civil_from_days(day).year, 1, 1);
      return first == day ? day - 365 : first;
    }
  }
}

// Another spelling of the same surname.
std::string respelled(const std::string& name) {
  std::string plain;
  for (char c : name) {
    if ((static_cast<unsigned char>(c) & 0x80) == 0 && c != '\'' && c != '-') {
      plain.push_back(c);
    }
  }
  if (plain != name && plain.size() >= 3) {
    return plain;
  }
  return name.back() == 'e' ? name.substr(0, name.size() - 1) : name + "e";
}

// General practices hold the truth; the others err now and then.
Identity draw_identity(SeededRandom& random, const Person& person, SourceKind kind,
                       std::vector<Alteration>& altered) {
  Identity identity = person.identity;
  if (kind == SourceKind::kGpPractice) {
    return identity;
  }
  int64_t number = random.between(0, 999);
  if (number < 20) {
    identity.nhs_number.clear();
    altered.push_back(Alteration::kNoNhsNumber);
  } else if (number < 25) {
    char& check = identity.nhs_number.back();
    check = check == '9' ? '0' : static_cast<char>(check + 1);
    altered.push_back(Alteration::kInvalidNhsNumber);
  }
  if (chance(random, 10)) {
    identity.birth_day = miskeyed_birth_day(random, identity.birth_day);
    altered.push_back(Alteration::kWrongBirthDate);
  }
  if (chance(random, 10)) {
    bool maiden = !person.maiden_name.empty();
    identity.family = maiden ? person.maiden_name : respelled(identity.family);
    altered.push_back(Alteration::kOtherName);
  }
  return identity;
}

void write_history(Chart& chart) {
  switch (chart.source.kind) {
    case SourceKind::kGpPractice:
      return write_gp_history(chart);
    case SourceKind::kAcuteTrust:
      return write_hospital_history(chart);
    case SourceKind::kSocialCare:
      return write_social_care_history(chart);
  }
}

// A sequence of its own for each person, unrelated to its neighbours'.
SeededRandom random_of(uint64_t seed, uint32_t index) {
  SeededRandom region(seed);
  SeededRandom person(region.next() ^ (uint64_t{index} + 1) * 0xD1B54A32D192ED03ULL);
  return SeededRandom(person.next());
}

}  // namespace

std::string_view to_string(Alteration alteration) {
  switch (alteration) {
    case Alteration::kNoNhsNumber:
      return "no-nhs-number";
    case Alteration::kInvalidNhsNumber:
      return "invalid-nhs-number";
    case Alteration::kWrongBirthDate:
      return "wrong-birth-date";
    case Alteration::kOtherName:
      break;
  }
  return "other-name";
}

Result<Generator> Generator::create(const Options& options) {
  if (options.people > kNhsNumbersMax) {
    return fail(ErrorCode::kInvalid,
                "at most " + std::to_string(kNhsNumbersMax) +
                    " people: there are no more valid NHS numbers that start 999");
  }
  int64_t day = options.as_at.micros / kMicrosInDay;
  if (options.as_at.micros < 0 || day < kFirstAsAtDay || day > kLastAsAtDay) {
    return fail(ErrorCode::kInvalid, "the date of the region must be from 2000 to 2999");
  }
  return Generator(options);
}

Generator::Generator(const Options& options) : options_(options), numbers_(options.seed) {
  for (size_t source = 0; source < kSourceCount; ++source) {
    staff_[source] = draw_staff(options.seed, source);
  }
}

void Generator::write_person(uint32_t index, PersonBundles& out) const {
  CHECK(index < options_.people);
  int64_t end_day = options_.as_at.micros / kMicrosInDay;
  SeededRandom random = random_of(options_.seed, index);
  Person person = draw_person(random, index, end_day);
  person.identity.nhs_number = numbers_.at(index);
  Attendance at = draw_attendance(random, person);
  size_t gp = at[kGpTwo] ? kGpTwo : kGpOne;

  out.index = index;
  out.nhs_number = person.identity.nhs_number;
  out.birth_date.clear();
  append_date(out.birth_date, person.identity.birth_day);
  out.patients.resize(static_cast<size_t>(std::count(at.begin(), at.end(), true)));
  auto patient = out.patients.begin();
  for (size_t source = 0; source < kSourceCount; ++source) {
    if (!at[source]) {
      continue;
    }
    patient->source = source;
    patient->altered.clear();
    Identity identity = draw_identity(random, person, sources()[source].kind, patient->altered);
    BundleWriter bundle(patient->bundle, sources()[source].sends_ids);
    Chart chart{bundle,
                random,
                person,
                sources()[source],
                staff_[source],
                identity,
                sources()[gp],
                staff_[gp].front(),
                draw_uuid(random),
                end_day * kDaySeconds};
    patient->patient_full_url = "urn:uuid:" + std::string(chart.patient.view());
    write_history(chart);
    bundle.finish();
    patient->resources = bundle.resources();
    ++patient;
  }
}

std::string Generator::organisations(size_t source) const {
  std::string out;
  write_organisations(out, sources()[source], staff_[source], options_.seed);
  return out;
}

}  // namespace continuum::synth
