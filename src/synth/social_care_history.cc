// A council's social care: contact, assessment, plan, visits, risks.
#include <algorithm>

#include "synth/history.h"
#include "synth/resources.h"

namespace continuum::synth {
namespace {

constexpr int64_t kInvolvedDaysMax = 5 * 365;
constexpr Code kReasons[] = {{"1077751000000100", "Help at home"},
                             {"129839007", "At risk of falls"},
                             {"224208007", "Family under strain"},
                             {"5935008", "Hospital discharge support"}};
constexpr Code kRisks[] = {{"129839007", "At risk of falls"},
                           {"225915006", "At risk of harm from others"},
                           {"225448005", "Lives alone, key safe code needed"}};

void write_visits(Chart& chart, int64_t first, int64_t last) {
  int64_t count = chart.random.between(1, 6);
  std::vector<int64_t> days;
  for (int64_t i = 0; i < count; ++i) {
    days.push_back(chart.random.between(first, last));
  }
  std::sort(days.begin(), days.end());
  for (int64_t day : days) {
    Moment moment{chart.working_hour(day), &chart.any_staff(), draw_uuid(chart.random)};
    const Code& reason = pick(chart.random, kReasons);
    write_encounter(chart, moment, Setting::kHome, reason, chart.random.between(20, 90));
    if (chance(chart.random, 400)) {
      write_task(chart, moment, *moment.encounter);
    }
    if (chance(chart.random, 300)) {
      write_document_reference(chart, moment, {"823571000000103", "Review of care package"},
                               reason);
    }
  }
}

}  // namespace

void write_social_care_history(Chart& chart) {
  const Person& person = chart.person;
  write_patient(chart);
  int64_t last = person.last_day - 2;
  int64_t first = std::max(person.identity.birth_day, last - kInvolvedDaysMax);
  if (last <= first) {
    return;
  }
  int64_t start = chart.random.between(first, last);
  bool closed = person.death_day.has_value() || chance(chart.random, 350);
  write_episode_of_care(chart, start, closed ? std::optional(last) : std::nullopt);
  Moment contact{chart.working_hour(start), &chart.any_staff(), std::nullopt};
  const Code& reason = pick(chart.random, kReasons);
  write_service_request(chart, contact, "Adult social care", reason);
  contact.encounter = draw_uuid(chart.random);
  write_encounter(chart, contact, Setting::kHome, reason, 75);
  write_questionnaire_response(chart, contact);
  Uuid plan = write_care_plan(chart, contact, "Care and support plan", {});
  write_task(chart, contact, plan);
  if (chance(chart.random, 500)) {
    write_flag(chart, contact, pick(chart.random, kRisks));
  }
  write_visits(chart, start, last);
}

}  // namespace continuum::synth
