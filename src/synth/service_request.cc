#include "synth/resources.h"

namespace continuum::synth {

void write_service_request(Chart& chart, const Moment& moment, std::string_view specialty,
                           const Code& reason) {
  std::string note = draw_note(chart.random, 4);
  chart.bundle.open("ServiceRequest", "ServiceRequest", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>Referral to ", specialty, ": ", reason.display, "</p>");
  end_narrative(chart);
  add_identifier(chart, "referral");
  bool recent = moment.seconds > chart.end_seconds - 90 * kDaySeconds;
  add_status(chart, recent ? "active" : "completed");
  cat(chart.text(), R"("intent":"order","category":[{"coding":[{"system":")", kSnomed,
      R"(","code":"3457005","display":"Referral of a patient"}]}],"priority":")",
      chance(chart.random, 150) ? "urgent" : "routine", R"(","code":{"text":")", specialty,
      R"("},)");
  add_subject(chart, "subject");
  add_encounter(chart, moment, "encounter");
  add_time(chart, "authoredOn", moment.seconds + 600);
  add_staff(chart, "requester", *moment.staff);
  add_concept_list(chart, "reasonCode", kSnomed, reason);
  cat(chart.text(), R"("note":[{"text":")", note, R"("}])");
  chart.bundle.close("ServiceRequest");
}

}  // namespace continuum::synth
