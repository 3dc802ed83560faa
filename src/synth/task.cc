#include "synth/resources.h"

namespace continuum::synth {

void write_task(Chart& chart, const Moment& moment, const Uuid& focus) {
  std::string note = draw_note(chart.random, 3);
  chart.bundle.open("Task", "Task", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", pick(chart.random, plans()), "</p>");
  end_narrative(chart);
  add_identifier(chart, "task");
  bool recent = moment.seconds > chart.end_seconds - 60 * kDaySeconds;
  add_status(chart, recent ? "in-progress" : "completed");
  cat(chart.text(), R"("intent":"order","priority":"routine","description":")", note, R"(",)");
  chart.text() += R"("focus":)";
  append_reference(chart.text(), focus);
  chart.text().push_back(',');
  add_subject(chart, "for");
  add_encounter(chart, moment, "encounter");
  add_time(chart, "authoredOn", moment.seconds + 1800);
  add_time(chart, "lastModified", moment.seconds + 5 * kDaySeconds);
  add_staff(chart, "requester", *moment.staff);
  chart.text() += R"("owner":)";
  append_staff(chart.text(), chart.staff.front());
  chart.bundle.close("Task");
}

}  // namespace continuum::synth
