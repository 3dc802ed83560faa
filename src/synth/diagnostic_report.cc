#include "synth/resources.h"

namespace continuum::synth {
namespace {

void begin_report(Chart& chart, const Moment& moment, const Code& service, std::string_view system,
                  const Code& code) {
  chart.bundle.open("DiagnosticReport", "DiagnosticReport", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", code.display, " of ");
  append_date(chart.text(), moment.seconds / kDaySeconds);
  cat(chart.text(), ", asked for by ", moment.staff->display, "</p>");
  end_narrative(chart);
  add_identifier(chart, "report");
  add_status(chart, "final");
  cat(chart.text(), R"("category":[{"coding":[{"system":")", kTerminology, R"(v2-0074","code":")",
      service.code, R"(","display":")", service.display, R"("}]}],)");
  add_concept(chart, "code", system, code);
  add_subject(chart, "subject");
  add_encounter(chart, moment, "encounter");
  add_time(chart, "effectiveDateTime", moment.seconds);
  add_time(chart, "issued", moment.seconds + 30 * 3600);
  chart.text() += R"("performer":[)";
  append_organisation(chart.text(), chart.source);
  chart.text() += "],";
}

}  // namespace

void write_diagnostic_report(Chart& chart, const Moment& moment, const Panel& panel) {
  std::vector<Uuid> results;
  for (const Measure& test : panel.tests) {
    results.push_back(write_test_result(chart, moment, test));
  }
  begin_report(chart, moment, {"LAB", "Laboratory"}, kLoinc, panel.code);
  chart.text() += R"("result":[)";
  for (size_t i = 0; i < results.size(); ++i) {
    chart.text() += i > 0 ? "," : "";
    append_reference(chart.text(), results[i]);
  }
  chart.text() += "]";
  if (chance(chart.random, 300)) {
    cat(chart.text(), R"(,"conclusion":")", pick(chart.random, plans()), "\"");
  }
  chart.bundle.close("DiagnosticReport");
}

void write_imaging_report(Chart& chart, const Moment& moment, const Code& image) {
  begin_report(chart, moment, {"RAD", "Radiology"}, kSnomed, image);
  cat(chart.text(), R"("conclusion":")", pick(chart.random, findings()), " ");
  cat(chart.text(), pick(chart.random, findings()), " ");
  cat(chart.text(), pick(chart.random, plans()), "\"");
  chart.bundle.close("DiagnosticReport");
}

}  // namespace continuum::synth
