#include "base/check.h"
#include "synth/resources.h"

namespace continuum::synth {
namespace {

struct SettingWords {
  Code act;
  Code type;
};

SettingWords words_of(Setting setting) {
  switch (setting) {
    case Setting::kSurgery:
      return {{"AMB", "ambulatory"}, {"185349003", "Consultation in the surgery"}};
    case Setting::kTelephone:
      return {{"VR", "virtual"}, {"386472008", "Telephone consultation"}};
    case Setting::kEmergency:
      return {{"EMER", "emergency"}, {"50849002", "Emergency department attendance"}};
    case Setting::kOutpatient:
      return {{"AMB", "ambulatory"}, {"185317003", "Outpatient clinic"}};
    case Setting::kInpatient:
      return {{"IMP", "inpatient encounter"}, {"32485007", "Admission to hospital"}};
    case Setting::kHome:
      break;
  }
  return {{"HH", "home health"}, {"439708006", "Home visit"}};
}

}  // namespace

void write_encounter(Chart& chart, const Moment& moment, Setting setting, const Code& reason,
                     int64_t minutes) {
  CHECK(moment.encounter);
  SettingWords words = words_of(setting);
  chart.bundle.open("Encounter", "Encounter", *moment.encounter);
  begin_narrative(chart);
  cat(chart.text(), "<p>", words.type.display, " on ");
  append_date(chart.text(), moment.seconds / kDaySeconds);
  cat(chart.text(), " with ", moment.staff->display, ": ", reason.display, "</p>");
  end_narrative(chart);
  add_identifier(chart, "encounter");
  add_status(chart, "finished");
  cat(chart.text(),
      R"("class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":")",
      words.act.code, R"(","display":")", words.act.display, R"("},)");
  add_concept_list(chart, "type", kSnomed, words.type);
  add_subject(chart, "subject");
  chart.text() += R"("participant":[{"individual":)";
  append_staff(chart.text(), *moment.staff);
  chart.text() += "}],";
  chart.text() += R"("period":{"start":")";
  append_date_time(chart.text(), moment.seconds);
  chart.text() += R"(","end":")";
  append_date_time(chart.text(), chart.before_end(moment.seconds + minutes * 60));
  chart.text() += "\"},";
  add_concept_list(chart, "reasonCode", kSnomed, reason);
  cat(chart.text(), R"("location":[{"location":{"reference":"Location?identifier=)", kSiteSystem,
      "|", chart.source.ods_code, R"(01"}}],"serviceProvider":)");
  append_organisation(chart.text(), chart.source);
  chart.bundle.close("Encounter");
}

}  // namespace continuum::synth
