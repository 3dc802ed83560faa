// What one caller may see: a policy's rules that hold for them, ready to be asked about items and
// about sets of source patients.
//
// A Scope says nothing about who the caller is, and knows no relationship: facts about the place of
// an item come with each question.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/ord_set.h"
#include "access/relationship.h"
#include "crypto/digest.h"
#include "fhir/search_parameters.h"
#include "fhir/types.h"

namespace continuum::access {

// Where an item is, seen from the caller. `related` and `self` are about the person whose source
// patient it is, so they count at kPatient only; `own_source` counts at kPatient and kQuarantined.
struct PlaceFacts {
  enum Place : uint8_t { kPatient, kShared, kQuarantined };
  Place place = kPatient;
  // Live relationships of the caller's organisation or workgroups with the person.
  RelationshipKinds related = kNoRelationship;
  bool self = false;        // the person is the citizen who asks
  bool own_source = false;  // the item was sent by the system that asks
  bool operator==(const PlaceFacts&) const = default;
};

struct ItemFacts {
  fhir::TypeNumber type = fhir::kPatientType;
  uint8_t label_class = 0;  // 0: no label
};

struct Decision {
  bool allow = false;
  // The rule that decided, or "default" when none did. Lives as long as any copy of the Scope.
  std::string_view rule = "default";
  bool operator==(const Decision&) const = default;
};

// The same facts as sets. SAFETY: the caller promises that members of `related` and `self` are
// source patients, and those of `own_source` source patients or quarantines.
struct Relations {
  std::array<OrdSet, kRelationshipKindCount> related;  // by kind
  OrdSet self;
  OrdSet own_source;
  OrdSet patients;     // every source patient
  OrdSet shared;       // Ord::shared(), when it is to be looked at
  OrdSet quarantined;  // quarantines that are to be looked at
};

// A set of PlaceFacts::Place, by bit.
using Places = uint8_t;
constexpr Places only(PlaceFacts::Place place) {
  return static_cast<Places>(1U << static_cast<unsigned>(place));
}
inline constexpr Places kEveryPlace = 7;
// Where what a source sent can be its own.
inline constexpr Places kOwnSourcePlaces =
    only(PlaceFacts::kPatient) | only(PlaceFacts::kQuarantined);

// One rule as it is for one caller: every condition must hold.
struct ScopeRule {
  std::string name;
  bool allow = false;
  Places places = kEveryPlace;
  RelationshipKinds related = kNoRelationship;  // not empty: one of these is live
  bool self = false;                            // true: it must be
  bool own_source = false;                      // true: it must be
  std::bitset<256> types;
  std::bitset<256> label_classes;
};

// Immutable; safe to use from many threads. Copies share what they hold and cost a pointer.
class Scope {
 public:
  Scope();  // allows nothing
  Scope(std::vector<ScopeRule> rules, std::vector<fhir::ParameterNumber> denied_search);

  // The first rule whose every condition holds decides; when none does, it is denied.
  // PERF: 3 to 25 ns with five rules.
  Decision decide(const PlaceFacts& place, const ItemFacts& item) const;

  // Exactly those members of `relations` for which decide() allows an item of this type and label
  // class.
  OrdSet visible(fhir::TypeNumber type, uint8_t label_class, const Relations& relations) const;

  // Whether decide() allows an item of any type and label class there. Exact.
  bool may_see_anything_of(const PlaceFacts& place) const;
  // False: no item of any patient can be allowed, whatever the relationships are. True says only
  // that some rule allows some.
  bool sees_person_records() const;
  // Relationships of other kinds change no decision: whoever gathers facts may leave them out.
  RelationshipKinds kinds_that_matter() const;
  // Whether further kinds, beside these, change no decision any more.
  bool is_settled_by(RelationshipKinds related) const;
  // Whether `self` or `own_source` can change a decision.
  bool self_matters() const;
  bool own_source_matters() const;
  // Places whose whole sets visible() looks at; those of others may be left empty. Few policies
  // need the set of every source patient.
  Places places_that_matter() const;
  // Whether the caller may search by this parameter at all.
  bool may_search(fhir::ParameterNumber parameter) const;

  // One line a rule, in order, then the denied parameters. Equal texts decide alike; the digest is
  // its SHA-256.
  const std::string& canonical() const;
  const crypto::Digest& digest() const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled>
      compiled_;  // shared: a Scope is copied into every task of a request
};

}  // namespace continuum::access
