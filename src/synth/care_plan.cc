#include "synth/resources.h"

namespace continuum::synth {

Uuid write_care_plan(Chart& chart, const Moment& moment, std::string_view title,
                     std::span<const Uuid> conditions) {
  Uuid id = draw_uuid(chart.random);
  std::string_view goal = pick(chart.random, goals());
  chart.bundle.open("CarePlan", "CarePlan", id);
  begin_narrative(chart);
  cat(chart.text(), "<p>", title, ". ", goal, ".</p>");
  end_narrative(chart);
  add_identifier(chart, "plan");
  add_status(chart, "active");
  cat(chart.text(), R"("intent":"plan","title":")", title, R"(","description":")", goal, ". ");
  cat(chart.text(), pick(chart.random, living_notes()), " ");
  cat(chart.text(), pick(chart.random, living_notes()), R"(",)");
  add_subject(chart, "subject");
  add_encounter(chart, moment, "encounter");
  chart.text() += R"("period":{"start":")";
  append_date(chart.text(), moment.seconds / kDaySeconds);
  chart.text() += R"("},)";
  add_time(chart, "created", moment.seconds);
  add_staff(chart, "author", *moment.staff);
  if (!conditions.empty()) {
    chart.text() += R"("addresses":[)";
    for (size_t i = 0; i < conditions.size(); ++i) {
      chart.text() += i > 0 ? "," : "";
      append_reference(chart.text(), conditions[i]);
    }
    chart.text() += "],";
  }
  chart.text() += R"("activity":[)";
  int64_t activities = chart.random.between(2, 4);
  for (int64_t i = 0; i < activities; ++i) {
    cat(chart.text(), i > 0 ? "," : "", R"({"detail":{"status":"in-progress","description":")",
        pick(chart.random, plans()), R"("}})");
  }
  chart.text() += "]";
  chart.bundle.close("CarePlan");
  return id;
}

}  // namespace continuum::synth
