#include "synth/resources.h"

namespace continuum::synth {

void write_appointment(Chart& chart, const Moment& moment, std::string_view specialty,
                       int64_t booked_seconds) {
  bool attended = chance(chart.random, 930);
  chart.bundle.open("Appointment", "Appointment", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", specialty, " appointment on ");
  append_date(chart.text(), moment.seconds / kDaySeconds);
  cat(chart.text(), attended ? ", attended</p>" : ", did not attend</p>");
  end_narrative(chart);
  add_identifier(chart, "appointment");
  add_status(chart, attended ? "fulfilled" : "noshow");
  cat(chart.text(), R"("specialty":[{"text":")", specialty, R"("}],)");
  cat(chart.text(), R"("description":")", pick(chart.random, plans()), R"(",)");
  add_time(chart, "start", moment.seconds);
  add_time(chart, "end", moment.seconds + 20 * 60);
  chart.text() += R"("minutesDuration":20,)";
  add_time(chart, "created", booked_seconds);
  chart.text() += R"("participant":[{"actor":)";
  append_reference(chart.text(), chart.patient);
  chart.text() += R"(,"status":"accepted"},{"actor":)";
  append_staff(chart.text(), *moment.staff);
  chart.text() += R"(,"status":"accepted"}])";
  chart.bundle.close("Appointment");
}

}  // namespace continuum::synth
