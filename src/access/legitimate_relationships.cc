#include "access/legitimate_relationships.h"

#include <algorithm>

#include "base/check.h"

namespace continuum::access {
namespace {

using fhir::CareEventKind;

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;
constexpr size_t kOwnOrganisationsMax = 1'000;

int64_t day_of(Instant instant) {
  int64_t day = instant.micros / kMicrosPerDay;
  return instant.micros % kMicrosPerDay < 0 ? day - 1 : day;
}

int32_t days_between(int64_t from, int64_t to) {
  return static_cast<int32_t>(std::clamp<int64_t>(to - from, std::numeric_limits<int32_t>::min(),
                                                  std::numeric_limits<int32_t>::max()));
}

fhir::TypeNumber organization_type() {
  static const fhir::TypeNumber number = [] {
    auto found = fhir::type_number("Organization");
    CHECK(found.has_value());
    return *found;
  }();
  return number;
}

}  // namespace

LegitimateRelationships::LegitimateRelationships(const record::View& view,
                                                 Organisation organisation, const Windows& windows,
                                                 Instant now, std::optional<record::T> as_of,
                                                 OwnOrganisations* remembered)
    : view_(view),
      organisation_(std::move(organisation)),
      windows_(windows),
      today_(day_of(now)),
      as_of_(as_of),
      remembered_(remembered) {}

bool LegitimateRelationships::is_own(record::SourceNumber source) const {
  return std::find(organisation_.sources.begin(), organisation_.sources.end(), source) !=
         organisation_.sources.end();
}

std::optional<RelationshipKind> LegitimateRelationships::kind_of(
    const record::CareEvent& event) const {
  using config::OrganisationKind;
  bool practice = organisation_.kind == OrganisationKind::kGpPractice;
  bool social = organisation_.kind == OrganisationKind::kSocialCare ||
                organisation_.kind == OrganisationKind::kCareHome;
  switch (event.kind) {
    case CareEventKind::kGeneralPractitioner:
      return practice ? std::optional(RelationshipKind::kRegistration) : std::nullopt;
    case CareEventKind::kEpisode:
      return practice ? RelationshipKind::kRegistration
             : social ? RelationshipKind::kSocialCare
                      : RelationshipKind::kCaseload;
    case CareEventKind::kInpatient:
      return social ? RelationshipKind::kSocialCare : RelationshipKind::kAdmission;
    case CareEventKind::kEmergency:
      return RelationshipKind::kEmergency;
    case CareEventKind::kAmbulatory:
    case CareEventKind::kAppointment:
      return social ? RelationshipKind::kSocialCare : RelationshipKind::kOutpatient;
    case CareEventKind::kReferral:
      return RelationshipKind::kReferral;
    case CareEventKind::kCareTeam:
      return social     ? std::optional(RelationshipKind::kSocialCare)
             : practice ? std::nullopt
                        : std::optional(RelationshipKind::kCaseload);
  }
  return std::nullopt;
}

std::optional<bool> OwnOrganisations::find(record::T t, const std::string& ods_code,
                                           const record::ResourceId& id) {
  std::lock_guard lock(mutex_);
  auto known = t == t_ ? known_.find(ods_code + ' ' + id.text()) : known_.end();
  return known == known_.end() ? std::nullopt : std::optional(known->second);
}

void OwnOrganisations::keep(record::T t, const std::string& ods_code, const record::ResourceId& id,
                            bool is_own) {
  std::lock_guard lock(mutex_);
  if (t != t_ || known_.size() >= kOwnOrganisationsMax) {
    known_.clear();
    t_ = t;
  }
  known_[ods_code + ' ' + id.text()] = is_own;
}

Result<bool> LegitimateRelationships::look_up_organisation(const record::ResourceId& id) const {
  auto located = view_.locate({organization_type(), id});
  if (!located) {
    return located.error().code == ErrorCode::kNotFound ? Result<bool>(false)
                                                        : fail(located.error());
  }
  if (!is_own(located->source)) {
    return false;
  }
  TRY(auto own, view_.find_token(organization_type(), "identifier", kOdsCodeSystem,
                                 organisation_.ods_code, kOwnOrganisationsMax));
  return std::find(own.begin(), own.end(), located->key) != own.end();
}

Result<bool> LegitimateRelationships::is_own_organisation(const record::ResourceId& id) {
  auto known = known_.find({id.bucket, id.hash, id.given});
  if (known != known_.end()) {
    return known->second;
  }
  record::T t = view_.stable_t();
  auto kept =
      remembered_ == nullptr ? std::nullopt : remembered_->find(t, organisation_.ods_code, id);
  if (!kept) {
    TRY(kept, look_up_organisation(id));
    if (remembered_ != nullptr) {
      remembered_->keep(t, organisation_.ods_code, id, *kept);
    }
  }
  known_.emplace(std::tuple(id.bucket, id.hash, id.given), *kept);
  return *kept;
}

Result<bool> LegitimateRelationships::is_for_us(const record::CareEvent& event) {
  bool is_team = event.kind == CareEventKind::kCareTeam;
  if ((is_team || !event.workgroup.empty()) &&
      std::find(organisation_.workgroups.begin(), organisation_.workgroups.end(),
                event.workgroup) == organisation_.workgroups.end()) {
    return false;
  }
  if (event.organisation) {
    return is_own_organisation(*event.organisation);
  }
  if (!event.identifier_value.empty()) {
    return event.identifier_system == kOdsCodeSystem &&
           event.identifier_value == organisation_.ods_code;
  }
  bool must_be_named =
      event.kind == CareEventKind::kGeneralPractitioner || event.kind == CareEventKind::kReferral;
  return !event.names_other && !must_be_named;
}

bool LegitimateRelationships::is_live(const record::CareEvent& event, RelationshipKind kind) const {
  const Window& window = windows_[static_cast<size_t>(kind)];
  if (event.time.low != fhir::kOpenLow &&
      !window.is_live_before(days_between(today_, day_of(event.time.low)))) {
    return false;
  }
  return event.time.high == fhir::kOpenHigh ||
         window.is_live_after(days_between(day_of({event.time.high.micros - 1}), today_));
}

Result<std::optional<RelationshipKind>> LegitimateRelationships::given_by(
    const record::CareEvent& event) {
  auto kind = kind_of(event);
  if (!kind || !is_live(event, *kind)) {
    return std::optional<RelationshipKind>();
  }
  TRY(bool ours, is_for_us(event));
  return ours ? kind : std::nullopt;
}

bool LegitimateRelationships::Search::is_over() const {
  return (found.kinds & wanted) == wanted ||
         (found.kinds != kNoRelationship && scope != nullptr && scope->is_settled_by(found.kinds));
}

Status LegitimateRelationships::add(record::SourceNumber source, record::Ord ord, Search& search) {
  if (search.is_over()) {
    return {};
  }
  Status judged;
  TRY(view_.scan_care(source, ord, as_of_, [&](const record::CareEvent& event) {
    auto kind = given_by(event);
    if (!kind) {
      judged = fail(kind.error());
      return false;
    }
    if (*kind && (only(**kind) & search.wanted & ~search.found.kinds) != 0) {
      search.found.kinds |= only(**kind);
      search.found.events[static_cast<size_t>(**kind)] = event.item;
    }
    return !search.is_over();
  }));
  return judged;
}

Result<LiveRelationships> LegitimateRelationships::with(const record::Person& person,
                                                        RelationshipKinds wanted,
                                                        const Scope* scope) {
  Search search{wanted, scope, {}};
  for (const record::SourcePatient& member : person.members) {
    if (is_own(member.source)) {
      TRY(add(member.source, member.ord, search));
    }
  }
  return search.found;
}

// A source tells of its own patients alone: which one it is need not be looked up.
Result<LiveRelationships> LegitimateRelationships::with(record::Ord ord, RelationshipKinds wanted,
                                                        const Scope* scope) {
  Search search{wanted, scope, {}};
  for (record::SourceNumber source : organisation_.sources) {
    TRY(add(source, ord, search));
  }
  return search.found;
}

Result<std::array<OrdSet, kRelationshipKindCount>> LegitimateRelationships::everybody() {
  CHECK(!as_of_);
  std::array<OrdSet, kRelationshipKindCount> sets;
  for (record::SourceNumber source : organisation_.sources) {
    // Rows of one source patient stand together: who the person is, is looked up once.
    std::optional<record::Person> person;
    record::Ord of;
    Status judged;
    TRY(view_.scan_care(source, [&](const record::CareEvent& event) {
      auto kind = given_by(event);
      if (!kind) {
        judged = fail(kind.error());
        return false;
      }
      if (!*kind) {
        return true;
      }
      if (!person || of != event.item.ord) {
        auto found = view_.person_of(event.item.ord);
        if (!found) {
          judged = fail(found.error());
          return false;
        }
        person = std::move(*found);
        of = event.item.ord;
      }
      for (const record::SourcePatient& member : person->members) {
        sets[static_cast<size_t>(**kind)].add(member.ord);
      }
      return true;
    }));
    TRY(judged);
  }
  return sets;
}

}  // namespace continuum::access
