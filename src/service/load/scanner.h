// The first look at what a load brings: each entry by itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/reference.h"
#include "identity/exact_match.h"
#include "json/document.h"
#include "record/ids.h"
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
// "Type?identifier=system|value".
std::string criteria_text(const IdentifierCriteria& criteria);

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

}  // namespace continuum::service
