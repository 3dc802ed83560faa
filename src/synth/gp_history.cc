// General practice: registration, the problem list, consultations, yearly reviews with blood tests
// and repeat prescriptions, vaccinations.
#include <algorithm>

#include "base/instant.h"
#include "synth/history.h"
#include "synth/resources.h"

namespace continuum::synth {
namespace {

constexpr int64_t kYearDays = 365;
constexpr int64_t kConsultationYears = 7;
constexpr int64_t kReviewYears = 4;
constexpr int64_t kVaccineYears = 7;
// Children born since 1990-01-01 get the vaccines of the tables; what older people had is not
// known.
constexpr int64_t kTodaysScheduleDay = 7305;
constexpr int64_t kAdultAge = 18;
// The last days of a record hold no visit, so that what follows a visit still fits.
constexpr int64_t kQuietDays = 3;

enum class What : uint8_t { kProblem, kAllergy, kVaccine, kConsultation, kReview };

struct Visit {
  int64_t day;
  What what;
  size_t which;  // index of the problem, allergy or vaccine
  int64_t dose;
};

class GpHistory {
 public:
  explicit GpHistory(Chart& chart)
      : chart_(chart),
        random_(chart.random),
        person_(chart.person),
        born_(chart.identity.birth_day),
        last_(chart.person.last_day - kQuietDays) {}

  void write() {
    plan_problems();
    plan_vaccines();
    plan_consultations();
    plan_reviews();
    std::stable_sort(visits_.begin(), visits_.end(),
                     [](const Visit& a, const Visit& b) { return a.day < b.day; });
    write_patient(chart_);
    write_registration();
    for (const Visit& visit : visits_) {
      write_visit(visit);
    }
    write_plan();
  }

 private:
  void add(int64_t day, What what, size_t which = 0, int64_t dose = 0) {
    if (day >= born_ && day <= last_) {
      visits_.push_back({day, what, which, dose});
    }
  }

  void plan_problems() {
    for (size_t i = 0; i < person_.long_term.size(); ++i) {
      add(person_.long_term[i].onset_day, What::kProblem, i);
    }
    for (size_t i = 0; i < person_.allergies.size(); ++i) {
      if (last_ > born_) {
        add(random_.between(born_, last_), What::kAllergy, i);
      }
    }
  }

  void plan_vaccines() {
    plan_childhood_vaccines();
    add(born_ + 70 * 36525 / 100 + random_.between(0, 300), What::kVaccine, kShingles, 1);
    plan_seasonal_vaccines();
  }

  void plan_childhood_vaccines() {
    if (born_ < kTodaysScheduleDay) {
      return;
    }
    for (int64_t dose = 1; dose <= 3; ++dose) {
      add(born_ + 28 * (dose + 1) + random_.between(0, 9), What::kVaccine, kSixInOne, dose);
    }
    add(born_ + 370 + random_.between(0, 30), What::kVaccine, kMmr, 1);
    add(born_ + 370 + random_.between(0, 30), What::kVaccine, kPneumococcal, 1);
    add(born_ + 1220 + random_.between(0, 60), What::kVaccine, kMmr, 2);
  }

  void plan_seasonal_vaccines() {
    int64_t this_year = civil_from_days(last_).year;
    for (int64_t year = this_year - kVaccineYears; year <= this_year; ++year) {
      int64_t autumn = days_from_civil(year, 9, 20) + random_.between(0, 80);
      int64_t age = person_.age_on(autumn);
      bool invited = age >= 65 || person_.long_term.size() >= 3 || (age >= 2 && age <= 10);
      if (invited && chance(random_, 720)) {
        add(autumn, What::kVaccine, kInfluenza, 1);
      }
      if (year >= 2021 && age >= (year < 2023 ? 16 : 75) && chance(random_, 700)) {
        add(autumn + 12, What::kVaccine, kCovid, year - 2020);
      }
    }
  }

  int64_t consultations_a_decade(int64_t age) const {
    int64_t base = age < 5 ? 38 : age < 18 ? 15 : age < 40 ? 18 : age < 65 ? 21 : 25;
    return base + static_cast<int64_t>(person_.long_term.size()) * 2;
  }

  void plan_consultations() {
    for (int64_t year = 0; year < kConsultationYears; ++year) {
      int64_t end = last_ - year * kYearDays;
      int64_t tenths = consultations_a_decade(person_.age_on(end));
      int64_t count = tenths / 10 + (chance(random_, tenths % 10 * 100) ? 1 : 0);
      for (int64_t i = 0; i < count; ++i) {
        add(end - random_.between(0, kYearDays - 1), What::kConsultation);
      }
    }
  }

  void plan_reviews() {
    int64_t first_onset = person_.long_term.empty() ? last_ : person_.long_term.front().onset_day;
    for (int64_t year = 0; year < kReviewYears; ++year) {
      int64_t day = last_ - year * kYearDays - random_.between(20, 200);
      if (day > first_onset && chance(random_, 850)) {
        add(day, What::kReview);
      }
    }
  }

