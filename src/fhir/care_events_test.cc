#include "fhir/care_events.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace continuum::fhir {
namespace {

std::string end(Instant instant) {
  bool open = instant == kOpenLow || instant == kOpenHigh;
  return open ? "open" : to_fhir_instant(instant).substr(0, 16);
}

// "kind from..to organisation system|value workgroup", one a line.
std::string events_of(std::string_view json) {
  json::Document document;
  EXPECT_TRUE(document.parse(json)) << json;
  std::string out;
  auto type = type_number(document.root()->string("resourceType"));
  EXPECT_TRUE(type);
  care_events(*type, *document.root(), [&](const CareEvent& event) {
    out += fmt::format("{} {}..{} {} {}|{} {}\n", static_cast<int>(event.kind), end(event.time.low),
                       end(event.time.high), event.organisation, event.identifier_system,
                       event.identifier_value, event.workgroup);
  });
  return out;
}

struct Case {
  const char* name;
  const char* json;
  const char* events;
};

const Case kCases[] = {
    {"registered by reference and by identifier",
     R"({"resourceType":"Patient","active":true,"generalPractitioner":[
       {"reference":"Organization/o1"},{"identifier":{"system":"s","value":"A81001"}}]})",
     "1 open..open Organization/o1 | \n1 open..open  s|A81001 \n"},
    {"a Patient that says nothing of being active",
     R"({"resourceType":"Patient","generalPractitioner":[{"reference":"Organization/o1"}]})",
     "1 open..open Organization/o1 | \n"},
    {"a Patient no longer active",
     R"({"resourceType":"Patient","active":false,
         "generalPractitioner":[{"reference":"Organization/o1"}]})",
     ""},
    {"a practice named by words alone is nobody's",
     R"({"resourceType":"Patient","generalPractitioner":[{"display":"The surgery"}]})",
     "1 open..open #unreadable | \n"},
    {"an episode going on",
     R"({"resourceType":"EpisodeOfCare","status":"active","period":{"start":"2020-02-03"},
         "managingOrganization":{"reference":"Organization/o1"}})",
     "2 2020-02-03T00:00..open Organization/o1 | \n"},
    {"a finished episode",
     R"({"resourceType":"EpisodeOfCare","status":"finished",
         "period":{"start":"2020-02-03","end":"2021-02-03"}})",
     "2 2020-02-03T00:00..2021-02-04T00:00  | \n"},
    {"a finished episode without an end",
     R"({"resourceType":"EpisodeOfCare","status":"finished","period":{"start":"2020-02-03"}})", ""},
    {"an episode in error",
     R"({"resourceType":"EpisodeOfCare","status":"entered-in-error",
         "period":{"start":"2020-02-03"}})",
     ""},
    {"an episode without a start",
     R"({"resourceType":"EpisodeOfCare","status":"active","period":{"end":"2020-02-03"}})", ""},
    {"an episode that ends before it starts",
     R"({"resourceType":"EpisodeOfCare","status":"active",
         "period":{"start":"2020-02-03","end":"2019-02-03"}})",
     ""},
    {"a stay going on",
     R"({"resourceType":"Encounter","status":"in-progress","class":{"code":"IMP"},
         "period":{"start":"2020-02-03T10:00:00Z"},
         "serviceProvider":{"reference":"Organization/o1"}})",
     "3 2020-02-03T10:00..open Organization/o1 | \n"},
    {"a finished stay without an end is over within a day",
     R"({"resourceType":"Encounter","status":"finished","class":{"code":"ACUTE"},
         "period":{"start":"2020-02-03T10:00:00Z"}})",
     "3 2020-02-03T10:00..2020-02-04T10:00  | \n"},
    {"an emergency attendance that never said it ended",
     R"({"resourceType":"Encounter","status":"in-progress","class":{"code":"EMER"},
         "period":{"start":"2020-02-03T10:00:00Z"}})",
     "4 2020-02-03T10:00..2020-02-04T10:00  | \n"},
    {"a home visit",
     R"({"resourceType":"Encounter","status":"finished","class":{"code":"HH"},
         "period":{"start":"2020-02-03T10:00:00Z","end":"2020-02-03T11:00:00Z"}})",
     "5 2020-02-03T10:00..2020-02-03T11:00  | \n"},
    {"a planned stay",
     R"({"resourceType":"Encounter","status":"planned","class":{"code":"IMP"},
         "period":{"start":"2020-02-03T10:00:00Z"}})",
     ""},
    {"an encounter of no class known",
     R"({"resourceType":"Encounter","status":"finished","class":{"code":"XX"},
         "period":{"start":"2020-02-03T10:00:00Z"}})",
     ""},
    {"a booked appointment",
     R"({"resourceType":"Appointment","status":"booked","start":"2020-02-03T10:00:00Z",
         "end":"2020-02-03T10:20:00Z"})",
     "6 2020-02-03T10:00..2020-02-03T10:20  | \n"},
    {"a cancelled appointment",
     R"({"resourceType":"Appointment","status":"cancelled","start":"2020-02-03T10:00:00Z"})", ""},
    {"an appointment missed",
     R"({"resourceType":"Appointment","status":"noshow","start":"2020-02-03T10:00:00Z"})", ""},
    {"a referral to two",
     R"({"resourceType":"ServiceRequest","status":"active","authoredOn":"2020-02-03",
         "performer":[{"reference":"Organization/o1"},{"reference":"Practitioner/p1"}]})",
     "7 2020-02-03T00:00..2020-02-04T00:00 Organization/o1 | \n"
     "7 2020-02-03T00:00..2020-02-04T00:00 Practitioner/p1 | \n"},
    {"a request to nobody", R"({"resourceType":"ServiceRequest","status":"active",
         "authoredOn":"2020-02-03"})",
     ""},
    {"a revoked referral",
     R"({"resourceType":"ServiceRequest","status":"revoked","authoredOn":"2020-02-03",
         "performer":[{"reference":"Organization/o1"}]})",
     ""},
    {"a team",
     R"({"resourceType":"CareTeam","status":"active","period":{"start":"2020-02-03"},
         "identifier":[{"value":"W1"}],"managingOrganization":[{"reference":"Organization/o1"}]})",
     "8 2020-02-03T00:00..open Organization/o1 | W1\n"},
    {"a team dissolved without a date",
     R"({"resourceType":"CareTeam","status":"inactive","period":{"start":"2020-02-03"}})", ""},
    {"what tells of no care", R"({"resourceType":"Observation","status":"final"})", ""},
    {"the wrong shapes",
     R"({"resourceType":"Encounter","status":["finished"],"class":7,"period":"now"})", ""},
};

TEST(CareEvents, AreWhatTheResourceTells) {
  for (const Case& one : kCases) {
    EXPECT_EQ(events_of(one.json), one.events) << one.name;
  }
}

TEST(CareEvents, AreToldUpToABound) {
  std::string json = R"({"resourceType":"Patient","generalPractitioner":[)";
  for (int i = 0; i < 20; ++i) {
    json += std::string(i == 0 ? "" : ",") + R"({"reference":"Organization/o"})";
  }
  std::string events = events_of(json + "]}");
  EXPECT_EQ(std::count(events.begin(), events.end(), '\n'), kCareEventsMax);
}

TEST(CareEvents, ComeOfFewTypes) {
  EXPECT_TRUE(may_tell_of_care(*type_number("Encounter")));
  EXPECT_FALSE(may_tell_of_care(*type_number("Observation")));
}

}  // namespace
}  // namespace continuum::fhir
