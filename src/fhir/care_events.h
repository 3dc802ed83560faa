// What a resource tells of who cares for its patient, and when: the raw material of legitimate
// relationships. Which organisation that is, and for how long it may see the record, is decided by
// `access` from the source the resource came from and the policy's windows; nothing here is a
// permission.
//
// SAFETY: an event gives people access, so whatever is doubtful gives none: cancelled, planned
// without a time, entered in error, unreadable periods, an end before the start.
#pragma once

#include <array>
#include <functional>
#include <string_view>

#include "fhir/date.h"
#include "fhir/types.h"
#include "json/document.h"

namespace continuum::fhir {

// Numbers are stored.
enum class CareEventKind : uint8_t {
  kGeneralPractitioner = 1,  // Patient.generalPractitioner, while the Patient is active
  kEpisode = 2,              // EpisodeOfCare: active, on hold or finished
  kInpatient = 3,            // Encounter of class IMP, ACUTE, NONAC, PRENC, OBSENC or SS
  kEmergency = 4,            // Encounter of class EMER
  kAmbulatory = 5,           // Encounter of class AMB, VR, HH or FLD
  kAppointment = 6,          // Appointment: pending, booked, arrived, checked in or fulfilled
  kReferral = 7,             // ServiceRequest (active, on hold or completed) with a performer
  kCareTeam = 8,             // CareTeam: active, or inactive with an end
};
inline constexpr size_t kCareEventsMax = 8;  // told of one resource; more are passed over

struct CareEvent {
  CareEventKind kind = CareEventKind::kEpisode;
  // [low, high); open where nothing is said. What is over without saying when is over at once.
  DateRange time = {};
  // The organisation named, any of which may be empty: the reference as it stands, or an
  // identifier. With none named, the one that sent the resource is meant.
  std::string_view organisation = {};
  std::string_view identifier_system = {};
  std::string_view identifier_value = {};
  std::string_view workgroup = {};  // code of the team, or empty: the whole organisation
};

// Whether resources of this type ever tell of care.
bool may_tell_of_care(TypeNumber type);
// Calls `report` for each event, in the order of the resource's members. Views live as long as the
// resource. Never fails: what cannot be read is no event. Thread-safe.
void care_events(TypeNumber type, const json::Node& resource,
                 const std::function<void(const CareEvent&)>& report);

}  // namespace continuum::fhir
