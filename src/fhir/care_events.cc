#include "fhir/care_events.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "fhir/reference.h"

namespace continuum::fhir {
namespace {

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;

using Report = std::function<void(const CareEvent&)>;
using Codes = std::span<const std::string_view>;

bool is_one_of(std::string_view code, Codes codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string_view code_of(const json::Node* coding) {
  return coding == nullptr ? std::string_view() : coding->string("code");
}

// Whom a Reference names. One of another type than Organization is kept as it stands: it is then
// nobody's own organisation.
void name_organisation(const json::Node* reference, CareEvent& event) {
  if (reference == nullptr) {
    return;
  }
  event.organisation = reference->string("reference");
  if (const json::Node* identifier = reference->find("identifier")) {
    event.identifier_system = identifier->string("system");
    event.identifier_value = identifier->string("value");
  }
  if (event.organisation.empty() && event.identifier_value.empty()) {
    // SAFETY: named by words alone, or not readable: it must not be taken for the sender.
    event.organisation = "#unreadable";
  }
}

// The period that is said, from a known start on. `over`: the event has ended.
bool read_period(const json::Node& resource, bool over, CareEvent& event) {
  const json::Node* period = resource.find("period");
  auto range = period == nullptr ? std::nullopt : period_range(*period);
  if (!range || range->low == kOpenLow) {
    return false;
  }
  if (over && range->high == kOpenHigh) {
    return false;
  }
  event.time = *range;
  return true;
}

void of_patient(const json::Node& resource, const Report& report) {
  const json::Node* active = resource.find("active");
  const json::Node* list = resource.find("generalPractitioner");
  if ((active != nullptr && active->kind != json::Kind::kTrue) || list == nullptr) {
    return;
  }
  size_t told = 0;
  for (const json::Node& reference : json::children(*list)) {
    if (told++ == kCareEventsMax) {
      return;
    }
    CareEvent event{.kind = CareEventKind::kGeneralPractitioner};
    name_organisation(&reference, event);
    report(event);
  }
}

void of_episode(const json::Node& resource, const Report& report) {
  constexpr std::array<std::string_view, 3> kStatuses = {"active", "onhold", "finished"};
  std::string_view status = resource.string("status");
  CareEvent event{.kind = CareEventKind::kEpisode};
  if (is_one_of(status, kStatuses) && read_period(resource, status == "finished", event)) {
    name_organisation(resource.find("managingOrganization"), event);
    report(event);
  }
}

std::optional<CareEventKind> kind_of_encounter(const json::Node& resource) {
  constexpr std::array<std::string_view, 6> kInpatient = {"IMP",   "ACUTE",  "NONAC",
                                                          "PRENC", "OBSENC", "SS"};
  constexpr std::array<std::string_view, 4> kAmbulatory = {"AMB", "VR", "HH", "FLD"};
  std::string_view code = code_of(resource.find("class"));
  return is_one_of(code, kInpatient)    ? std::optional(CareEventKind::kInpatient)
         : code == "EMER"               ? std::optional(CareEventKind::kEmergency)
         : is_one_of(code, kAmbulatory) ? std::optional(CareEventKind::kAmbulatory)
                                        : std::nullopt;
}

void of_encounter(const json::Node& resource, const Report& report) {
  constexpr std::array<std::string_view, 5> kStatuses = {"arrived", "triaged", "in-progress",
                                                         "onleave", "finished"};
  std::string_view status = resource.string("status");
  auto kind = kind_of_encounter(resource);
  CareEvent event;
  if (!kind || !is_one_of(status, kStatuses) || !read_period(resource, false, event)) {
    return;
  }
  event.kind = *kind;
  // A visit that never said it ended must not last for ever; a stay may well go on.
  bool goes_on = *kind == CareEventKind::kInpatient && status != "finished";
  if (event.time.high == kOpenHigh && !goes_on) {
    event.time.high = {event.time.low.micros + kMicrosPerDay};
  }
  name_organisation(resource.find("serviceProvider"), event);
  report(event);
}

void of_appointment(const json::Node& resource, const Report& report) {
  constexpr std::array<std::string_view, 5> kStatuses = {"pending", "booked", "arrived",
                                                         "checked-in", "fulfilled"};
  auto start = parse_date(resource.string("start"));
  auto end = parse_date(resource.string("end"));
  if (!is_one_of(resource.string("status"), kStatuses) || !start) {
    return;
  }
  CareEvent event{.kind = CareEventKind::kAppointment};
  event.time = {start->low, end && end->high > start->low ? end->high : start->high};
  report(event);
}

void of_referral(const json::Node& resource, const Report& report) {
  constexpr std::array<std::string_view, 3> kStatuses = {"active", "on-hold", "completed"};
  auto authored = parse_date(resource.string("authoredOn"));
  const json::Node* performers = resource.find("performer");
  if (!is_one_of(resource.string("status"), kStatuses) || !authored || performers == nullptr) {
    return;
  }
  size_t told = 0;
  for (const json::Node& performer : json::children(*performers)) {
    if (told++ == kCareEventsMax) {
      return;
    }
    CareEvent event{.kind = CareEventKind::kReferral, .time = *authored};
    name_organisation(&performer, event);
    report(event);
  }
}

void of_care_team(const json::Node& resource, const Report& report) {
  std::string_view status = resource.string("status");
  CareEvent event{.kind = CareEventKind::kCareTeam};
  if ((status != "active" && status != "inactive") ||
      !read_period(resource, status == "inactive", event)) {
    return;
  }
  const json::Node* organisations = resource.find("managingOrganization");
  name_organisation(organisations == nullptr ? nullptr : organisations->first, event);
  const json::Node* identifiers = resource.find("identifier");
  if (identifiers != nullptr && identifiers->first != nullptr) {
    event.workgroup = identifiers->first->string("value");
  }
  report(event);
}

struct Row {
  std::string_view type;
  void (*tell)(const json::Node& resource, const Report& report);
};
constexpr std::array<Row, 6> kRows{{{"Patient", of_patient},
                                    {"EpisodeOfCare", of_episode},
                                    {"Encounter", of_encounter},
                                    {"Appointment", of_appointment},
                                    {"ServiceRequest", of_referral},
                                    {"CareTeam", of_care_team}}};

using Table = std::array<decltype(Row::tell), 256>;

const Table& table() {
  static const Table made = [] {
    Table rows{};
    for (const Row& row : kRows) {
      auto type = type_number(row.type);
      CHECK(type.has_value());
      rows[*type] = row.tell;
    }
    return rows;
  }();
  return made;
}

}  // namespace

bool may_tell_of_care(TypeNumber type) {
  return table()[type] != nullptr;
}

void care_events(TypeNumber type, const json::Node& resource, const Report& report) {
  if (auto tell = table()[type]) {
    tell(resource, report);
  }
}

}  // namespace continuum::fhir
