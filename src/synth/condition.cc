#include "synth/resources.h"

namespace continuum::synth {
Uuid write_condition(Chart& chart, const Moment& moment, Category category, const Code& code,
                     int64_t onset_day, std::optional<int64_t> ended_day) {
  Uuid id = draw_uuid(chart.random);
  std::string note = draw_note(chart.random, chart.random.between(2, 4));
  chart.bundle.open("Condition", "Condition", id);
  begin_narrative(chart);
  cat(chart.text(), "<p><b>", code.display, "</b> since ");
  append_date(chart.text(), onset_day);
  chart.text() += "</p>";
  end_narrative(chart);
  add_identifier(chart, "condition");
  add_state(chart, "clinicalStatus", "condition-clinical", ended_day ? "resolved" : "active");
  add_state(chart, "verificationStatus", "condition-ver-status", "confirmed");
  cat(chart.text(), R"("category":[{"coding":[{"system":")", kTerminology,
      R"(condition-category","code":")",
      category == Category::kProblem ? "problem-list-item" : "encounter-diagnosis", R"("}]}],)");
  add_concept(chart, "code", kSnomed, code);
  add_subject(chart, "subject");
  add_encounter(chart, moment, "encounter");
  add_date(chart, "onsetDateTime", onset_day);
  if (ended_day) {
    add_date(chart, "abatementDateTime", *ended_day);
  }
  add_time(chart, "recordedDate", moment.seconds);
  add_staff(chart, "recorder", *moment.staff);
  cat(chart.text(), R"("note":[{"text":")", note, R"("}])");
  chart.bundle.close("Condition");
  return id;
}

}  // namespace continuum::synth
