// The kinds of legitimate relationship, and for how long each one lasts beyond its event.
//
// A relationship ties an organisation or a workgroup to a person. It follows from an event that a
// source wrote about its own patient: a registration, an admission, a referral. Nobody types one
// in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace continuum::access {

enum class RelationshipKind : uint8_t {
  kRegistration,  // with a GP practice
  kAdmission,     // a stay in a hospital
  kEmergency,     // an attendance at an emergency department, or an ambulance's
  kOutpatient,    // an appointment
  kReferral,      // open, to the organisation
  kCaseload,      // of a team
  kSocialCare,    // an open social care service
};

inline constexpr std::array<std::pair<RelationshipKind, std::string_view>, 7> kRelationshipKinds{{
    {RelationshipKind::kRegistration, "registration"},
    {RelationshipKind::kAdmission, "admission"},
    {RelationshipKind::kEmergency, "emergency"},
    {RelationshipKind::kOutpatient, "outpatient"},
    {RelationshipKind::kReferral, "referral"},
    {RelationshipKind::kCaseload, "caseload"},
    {RelationshipKind::kSocialCare, "social-care"},
}};
inline constexpr size_t kRelationshipKindCount = kRelationshipKinds.size();

std::string_view to_string(RelationshipKind kind);
// Exactly the names above.
std::optional<RelationshipKind> parse_relationship_kind(std::string_view name);

// A set of kinds: the union of their only().
using RelationshipKinds = uint8_t;
constexpr RelationshipKinds only(RelationshipKind kind) {
  return static_cast<RelationshipKinds>(1U << static_cast<unsigned>(kind));
}
inline constexpr RelationshipKinds kNoRelationship = 0;
inline constexpr RelationshipKinds kEveryRelationship = (1U << kRelationshipKindCount) - 1;

// How long a relationship is live around its event; a whole number of days, both bounds included.
// An event without an end has not ended.
struct Window {
  int32_t days_before_start = 0;
  int32_t days_after_end = 0;
  bool operator==(const Window&) const = default;

  // The event starts in `days_to_start` days (0: today, or earlier).
  constexpr bool is_live_before(int32_t days_to_start) const {
    return days_to_start <= days_before_start;
  }
  // The event ended `days_since_end` days ago (0: today).
  constexpr bool is_live_after(int32_t days_since_end) const {
    return days_since_end <= days_after_end;
  }
};
// By kind: windows[static_cast<size_t>(kind)].
using Windows = std::array<Window, kRelationshipKindCount>;

}  // namespace continuum::access
