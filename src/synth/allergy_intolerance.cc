#include "synth/resources.h"

namespace continuum::synth {

void write_allergy_intolerance(Chart& chart, const Moment& moment, const Allergen& allergen) {
  bool severe = chance(chart.random, 250);
  chart.bundle.open("AllergyIntolerance", "AllergyIntolerance", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", allergen.code.display, ": ", allergen.reaction.display, ", ",
      severe ? "severe" : "mild", "</p>");
  end_narrative(chart);
  add_identifier(chart, "allergy");
  add_state(chart, "clinicalStatus", "allergyintolerance-clinical", "active");
  add_state(chart, "verificationStatus", "allergyintolerance-verification", "confirmed");
  cat(chart.text(), R"("type":"allergy","category":[")", allergen.category, R"("],)",
      R"("criticality":")", severe ? "high" : "low", R"(",)");
  add_concept(chart, "code", kSnomed, allergen.code);
  add_subject(chart, "patient");
  add_encounter(chart, moment, "encounter");
  add_time(chart, "recordedDate", moment.seconds);
  add_staff(chart, "recorder", *moment.staff);
  chart.text() += R"("reaction":[{"manifestation":[)";
  append_concept(chart.text(), kSnomed, allergen.reaction);
  cat(chart.text(), R"(],"severity":")", severe ? "severe" : "mild", R"("}])");
  chart.bundle.close("AllergyIntolerance");
}

}  // namespace continuum::synth
