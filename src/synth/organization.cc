#include "synth/resources.h"

namespace continuum::synth {
namespace {

void append_identifier(std::string& out, std::string_view system, std::string_view value) {
  cat(out, R"("identifier":[{"system":")", system, R"(","value":")", value, R"("}],)");
}

void write_organization(BundleWriter& bundle, const Source& source, const Uuid& id) {
  bundle.open("Organization", "Organization", id);
  append_identifier(bundle.text(), kOrganisationSystem, source.ods_code);
  cat(bundle.text(), R"("active":true,"name":")", source.organisation,
      R"(","address":[{"use":"work","city":")", source.town, R"(","country":"GBR"}])");
  bundle.close_if_none_exists("Organization", kOrganisationSystem, source.ods_code);
}

void write_location(BundleWriter& bundle, const Source& source, const Uuid& id,
                    const Uuid& organisation) {
  std::string site = std::string(source.ods_code) + "01";
  bundle.open("Location", "Location", id);
  append_identifier(bundle.text(), kSiteSystem, site);
  cat(bundle.text(), R"("status":"active","name":")", source.organisation,
      R"( main site","mode":"instance","address":{"city":")", source.town,
      R"("},"managingOrganization":)");
  append_reference(bundle.text(), organisation);
  bundle.close_if_none_exists("Location", kSiteSystem, site);
}

void write_practitioner(BundleWriter& bundle, const Staff& staff, const Uuid& id) {
  bundle.open("Practitioner", "Practitioner", id);
  append_identifier(bundle.text(), kStaffSystem, staff.user_id);
  cat(bundle.text(), R"("active":true,"name":[{"use":"official","text":")", staff.display,
      R"(","family":")", staff.family, R"(","given":[")", staff.given,
      R"("]}],"qualification":[{"code":)");
  append_concept(bundle.text(), "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode",
                 staff.role);
  bundle.text() += "}]";
  bundle.close_if_none_exists("Practitioner", kStaffSystem, staff.user_id);
}

}  // namespace

void write_organisations(std::string& out, const Source& source, std::span<const Staff> staff,
                         uint64_t seed) {
  SeededRandom random(seed ^ 0x0565);
  for (char letter : source.name) {
    random = SeededRandom(random.next() ^ static_cast<unsigned char>(letter));
  }
  BundleWriter bundle(out, source.sends_ids);
  Uuid organisation = draw_uuid(random);
  write_organization(bundle, source, organisation);
  write_location(bundle, source, draw_uuid(random), organisation);
  for (const Staff& member : staff) {
    write_practitioner(bundle, member, draw_uuid(random));
  }
  bundle.finish();
}

}  // namespace continuum::synth
