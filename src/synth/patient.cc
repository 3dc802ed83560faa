#include "synth/resources.h"

namespace continuum::synth {
namespace {

constexpr std::string_view kExtension = "https://fhir.hl7.org.uk/StructureDefinition/Extension-";

std::string_view title_of(const Chart& chart) {
  if (chart.person.age_on(chart.person.last_day) < 16) {
    return chart.person.sex == Sex::kFemale ? "Miss" : "Master";
  }
  if (chart.person.sex == Sex::kMale) {
    return "Mr";
  }
  return chart.person.maiden_name.empty() ? "Ms" : "Mrs";
}

void add_ethnic_category(Chart& chart) {
  cat(chart.text(), R"("extension":[{"url":")", kExtension,
      R"(UKCore-EthnicCategory","valueCodeableConcept":{"coding":[{"system":)",
      R"("https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland","code":")",
      chart.person.ethnicity->code.code, R"(","display":")", chart.person.ethnicity->code.display,
      R"("}]}}],)");
}

void add_identifiers(Chart& chart) {
  cat(chart.text(), R"("identifier":[{"system":"https://)", chart.source.name,
      R"(.example.org/id/patient","value":")");
  append_number(chart.text(), 1000000 + chart.random.between(0, 8999999));
  chart.text() += "\"}";
  if (!chart.identity.nhs_number.empty()) {
    bool traced = chart.source.kind != SourceKind::kSocialCare;
    cat(chart.text(), R"(,{"extension":[{"url":")", kExtension,
        R"(UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"system":)",
        R"("https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",)",
        traced ? R"("code":"01","display":"Number present and verified"}]}}],)"
               : R"("code":"02","display":"Number present but not traced"}]}}],)",
        R"("system":")", kNhsNumberSystem, R"(","value":")", chart.identity.nhs_number, R"("})");
  }
  chart.text() += "],";
}

void add_name(Chart& chart) {
  const Identity& identity = chart.identity;
  cat(chart.text(), R"("name":[{"use":"official","family":")", identity.family, R"(","given":[")",
      identity.given, "\"");
  if (!identity.middle.empty()) {
    cat(chart.text(), ",\"", identity.middle, "\"");
  }
  cat(chart.text(), R"(],"prefix":[")", title_of(chart), R"("]})");
  bool knows_maiden = chart.source.kind == SourceKind::kGpPractice;
  if (knows_maiden && !chart.person.maiden_name.empty()) {
    cat(chart.text(), R"(,{"use":"maiden","family":")", chart.person.maiden_name, R"(","given":[")",
        identity.given, R"("]})");
  }
  chart.text() += "],";
}

void add_address(Chart& chart) {
  const Address& address = chart.person.address;
  chart.text() += R"("address":[{"use":"home","type":"both","line":[")";
  append_number(chart.text(), address.house);
  cat(chart.text(), " ", address.street, R"("],"city":")", address.town, R"(","postalCode":")",
      address.postcode, R"(","country":"GBR"}],)");
}

}  // namespace

void write_patient(Chart& chart) {
  const Person& person = chart.person;
  chart.bundle.open("Patient", "Patient", chart.patient);
  begin_narrative(chart);
  cat(chart.text(), "<p>", chart.identity.given, " ", chart.identity.family, ", born ");
  append_date(chart.text(), chart.identity.birth_day);
  chart.text() += "</p>";
  end_narrative(chart);
  add_ethnic_category(chart);
  add_identifiers(chart);
  chart.text() += R"("active":true,)";
  add_name(chart);
  bool mobile = person.phone[1] == '7';
  cat(chart.text(), R"("telecom":[{"system":"phone","value":")", person.phone, R"(","use":")",
      mobile ? "mobile" : "home", R"("}],"gender":")",
      person.sex == Sex::kFemale ? "female" : "male", R"(",)");
  add_date(chart, "birthDate", chart.identity.birth_day);
  if (person.death_day) {
    add_time(chart, "deceasedDateTime", *person.death_day * kDaySeconds);
  }
  add_address(chart);
  chart.text() += R"("generalPractitioner":[)";
  append_organisation(chart.text(), chart.gp);
  chart.text() += "],";
  chart.text() += R"("managingOrganization":)";
  append_organisation(chart.text(), chart.source);
  chart.bundle.close("Patient");
}

void write_episode_of_care(Chart& chart, int64_t first_day, std::optional<int64_t> last_day) {
  chart.bundle.open("EpisodeOfCare", "EpisodeOfCare", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>With ", chart.source.organisation, " from ");
  append_date(chart.text(), first_day);
  chart.text() += "</p>";
  end_narrative(chart);
  add_identifier(chart, "episode");
  add_status(chart, last_day ? "finished" : "active");
  bool gp = chart.source.kind == SourceKind::kGpPractice;
  add_concept_list(chart, "type", kSnomed,
                   gp ? Code{"24531000000104", "General practice service"}
                      : Code{"310080003", "Social services"});
  add_subject(chart, "patient");
  add_organisation(chart, "managingOrganization", chart.source);
  add_staff(chart, "careManager", chart.staff.front());
  chart.text() += R"("period":{"start":")";
  append_date(chart.text(), first_day);
  if (last_day) {
    chart.text() += R"(","end":")";
    append_date(chart.text(), *last_day);
  }
  chart.text() += "\"}";
  chart.bundle.close("EpisodeOfCare");
}

}  // namespace continuum::synth
