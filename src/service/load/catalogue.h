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
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "fhir/reference.h"
#include "identity/exact_match.h"
#include "json/document.h"
#include "record/ids.h"
#include "record/store.h"
#include "service/load/bundle.h"

namespace continuum::service {

using OccurrenceIndex = uint32_t;

enum class Fate : uint8_t {
  kStore,
  kDelete,
  kSkip,     // nothing to store
  kSame,     // ifNoneExist found another: only a name for it
  kRefused,  // see the refusals
};

// Names a resource whose home another one shares.
struct HomeHint {
  record::IdHash hash{};
  fhir::TypeNumber type = 0;
  bool has_type = false;
};

struct Occurrence {
  record::IdHash identity{};
  HomeHint home_hint;
  int64_t updated = INT64_MIN;  // meta.lastUpdated or response.lastModified, microseconds
  uint64_t content = 0;         // hash of the text as it came
  record::Ord home;
  record::Ord known_home;  // where the store has it, when `known`
  // Where other versions of it are, when this one names no known patient.
  std::optional<record::Ord> borrowed_home;
  OccurrenceIndex leader = 0;  // the first of the same identity, or what ifNoneExist found
  uint16_t id_bucket = 0;
  fhir::TypeNumber type = 0;

  Fate fate = Fate::kSkip;
  bool names_somebody = false;  // says whom it is about, in words we know or not
  bool has_hint = false;
  bool repeated = false;     // other occurrences have the same identity
  bool uniform = false;      // ... and all of them the same text
  bool placed = false;       // `home` is set
  bool known = false;        // the store had a resource of this id before the load
  bool conditional = false;  // has ifNoneExist
};

struct LoadRefusal {
  uint32_t file = 0;
  uint32_t line = 0;   // of NDJSON, or 0
  uint32_t entry = 0;  // of a Bundle, or 0
  std::string type;    // FHIR type as far as known
  Error error;
};

// An identifier=system|value search, as ifNoneExist and conditional references have it.
struct IdentifierCriteria {
  fhir::TypeNumber type = 0;
  std::string system;
  std::string value;
};
// `query` as after "Type?". Nothing for any other search.
std::optional<IdentifierCriteria> parse_identifier_criteria(fhir::TypeNumber type,
                                                            std::string_view query);

// What can be said of one entry by itself.
struct Described {
  fhir::TypeNumber type = 0;
  std::string own_id;
};
// `root`: the parsed resource. kInvalid names what is wrong with it.
Result<Described> describe(const Entry& entry, const json::Node& root);

// What one unit brings; made by any thread.
struct UnitScan {
  struct Alias {
    record::IdHash hash;
    uint32_t entry;
  };
  struct Condition {
    uint32_t entry;
    IdentifierCriteria criteria;
    bool home = false;  // the home hint is this search; otherwise it is ifNoneExist
  };
  struct PatientId {
    uint32_t entry;
    std::string own_id;
    identity::PersonFacts facts;
  };
  struct MoreHint {
    uint32_t entry;
    HomeHint hint;
  };
  std::vector<Occurrence> occurrences;  // one for each entry
  std::vector<Alias> aliases;
  std::vector<Condition> conditions;
  // All that may be patients in the references that place a resource, where they are several.
  struct Several {
    uint32_t entry;
    std::vector<HomeHint> names;
  };
  std::vector<MoreHint> more_hints;  // after each entry's own, in order
  std::vector<Several> several;
  std::vector<PatientId> patients;
  std::vector<LoadRefusal> refusals;
};

// Fills a UnitScan from a unit's parts. One thread at a time.
class Scanner {
 public:
  Scanner(record::IdMinter minter, std::string source)
      : minter_(std::move(minter)), source_(std::move(source)) {}
  // `file` and `line` name the unit in refusals.
  UnitScan scan(const Parts& parts, uint32_t file, uint32_t line);
  // What tells that an entry is still the one that was scanned.
  static uint64_t content_of(const Entry& entry);

 private:
  Status scan_entry(const Entry& entry, uint32_t index, UnitScan& out);
  void add_aliases(const Entry& entry, const json::Node& root, uint32_t index, UnitScan& out);
  void add_home_hint(const json::Node& root, uint32_t index, UnitScan& out);
  void add_several(const json::Node& root, uint32_t index, UnitScan& out);
  std::optional<HomeHint> home_hint(const fhir::ParsedReference& reference);

  record::IdMinter minter_;
  std::string source_;
  json::Document document_;
};

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
  std::vector<Condition> conditions_;
  std::unordered_map<OccurrenceIndex, const Condition*> home_conditions_;
  std::unordered_map<std::string, std::vector<Target>> searched_;               // by criteria_text
  std::unordered_map<OccurrenceIndex, std::vector<OccurrenceIndex>> versions_;  // by leader
  std::unordered_map<OccurrenceIndex, Target> same_in_store_;  // what ifNoneExist found there
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
