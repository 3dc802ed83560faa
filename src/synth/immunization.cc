#include "synth/resources.h"

namespace continuum::synth {

void write_immunization(Chart& chart, const Moment& moment, const VaccineKind& vaccine,
                        int64_t dose) {
  chart.bundle.open("Immunization", "Immunization", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", vaccine.code.display, ", dose ");
  append_number(chart.text(), dose);
  chart.text() += ", on ";
  append_date(chart.text(), moment.seconds / kDaySeconds);
  chart.text() += "</p>";
  end_narrative(chart);
  add_identifier(chart, "immunisation");
  add_status(chart, "completed");
  add_concept(chart, "vaccineCode", kSnomed, vaccine.code);
  add_subject(chart, "patient");
  add_encounter(chart, moment, "encounter");
  add_time(chart, "occurrenceDateTime", moment.seconds);
  add_time(chart, "recorded", moment.seconds + 120);
  chart.text() += R"("primarySource":true,"lotNumber":")";
  constexpr std::string_view kLetters = "ABCDEFGHJKLMNPRSTUVWXY";
  chart.text().push_back(pick(chart.random, kLetters));
  chart.text().push_back(pick(chart.random, kLetters));
  append_number(chart.text(), chart.random.between(1000, 999999));
  chart.text() += "\",";
  chart.text() += R"("site":)";
  append_coded(chart.text(), kSnomed,
               chance(chart.random, 700) ? Code{"368208006", "Left upper arm"}
                                         : Code{"368209003", "Right upper arm"});
  chart.text() += R"(,"doseQuantity":{"value":0.50,"unit":"mL",)"
                  R"("system":"http://unitsofmeasure.org","code":"mL"},"performer":[{"actor":)";
  append_staff(chart.text(), *moment.staff);
  chart.text() += R"(}],"protocolApplied":[{"targetDisease":[)";
  append_coded(chart.text(), kSnomed, vaccine.target);
  chart.text() += R"(],"doseNumberPositiveInt":)";
  append_number(chart.text(), dose);
  chart.text() += "}]";
  chart.bundle.close("Immunization");
}

}  // namespace continuum::synth
