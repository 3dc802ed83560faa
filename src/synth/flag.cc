#include "synth/resources.h"

namespace continuum::synth {

void write_flag(Chart& chart, const Moment& moment, const Code& code) {
  chart.bundle.open("Flag", "Flag", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", code.display, ". ", pick(chart.random, living_notes()), "</p>");
  end_narrative(chart);
  add_identifier(chart, "flag");
  add_status(chart, "active");
  cat(chart.text(), R"("category":[{"coding":[{"system":")", kTerminology,
      R"(flag-category","code":"safety","display":"Safety"}]}],)");
  add_concept(chart, "code", kSnomed, code);
  add_subject(chart, "subject");
  chart.text() += R"("period":{"start":")";
  append_date(chart.text(), moment.seconds / kDaySeconds);
  chart.text() += R"("},)";
  add_encounter(chart, moment, "encounter");
  chart.text() += R"("author":)";
  append_staff(chart.text(), *moment.staff);
  chart.bundle.close("Flag");
}

}  // namespace continuum::synth
