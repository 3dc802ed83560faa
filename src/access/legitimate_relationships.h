// Which legitimate relationships an organisation, or one of its workgroups, has with a person now
// (or had as of a past commit), and from what event.
//
// Everything comes from the organisation's own sources and is about its own patients: what another
// organisation wrote, or what a person typed, never gives anybody access. The person is then known
// to the organisation in all their source patients.
//
// SAFETY: an event that names an organisation counts only when that is this one: an Organization of
// its own sources that carries its ODS code, or the code itself. A practice that a hospital names
// gains nothing, and neither does a practice whose old patient is now registered elsewhere.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "access/ord_set.h"
#include "access/relationship.h"
#include "access/scope.h"
#include "config/region.h"
#include "record/store.h"

namespace continuum::access {

inline constexpr std::string_view kOdsCodeSystem = "https://fhir.nhs.uk/Id/ods-organization-code";

// On whose behalf is asked.
struct Organisation {
  std::string ods_code;
  config::OrganisationKind kind = config::OrganisationKind::kOther;
  std::vector<record::SourceNumber> sources;  // its own
  std::vector<std::string> workgroups;        // of the caller in it
};

struct LiveRelationships {
  RelationshipKinds kinds = kNoRelationship;
  // The event that gives each kind; of several the first found.
  std::array<std::optional<record::ItemKey>, kRelationshipKindCount> events;
};

// Which Organization resources are an organisation's own, as found at one t: the same few are asked
// about with every request. Thread-safe.
class OwnOrganisations {
 public:
  std::optional<bool> find(record::T t, const std::string& ods_code, const record::ResourceId& id);
  void keep(record::T t, const std::string& ods_code, const record::ResourceId& id, bool is_own);

 private:
  std::mutex mutex_;
  record::T t_ = 0;
  std::unordered_map<std::string, bool> known_;  // at t_
};

// For one request. Neither thread-safe nor to outlive `view`.
class LegitimateRelationships {
 public:
  LegitimateRelationships(const record::View& view, Organisation organisation,
                          const Windows& windows, Instant now,
                          std::optional<record::T> as_of = std::nullopt,
                          OwnOrganisations* remembered = nullptr);

  // Of the kinds wanted; stops looking when all are found, or when the scope is settled by those
  // that are.
  Result<LiveRelationships> with(const record::Person& person, RelationshipKinds wanted,
                                 const Scope* scope = nullptr);
  // The same by one source patient alone, whoever they are.
  Result<LiveRelationships> with(record::Ord ord, RelationshipKinds wanted,
                                 const Scope* scope = nullptr);

  // The same for all persons at once: by kind, every source patient of a person with a live
  // relationship. Not as of a past commit.
  Result<std::array<OrdSet, kRelationshipKindCount>> everybody();

 private:
  std::optional<RelationshipKind> kind_of(const record::CareEvent& event) const;
  Result<bool> is_for_us(const record::CareEvent& event);
  Result<bool> is_own_organisation(const record::ResourceId& id);
  Result<bool> look_up_organisation(const record::ResourceId& id) const;
  bool is_live(const record::CareEvent& event, RelationshipKind kind) const;
  // The kind of a live relationship that the event gives, if any.
  Result<std::optional<RelationshipKind>> given_by(const record::CareEvent& event);
  bool is_own(record::SourceNumber source) const;
  struct Search {
    RelationshipKinds wanted;
    const Scope* scope;
    LiveRelationships found;
    bool is_over() const;
  };
  // Adds what a source tells of its patient.
  Status add(record::SourceNumber source, record::Ord ord, Search& search);

  const record::View& view_;
  Organisation organisation_;
  Windows windows_;
  int64_t today_;
  std::optional<record::T> as_of_;
  OwnOrganisations* remembered_;
  // Organization resources seen, and whether they are this organisation.
  std::map<std::tuple<uint16_t, record::IdHash, std::string>, bool> known_;
};

}  // namespace continuum::access
