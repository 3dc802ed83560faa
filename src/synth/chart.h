// What one source writes about one person: the state shared by the resource writers and the pieces
// of JSON they have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "synth/bundle_writer.h"
#include "synth/draw.h"
#include "synth/person.h"
#include "synth/sources.h"

namespace continuum::synth {

inline constexpr std::string_view kNhsNumberSystem = "https://fhir.nhs.uk/Id/nhs-number";
inline constexpr std::string_view kOrganisationSystem =
    "https://fhir.nhs.uk/Id/ods-organization-code";
inline constexpr std::string_view kSiteSystem = "https://fhir.nhs.uk/Id/ods-site-code";
inline constexpr std::string_view kStaffSystem = "https://fhir.nhs.uk/Id/sds-user-id";
inline constexpr std::string_view kTerminology = "http://terminology.hl7.org/CodeSystem/";
inline constexpr int64_t kDaySeconds = 86400;

// When, by whom, and within which encounter (none: recorded outside one).
struct Moment {
  int64_t seconds = 0;
  const Staff* staff = nullptr;
  std::optional<Uuid> encounter;
};

struct Chart {
  BundleWriter& bundle;
  SeededRandom& random;
  const Person& person;
  const Source& source;
  const std::vector<Staff>& staff;
  const Identity& identity;  // as this source has it
  const Source& gp;          // where the person is registered
  const Staff& gp_lead;
  Uuid patient;
  int64_t end_seconds;  // nothing is recorded at or after this

  std::string& text() { return bundle.text(); }
  const Staff& any_staff() { return pick(random, staff); }
  int64_t before_end(int64_t seconds) const {
    return seconds < end_seconds ? seconds : end_seconds - 1;
  }
  // A time between 8:00 and 18:00 of the day.
  int64_t working_hour(int64_t day) {
    return before_end(day * kDaySeconds + random.between(8 * 3600, 18 * 3600));
  }
};

// Members, each with a trailing comma.
void add_identifier(Chart& chart, std::string_view kind);
void add_subject(Chart& chart, std::string_view member);
void add_encounter(Chart& chart, const Moment& moment, std::string_view member);
void add_staff(Chart& chart, std::string_view member, const Staff& staff);
void add_staff_list(Chart& chart, std::string_view member, const Staff& staff);
void add_organisation(Chart& chart, std::string_view member, const Source& source);
void add_time(Chart& chart, std::string_view member, int64_t seconds);
void add_date(Chart& chart, std::string_view member, int64_t day);
void add_status(Chart& chart, std::string_view status);
// "member":{"coding":[{...}],"text":"..."}
void add_concept(Chart& chart, std::string_view member, std::string_view system, const Code& code);
// "member":[{"coding":[{...}]}]
void add_concept_list(Chart& chart, std::string_view member, std::string_view system,
                      const Code& code);
// "member":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/<system>","code":"..."}]}
void add_state(Chart& chart, std::string_view member, std::string_view system,
               std::string_view code);
// "member":"escaped text"
void add_string(Chart& chart, std::string_view member, std::string_view value);

// {"coding":[{...}],"text":"..."}, no comma; append_coded leaves the text out.
void append_concept(std::string& out, std::string_view system, const Code& code);
void append_coded(std::string& out, std::string_view system, const Code& code);
// {"reference":"Practitioner?identifier=...","display":"..."}, no comma.
void append_staff(std::string& out, const Staff& staff);
void append_organisation(std::string& out, const Source& source);
// {"reference":"urn:uuid:..."}, no comma.
void append_reference(std::string& out, const Uuid& id);

// The narrative, between these two; what is written between is XHTML in a JSON string.
void begin_narrative(Chart& chart);
void end_narrative(Chart& chart);  // with the trailing comma

// Free text of `sentences` parts in a clinician's manner: no two alike.
std::string draw_note(SeededRandom& random, int64_t sentences);

}  // namespace continuum::synth
