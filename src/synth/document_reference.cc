#include "synth/resources.h"

namespace continuum::synth {
namespace {

std::string draw_letter(Chart& chart, const Moment& moment, const Code& type, const Code& about) {
  std::string letter;
  cat(letter, chart.source.organisation, "\n", type.display, "\n\nDear ", chart.gp_lead.display,
      ",\n\nRe: ", chart.identity.given, " ", chart.identity.family, ", born ");
  append_date(letter, chart.identity.birth_day);
  cat(letter, "\n\nProblem: ", about.display, ".\n");
  int64_t paragraphs = chart.random.between(1, 3);
  for (int64_t i = 0; i < paragraphs; ++i) {
    cat(letter, draw_note(chart.random, chart.random.between(2, 5)), "\n");
  }
  cat(letter, "\nYours sincerely,\n", moment.staff->display, ", ", moment.staff->role.display,
      "\n");
  return letter;
}

}  // namespace

void write_document_reference(Chart& chart, const Moment& moment, const Code& type,
                              const Code& about) {
  std::string letter = draw_letter(chart, moment, type, about);
  chart.bundle.open("DocumentReference", "DocumentReference", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>", type.display, " about ", about.display, ", ");
  append_date(chart.text(), moment.seconds / kDaySeconds);
  chart.text() += "</p>";
  end_narrative(chart);
  add_identifier(chart, "document");
  add_status(chart, "current");
  chart.text() += R"("docStatus":"final",)";
  add_concept(chart, "type", kSnomed, type);
  add_subject(chart, "subject");
  add_time(chart, "date", moment.seconds + 3600);
  add_staff_list(chart, "author", *moment.staff);
  add_organisation(chart, "custodian", chart.source);
  chart.text() +=
      R"("content":[{"attachment":{"contentType":"text/plain; charset=utf-8","language":"en-GB",)";
  chart.text() += R"("data":")";
  append_base64(chart.text(), letter);
  chart.text() += R"(","size":)";
  append_number(chart.text(), static_cast<int64_t>(letter.size()));
  cat(chart.text(), R"(,"title":")", type.display, R"(","creation":")");
  append_date_time(chart.text(), chart.before_end(moment.seconds + 3600));
  chart.text() += R"("}}])";
  if (moment.encounter) {
    chart.text() += R"(,"context":{"encounter":[)";
    append_reference(chart.text(), *moment.encounter);
    chart.text() += "]}";
  }
  chart.bundle.close("DocumentReference");
}

}  // namespace continuum::synth
