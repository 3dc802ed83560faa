#include "access/may_write.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace continuum::access {
namespace {

constexpr std::string_view kStaffSourceStart = "-staff-";

constexpr std::array<std::string_view, 6> kStaffTypes = {
    "CarePlan", "Composition", "DocumentReference", "Flag", "Observation", "Task"};
constexpr std::array<std::string_view, 4> kCitizenTypes = {"Composition", "Observation",
                                                           "QuestionnaireResponse", "Task"};

template <size_t kCount>
bool holds(const std::array<std::string_view, kCount>& types, fhir::TypeNumber type) {
  return std::find(types.begin(), types.end(), fhir::type_name(type)) != types.end();
}

// Whether there could be somebody of whom the caller may see items of that type: a rule may allow
// by one relationship what another denies, so each set of them is asked about.
bool may_ever_see(const Principal& principal, const Scope& scope, fhir::TypeNumber type) {
  PlaceFacts place;
  place.self = principal.kind == PrincipalKind::kCitizen;
  const unsigned sets = principal.kind == PrincipalKind::kStaff ? kEveryRelationship : 0;
  for (unsigned related = 0; related <= sets; ++related) {
    place.related = static_cast<RelationshipKinds>(related);
    if (scope.decide(place, {.type = type}).allow) {
      return true;
    }
  }
  return false;
}

tl::unexpected<Error> not_that_type() {
  return fail(ErrorCode::kForbidden, "you may not write resources of that type");
}

}  // namespace

std::string staff_source(std::string_view ods_code) {
  std::string name(kStaffSourceStart);
  for (char letter : ods_code) {
    bool is_capital = letter >= 'A' && letter <= 'Z';
    name += is_capital ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return name;
}

bool is_author_source(std::string_view name) {
  return name == kCitizenSource || name.starts_with(kStaffSourceStart);
}

std::optional<std::string> organisation_of_staff(std::string_view source) {
  if (!source.starts_with(kStaffSourceStart)) {
    return std::nullopt;
  }
  std::string ods_code(source.substr(kStaffSourceStart.size()));
  for (char& letter : ods_code) {
    bool is_small = letter >= 'a' && letter <= 'z';
    letter = is_small ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return ods_code;
}

Result<MayWrite> may_write(const Principal& principal, const Scope& scope, fhir::TypeNumber type) {
  // Accesses are in the ledger, which writes them itself.
  if (fhir::type_name(type) == "AuditEvent") {
    return fail(ErrorCode::kForbidden, "an AuditEvent cannot be written: the server makes them");
  }
  switch (principal.kind) {
    case PrincipalKind::kSystem:
      return MayWrite{principal.source, "write-own-source"};
    case PrincipalKind::kStaff:
      if (!holds(kStaffTypes, type) || !may_ever_see(principal, scope, type)) {
        return not_that_type();
      }
      return MayWrite{staff_source(principal.organisation), "write-as-staff"};
    case PrincipalKind::kCitizen:
      if (!holds(kCitizenTypes, type) || !may_ever_see(principal, scope, type)) {
        return not_that_type();
      }
      return MayWrite{std::string(kCitizenSource), "write-as-citizen"};
    case PrincipalKind::kOperator:
      return fail(ErrorCode::kForbidden, "operators may not write");
  }
  CHECK(false);
}

Status may_write_anything(const Principal& principal, const Scope& scope) {
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    if (may_write(principal, scope, static_cast<fhir::TypeNumber>(type))) {
      return {};
    }
  }
  return fail(ErrorCode::kForbidden, "you may not write");
}

}  // namespace continuum::access
