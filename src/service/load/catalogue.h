// What a load brings, before anything is stored: who is who, and where each resource belongs.
//
// A load reads its input twice. The first pass fills the catalogue, so that references resolve in
// any order and over all files; the second stores. Per resource the catalogue keeps about a hundred
// bytes, and no content.
//
// Within one source a resource is known by its type and own id (resource.id, else the entry's
// fullUrl, else a digest of its content). Entries of the same identity are versions of one
// resource.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "identity/exact_match.h"
#include "record/store.h"
#include "service/load/scanner.h"

namespace continuum::service {

struct Target {
  fhir::TypeNumber type = 0;
  record::ResourceId id;
};

class Catalogue {
 public:
  // `threads`: how many look things up.
  Catalogue(record::Store& store, record::SourceNumber source, std::string source_name,
            unsigned threads = 1);

  struct UnitPlace {
    uint32_t file = 0;
    uint32_t line = 0;
    uint32_t first_entry = 0;  // number of the first entry
    bool atomic = false;
  };
  // Units in order.
  void add(UnitScan scan, const UnitPlace& place);
  // After the last: finds repeats, conditions and homes. Errors are of the store.
  Status finish();

  size_t unit_count() const { return unit_starts_.size(); }
  const Occurrence& at(OccurrenceIndex index) const { return occurrences_[index]; }
  record::ResourceId id_of(OccurrenceIndex index) const;
  record::Ord home_of(OccurrenceIndex index) const;
  // The store has nothing of that id until this occurrence is stored.
  bool is_absent(OccurrenceIndex index) const {
    const Occurrence& occurrence = occurrences_[index];
    return !occurrences_[occurrence.leader].known && (!occurrence.repeated || occurrence.uniform);
  }

  // What an occurrence with ifNoneExist that is to be stored rests on: that nothing meets it.
  // Nothing when resources of its type are not found by identifier.
  std::optional<record::Condition> condition_of(OccurrenceIndex index) const;

  // The other patients of this source that a resource with this home is about: `root` with its
  // references as they are stored. Distinct. Thread-safe.
  Result<std::vector<record::Ord>> also_about(OccurrenceIndex index, const json::Node& root,
                                              const record::View& view) const;

  // The occurrences of one unit: [begin, end).
  struct Scope {
    OccurrenceIndex begin = 0;
    OccurrenceIndex end = 0;
  };
  Scope scope_of_unit(uint32_t unit) const;
  // Nothing that these bring is in the store until this load stores it.
  bool is_all_absent(Scope scope) const;
  Scope scope_of(OccurrenceIndex index) const { return scope_of_unit(unit_of(index)); }
  // What a reference names: in its own unit, else in this load, else, of the same source, in the
  // store. Nothing when unknown, or not one resource. Thread-safe, given a minter of the thread's
  // own and a view.
  Result<std::optional<Target>> resolve(std::string_view reference, Scope scope,
                                        record::IdMinter& minter, const record::View& view) const;

  const std::vector<LoadRefusal>& refusals() const { return refusals_; }
  size_t size() const { return occurrences_.size(); }

 private:
  struct Alias {
    record::IdHash hash;
    OccurrenceIndex index;
    bool operator<(const Alias& other) const {
      return hash != other.hash ? hash < other.hash : index < other.index;
    }
  };
  struct Condition {
    OccurrenceIndex index;
    IdentifierCriteria criteria;
    bool home;
  };

  // What a name leads to: one leader, nothing, or several.
  struct Found {
    std::optional<OccurrenceIndex> leader;
    bool several = false;
  };
  // What an ifNoneExist finds.
  struct Matches {
    std::vector<Target> stored;
    std::vector<OccurrenceIndex> plain;  // brought by this load without condition; one an identity
    std::optional<OccurrenceIndex> first;  // the first entry that asks the same
    size_t count() const { return stored.size() + plain.size(); }
  };

  void start_round();
  // One round of settling who is who; true when it refused something, and must be done again.
  Result<bool> settle(const record::View& view);
  Result<bool> refuse_ambiguous(const record::View& view);
  Status meet_conditions(const record::View& view);
  Result<Matches> matches(const Condition& condition, const record::View& view);
  bool is_brought(const record::IdHash& identity) const;
  void elect_leaders();
  void elect_leader(size_t begin, size_t end);
  Status find_known(const record::View& view);
  Status find_known(const record::View& view, Scope scope);
  OccurrenceIndex index_at(size_t part) const;
  Status find_homes(const record::View& view);
  Result<bool> refuse_other_people(const record::View& view);
  Result<bool> refuse_moved(const record::View& view);
  Result<record::Ord> place(OccurrenceIndex index, const record::View& view, size_t depth);
  Result<std::optional<record::Ord>> home_of_versions(OccurrenceIndex leader,
                                                      const record::View& view, size_t depth);
  bool is_about_a_crowd(OccurrenceIndex index) const;
  Result<bool> is_about(OccurrenceIndex index, record::Ord patient, const record::View& view);
  Result<record::Ord> place_by_hint(OccurrenceIndex index, const record::View& view, size_t depth);
  Result<record::Ord> place_with(OccurrenceIndex other, OccurrenceIndex index,
                                 const record::View& view, size_t depth);
  Result<record::Ord> place_by_search(const IdentifierCriteria& criteria, OccurrenceIndex index,
                                      const record::View& view, size_t depth);
  Result<record::Ord> ord_of_patient(const record::IdHash& patient, const record::View& view) const;
  Result<record::Ord> home_in_store(fhir::TypeNumber type, const record::IdHash& identity,
                                    const record::View& view) const;
  Found find(const record::IdHash& hash, Scope preferred) const;
  Result<std::optional<Target>> resolve_criteria(const IdentifierCriteria& criteria,
                                                 const Found& found,
                                                 const record::View& view) const;
  Result<std::vector<Target>> search_store(const IdentifierCriteria& criteria,
                                           const record::View& view) const;
  record::IdHash criteria_alias(const IdentifierCriteria& criteria, record::IdMinter& minter) const;
  uint32_t unit_of(OccurrenceIndex index) const;
  // Refuses an occurrence, and with it its whole unit when that is taken whole.
  void refuse(OccurrenceIndex index, const Error& error);
  void refuse_one(OccurrenceIndex index, size_t unit, const Error& error);

  record::Store& store_;
  record::SourceNumber source_;
  std::string source_name_;
  size_t threads_;
  mutable record::IdMinter minter_;
  std::vector<Occurrence> occurrences_;
  std::vector<OccurrenceIndex> unit_starts_;
  std::vector<Alias> aliases_;
  std::vector<Condition> conditions_;  // by index
  std::unordered_map<OccurrenceIndex, const Condition*> home_conditions_;
  std::unordered_map<std::string, std::vector<Target>> searched_;               // by criteria_text
  std::unordered_map<OccurrenceIndex, std::vector<OccurrenceIndex>> versions_;  // by leader
  std::unordered_map<OccurrenceIndex, Target> same_in_store_;  // what ifNoneExist found there
  std::mutex given_mutex_;
  std::unordered_map<OccurrenceIndex, std::string> given_ids_;  // by clients; by leader
  std::unordered_map<OccurrenceIndex, std::vector<HomeHint>> more_hints_;
  std::unordered_map<OccurrenceIndex, std::vector<HomeHint>> several_;
  struct Patient {
    std::string own_id;
    identity::PersonFacts facts;
  };
  std::map<OccurrenceIndex, Patient> patients_;  // in order: what is refused must not vary
  std::vector<UnitPlace> unit_places_;
  std::vector<LoadRefusal> refusals_;
};

}  // namespace continuum::service
