#include "synth/resources.h"

namespace continuum::synth {

void write_medication_request(Chart& chart, const Moment& moment, const Medicine& medicine,
                              Repeat repeat, const Code& reason) {
  chart.bundle.open("MedicationRequest", "MedicationRequest", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", medicine.product, ". ", medicine.dose, "</p>");
  end_narrative(chart);
  add_identifier(chart, "prescription");
  bool recent = moment.seconds > chart.end_seconds - 120 * kDaySeconds;
  add_status(chart, repeat == Repeat::kRepeat && recent ? "active" : "completed");
  chart.text() += R"("intent":"order",)";
  cat(chart.text(), R"("category":[{"coding":[{"system":")", kTerminology,
      R"(medicationrequest-category","code":"community"}]}],)");
  cat(chart.text(), R"("medicationCodeableConcept":{"coding":[{"system":")", kSnomed,
      R"(","code":")", medicine.code.code, R"(","display":")", medicine.code.display,
      R"("}],"text":")", medicine.product, R"("},)");
  add_subject(chart, "subject");
  add_encounter(chart, moment, "encounter");
  add_time(chart, "authoredOn", moment.seconds + 180);
  add_staff(chart, "requester", *moment.staff);
  add_concept_list(chart, "reasonCode", kSnomed, reason);
  cat(chart.text(), R"("courseOfTherapyType":{"coding":[{"system":")", kTerminology,
      R"(medicationrequest-course-of-therapy","code":")",
      repeat == Repeat::kRepeat ? "continuous" : "acute", R"("}]},"dosageInstruction":[{"text":")",
      medicine.dose, R"(","timing":{"repeat":{"frequency":)");
  append_number(chart.text(), medicine.times_a_day);
  chart.text() += R"(,"period":1,"periodUnit":"d"}}}],"dispenseRequest":{)";
  if (repeat == Repeat::kRepeat) {
    chart.text() += R"("numberOfRepeatsAllowed":)";
    append_number(chart.text(), chart.random.between(2, 11));
    chart.text().push_back(',');
  }
  chart.text() += R"("quantity":{"value":)";
  append_number(chart.text(), medicine.quantity);
  cat(chart.text(), R"(,"unit":")", medicine.unit, R"("}})");
  chart.bundle.close("MedicationRequest");
}

}  // namespace continuum::synth
