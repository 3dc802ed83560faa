// An acute trust: emergency attendances, admissions and outpatient clinics, each around one
// problem.
#include <algorithm>

#include "synth/history.h"
#include "synth/resources.h"

namespace continuum::synth {
namespace {

constexpr int64_t kHospitalDays = 7 * 365;
constexpr int64_t kLongestStayDays = 12;

struct Spell {
  int64_t day;
  Setting setting;
  const HospitalKind* kind;
};

bool is_plausible(const HospitalKind& kind, const Person& person, int64_t day) {
  int64_t age = person.age_on(day);
  bool sex = kind.only_for == OnlyFor::kAnyone ||
             (kind.only_for == OnlyFor::kWomen) == (person.sex == Sex::kFemale);
  return sex && age >= kind.age_min && age <= kind.age_max;
}

const HospitalKind& draw_kind(Chart& chart, int64_t day) {
  int64_t total = 0;
  for (const HospitalKind& kind : hospital_kinds()) {
    total += is_plausible(kind, chart.person, day) ? kind.weight : 0;
  }
  int64_t left = chart.random.between(0, total - 1);
  for (const HospitalKind& kind : hospital_kinds()) {
    left -= is_plausible(kind, chart.person, day) ? kind.weight : 0;
    if (left < 0) {
      return kind;
    }
  }
  return hospital_kinds().front();
}

Setting draw_setting(SeededRandom& random) {
  int64_t draw = random.between(0, 99);
  return draw < 35 ? Setting::kEmergency : draw < 70 ? Setting::kOutpatient : Setting::kInpatient;
}

std::vector<Spell> plan_spells(Chart& chart) {
  int64_t last = chart.person.last_day - kLongestStayDays - 2;
  int64_t first = std::max(chart.identity.birth_day, chart.person.last_day - kHospitalDays);
  first = std::max(first, chart.person.identity.birth_day);
  std::vector<Spell> spells;
  if (last <= first) {
    return spells;
  }
  int64_t age = chart.person.age_on(last);
  int64_t count = chart.random.between(1, age >= 75 ? 7 : age >= 50 ? 5 : 3);
  for (int64_t i = 0; i < count; ++i) {
    int64_t day = chart.random.between(first, last);
    spells.push_back({day, draw_setting(chart.random), &draw_kind(chart, day)});
  }
  std::stable_sort(spells.begin(), spells.end(),
                   [](const Spell& a, const Spell& b) { return a.day < b.day; });
  return spells;
}

void write_tests(Chart& chart, const Moment& moment) {
  write_diagnostic_report(chart, moment, panels()[kBloodCount]);
  write_diagnostic_report(chart, moment, panels()[kRenal]);
  if (chance(chart.random, 600)) {
    write_diagnostic_report(chart, moment, panels()[kInflammation]);
  }
}

void write_emergency(Chart& chart, const Moment& moment, const HospitalKind& kind) {
  write_encounter(chart, moment, Setting::kEmergency, kind.code, chart.random.between(50, 420));
  write_bedside_signs(chart, moment);
  if (chance(chart.random, 450)) {
    write_tests(chart, moment);
  }
  if (chance(chart.random, 400)) {
    write_imaging_report(chart, moment, {"399208008", "Chest X-ray"});
  }
  write_document_reference(chart, moment, {"823691000000103", "Emergency discharge letter"},
                           kind.code);
}

void write_outpatient(Chart& chart, const Moment& moment, const HospitalKind& kind) {
  int64_t booked = moment.seconds - chart.random.between(20, 160) * kDaySeconds;
  write_appointment(chart, moment, kind.specialty,
                    std::max(booked, chart.person.identity.birth_day * kDaySeconds));
  write_encounter(chart, moment, Setting::kOutpatient, kind.code, 20);
  if (chance(chart.random, 300)) {
    write_procedure(chart, moment, kind.procedure, kind.code);
  }
  write_document_reference(chart, moment, {"823681000000100", "Outpatient letter"}, kind.code);
}

void write_admission(Chart& chart, const Moment& moment, const HospitalKind& kind) {
  int64_t days = chart.random.between(1, kLongestStayDays);
  write_encounter(chart, moment, Setting::kInpatient, kind.code, days * 24 * 60);
  write_condition(chart, moment, Category::kEncounterDiagnosis, kind.code,
                  moment.seconds / kDaySeconds, std::nullopt);
  Moment ward = moment;
  for (int64_t day = 0; day < std::min<int64_t>(days, 3); ++day) {
    ward.seconds = chart.before_end(moment.seconds + day * kDaySeconds + 3600);
    ward.staff = &chart.any_staff();
    write_bedside_signs(chart, ward);
    if (day != 1) {
      write_tests(chart, ward);
    }
    if (day == 0) {
      write_procedure(chart, ward, kind.procedure, kind.code);
    }
  }
  write_medication_request(chart, moment, pick(chart.random, medicines()), Repeat::kOnce,
                           kind.code);
  ward.seconds = chart.before_end(moment.seconds + days * kDaySeconds);
  write_document_reference(chart, ward, {"373942005", "Discharge summary"}, kind.code);
}

}  // namespace

void write_hospital_history(Chart& chart) {
  write_patient(chart);
  bool told_of_allergies = false;
  for (const Spell& spell : plan_spells(chart)) {
    Moment moment{chart.working_hour(spell.day), &chart.any_staff(), draw_uuid(chart.random)};
    switch (spell.setting) {
      case Setting::kEmergency:
        write_emergency(chart, moment, *spell.kind);
        break;
      case Setting::kOutpatient:
        write_outpatient(chart, moment, *spell.kind);
        break;
      default:
        write_admission(chart, moment, *spell.kind);
        break;
    }
    if (!told_of_allergies) {
      told_of_allergies = true;
      for (const Allergen* allergen : chart.person.allergies) {
        write_allergy_intolerance(chart, moment, *allergen);
      }
    }
  }
}

}  // namespace continuum::synth
