#include "synth/chart.h"

#include "json/writer.h"

namespace continuum::synth {

void append_concept(std::string& out, std::string_view system, const Code& code) {
  cat(out, R"({"coding":[{"system":")", system, R"(","code":")", code.code, R"(","display":")",
      code.display, R"("}],"text":")", code.display, R"("})");
}

void append_coded(std::string& out, std::string_view system, const Code& code) {
  cat(out, R"({"coding":[{"system":")", system, R"(","code":")", code.code, R"(","display":")",
      code.display, R"("}]})");
}

void append_staff(std::string& out, const Staff& staff) {
  cat(out, R"({"reference":"Practitioner?identifier=)", kStaffSystem, "|", staff.user_id,
      R"(","display":")", staff.display, R"("})");
}

void append_organisation(std::string& out, const Source& source) {
  cat(out, R"({"reference":"Organization?identifier=)", kOrganisationSystem, "|", source.ods_code,
      R"(","display":")", source.organisation, R"("})");
}

void append_reference(std::string& out, const Uuid& id) {
  cat(out, R"({"reference":"urn:uuid:)", id.view(), R"("})");
}

void add_identifier(Chart& chart, std::string_view kind) {
  Uuid value = draw_uuid(chart.random);
  cat(chart.text(), R"("identifier":[{"system":"https://)", chart.source.name, ".example.org/id/",
      kind, R"(","value":")", value.view(), R"("}],)");
}

void add_subject(Chart& chart, std::string_view member) {
  cat(chart.text(), "\"", member, "\":");
  append_reference(chart.text(), chart.patient);
  chart.text().push_back(',');
}

void add_encounter(Chart& chart, const Moment& moment, std::string_view member) {
  if (!moment.encounter) {
    return;
  }
  cat(chart.text(), "\"", member, "\":");
  append_reference(chart.text(), *moment.encounter);
  chart.text().push_back(',');
}

void add_staff(Chart& chart, std::string_view member, const Staff& staff) {
  cat(chart.text(), "\"", member, "\":");
  append_staff(chart.text(), staff);
  chart.text().push_back(',');
}

void add_staff_list(Chart& chart, std::string_view member, const Staff& staff) {
  cat(chart.text(), "\"", member, "\":[");
  append_staff(chart.text(), staff);
  chart.text() += "],";
}

void add_organisation(Chart& chart, std::string_view member, const Source& source) {
  cat(chart.text(), "\"", member, "\":");
  append_organisation(chart.text(), source);
  chart.text().push_back(',');
}

void add_time(Chart& chart, std::string_view member, int64_t seconds) {
  cat(chart.text(), "\"", member, "\":\"");
  append_date_time(chart.text(), chart.before_end(seconds));
  chart.text() += "\",";
}

void add_date(Chart& chart, std::string_view member, int64_t day) {
  cat(chart.text(), "\"", member, "\":\"");
  append_date(chart.text(), day);
  chart.text() += "\",";
}

void add_status(Chart& chart, std::string_view status) {
  cat(chart.text(), R"("status":")", status, R"(",)");
}

void add_concept(Chart& chart, std::string_view member, std::string_view system, const Code& code) {
  cat(chart.text(), "\"", member, "\":");
  append_concept(chart.text(), system, code);
  chart.text().push_back(',');
}

void add_concept_list(Chart& chart, std::string_view member, std::string_view system,
                      const Code& code) {
  cat(chart.text(), "\"", member, "\":[");
  append_coded(chart.text(), system, code);
  chart.text() += "],";
}

void add_state(Chart& chart, std::string_view member, std::string_view system,
               std::string_view code) {
  cat(chart.text(), "\"", member, R"(":{"coding":[{"system":")", kTerminology, system,
      R"(","code":")", code, R"("}]},)");
}

void add_string(Chart& chart, std::string_view member, std::string_view value) {
  cat(chart.text(), "\"", member, "\":");
  json::write_string(value, chart.text());
  chart.text().push_back(',');
}

void begin_narrative(Chart& chart) {
  chart.text() +=
      R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">)";
}

void end_narrative(Chart& chart) {
  chart.text() += R"(</div>"},)";
}

std::string draw_note(SeededRandom& random, int64_t sentences) {
  std::string note;
  cat(note, pick(random, openings()), " ");
  cat(note, pick(random, symptoms()), " for ");
  append_number(note, random.between(2, 20));
  note += chance(random, 600) ? " days." : " weeks.";
  for (int64_t i = 1; i < sentences; ++i) {
    note.push_back(' ');
    note += i % 2 == 1 ? pick(random, findings()) : pick(random, plans());
  }
  return note;
}

}  // namespace continuum::synth
