#include "synth/resources.h"

namespace continuum::synth {

void write_procedure(Chart& chart, const Moment& moment, const Code& code, const Code& reason) {
  std::string note = draw_note(chart.random, 3);
  chart.bundle.open("Procedure", "Procedure", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", code.display, " for ", reason.display, " by ", moment.staff->display,
      "</p>");
  end_narrative(chart);
  add_identifier(chart, "procedure");
  add_status(chart, "completed");
  add_concept(chart, "code", kSnomed, code);
  add_subject(chart, "subject");
  add_encounter(chart, moment, "encounter");
  chart.text() += R"("performedPeriod":{"start":")";
  append_date_time(chart.text(), moment.seconds);
  chart.text() += R"(","end":")";
  int64_t minutes = chart.random.between(10, 150);
  append_date_time(chart.text(), chart.before_end(moment.seconds + minutes * 60));
  chart.text() += R"("},"performer":[{"actor":)";
  append_staff(chart.text(), *moment.staff);
  chart.text() += "}],";
  add_concept_list(chart, "reasonCode", kSnomed, reason);
  cat(chart.text(), R"("note":[{"text":")", note, R"("}])");
  chart.bundle.close("Procedure");
}

}  // namespace continuum::synth