  void write_registration() {
    int64_t move_in = last_ > born_ + 30 ? random_.between(born_ + 14, last_) : born_;
    // Most people register as children or have been with the practice for long.
    move_in = chance(random_, 500) ? std::min(born_ + 20, move_in) : move_in;
    std::optional<int64_t> left = person_.death_day;
    write_episode_of_care(chart_, move_in, left);
  }

  Moment moment_on(int64_t day, bool with_encounter) {
    Moment moment{chart_.working_hour(day), &chart_.any_staff(), std::nullopt};
    if (with_encounter) {
      moment.encounter = draw_uuid(random_);
    }
    return moment;
  }

  void write_visit(const Visit& visit) {
    switch (visit.what) {
      case What::kProblem: {
        const LongTerm& problem = person_.long_term[visit.which];
        problems_.push_back(write_condition(chart_, moment_on(visit.day, false), Category::kProblem,
                                            problem.kind->code, problem.onset_day, std::nullopt));
        return;
      }
      case What::kAllergy:
        write_allergy_intolerance(chart_, moment_on(visit.day, false),
                                  *person_.allergies[visit.which]);
        return;
      case What::kVaccine:
        write_immunization(chart_, moment_on(visit.day, false), vaccines()[visit.which],
                           visit.dose);
        return;
      case What::kConsultation:
        write_consultation(visit.day);
        return;
      case What::kReview:
        write_review(visit.day);
        return;
    }
  }

  void write_consultation(int64_t day) {
    Moment moment = moment_on(day, true);
    const MinorKind& illness = pick(random_, minor_kinds());
    bool telephone = chance(random_, 350);
    write_encounter(chart_, moment, telephone ? Setting::kTelephone : Setting::kSurgery,
                    illness.code, random_.between(6, 25));
    if (chance(random_, 400)) {
      write_condition(chart_, moment, Category::kEncounterDiagnosis, illness.code,
                      std::max(born_, day - random_.between(1, 14)), day);
    }
    if (!telephone) {
      write_surgery_signs(moment, day);
    }
    if (illness.medicine != kNoMedicine && chance(random_, 600)) {
      write_medication_request(chart_, moment, medicines()[illness.medicine], Repeat::kOnce,
                               illness.code);
    }
    if (chance(random_, 120)) {
      write_diagnostic_report(chart_, moment, panels()[random_.below(panels().size())]);
    }
    write_follow_up(moment, illness.code);
  }

  void write_surgery_signs(const Moment& moment, int64_t day) {
    bool adult = person_.age_on(day) >= kAdultAge;
    if (adult && chance(random_, 500)) {
      write_blood_pressure(chart_, moment);
    }
    if (chance(random_, adult ? 150 : 500)) {
      write_body_weight(chart_, moment);
    }
    if (!adult && chance(random_, 400)) {
      write_body_height(chart_, moment);
    }
  }

  void write_follow_up(const Moment& moment, const Code& reason) {
    if (chance(random_, 100)) {
      write_service_request(chart_, moment, pick(random_, hospital_kinds()).specialty, reason);
    }
    if (chance(random_, 40)) {
      write_task(chart_, moment, *moment.encounter);
    }
    if (chance(random_, 60)) {
      write_document_reference(chart_, moment, {"371531000", "Report of consultation"}, reason);
    }
  }

  void write_review(int64_t day) {
    Moment moment = moment_on(day, true);
    write_encounter(chart_, moment, Setting::kSurgery, person_.long_term.front().kind->code, 20);
    if (person_.age_on(day) >= kAdultAge) {
      write_blood_pressure(chart_, moment);
      write_body_weight(chart_, moment);
    }
    if (person_.age_on(day) >= kAdultAge && chance(random_, 350)) {
      write_smoking_status(chart_, moment);
    }
    uint32_t panels_done = 0;
    uint32_t medicines_done = 0;
    for (const LongTerm& problem : person_.long_term) {
      if (problem.onset_day >= day) {
        break;
      }
      write_review_of(moment, *problem.kind, panels_done, medicines_done);
    }
  }

  // The masks hold what an earlier problem of the same review has already led to.
  void write_review_of(const Moment& moment, const LongTermKind& kind, uint32_t& panels_done,
                       uint32_t& medicines_done) {
    for (uint8_t panel : kind.panels) {
      if (panel < panels().size() && (panels_done >> panel & 1) == 0) {
        panels_done |= 1U << panel;
        write_diagnostic_report(chart_, moment, panels()[panel]);
      }
    }
    for (uint8_t medicine : kind.medicines) {
      if (medicine != kNoMedicine && (medicines_done >> medicine & 1) == 0) {
        medicines_done |= 1U << medicine;
        write_medication_request(chart_, moment, medicines()[medicine], Repeat::kRepeat, kind.code);
      }
    }
  }

  void write_plan() {
    if (problems_.size() >= 4 && !visits_.empty() && chance(random_, 600)) {
      Moment moment = moment_on(visits_.back().day, false);
      write_care_plan(chart_, moment, "Personalised care and support plan", problems_);
    }
  }

  Chart& chart_;
  SeededRandom& random_;
  const Person& person_;
  int64_t born_;
  int64_t last_;
  std::vector<Visit> visits_;
  std::vector<Uuid> problems_;
};

}  // namespace

void write_gp_history(Chart& chart) {
  GpHistory(chart).write();
}

}  // namespace continuum::synth
