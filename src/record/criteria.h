// What a resource must have to be meant by a condition: search parameters and their values
// (http://hl7.org/fhir/R4/http.html#cond-update), and conditions that a commit rests on.
//
// SAFETY: a write that rests on "there is none" or "there is that one alone" is checked where
// commits are ordered, not only where it was prepared: two writers at once never make two of what
// each was told to make once, however different their words for it (ADR 16).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "fhir/date.h"
#include "fhir/search_parameters.h"
#include "record/ids.h"
#include "record/kv/row.h"

namespace continuum::record {

struct TokenIs {
  std::string code;
  std::optional<std::string> system;  // empty: none; nothing: any
};
// Folded: case and marks count for nothing, nor what is past kFoldedBytesMax.
struct StringStarts {
  std::string text;
};
// To the byte.
struct StringIs {
  std::string text;
};
struct RefersTo {
  ResourceKey resource;
};
// What is no resource of this store, by its text.
struct RefersToText {
  std::string text;
};
// A logical reference.
struct RefersToIdentifier {
  std::string value;
  std::optional<std::string> system;
};
struct UriIs {
  std::string text;
};
// http://hl7.org/fhir/R4/search.html#prefix
enum class DatePrefix : uint8_t { kEq, kNe, kGt, kLt, kGe, kLe, kSa, kEb };
struct DateIs {
  DatePrefix prefix = DatePrefix::kEq;
  fhir::DateRange range;
};

using ValueTest = std::variant<TokenIs, StringStarts, StringIs, RefersTo, RefersToText,
                               RefersToIdentifier, UriIs, DateIs>;

struct Criterion {
  fhir::ParameterNumber parameter = 0;  // of the criteria's type, of the kind of its tests
  std::vector<ValueTest> any_of;        // at least one
};

struct Criteria {
  fhir::TypeNumber type = 0;
  // Whose resources are looked among; nothing: the shared ones, of all sources.
  std::optional<SourceNumber> source;
  std::vector<Criterion> all_of;  // at least one
};

// What a commit rests on: that `match` alone meets the criteria, or nothing does. Resources of the
// same commit don't count.
struct Condition {
  Criteria criteria;
  std::optional<ItemKey> match;
  T as_of = 0;  // the moment it was looked up in
};

struct Prepared;

// What is about to be stored, to be looked among. The items must outlive it, and stay where they
// are. One thread at a time.
class StagedItems {
 public:
  // Deletions, and what changes nothing, meet no criteria.
  void add(const Prepared& item);
  bool contains(const ItemKey& item) const { return items_.contains(item); }
  // Those that meet the criteria.
  std::set<const Prepared*> meeting(const Criteria& criteria);

 private:
  struct Row {
    uint8_t family;
    std::string_view key;
    const Prepared* item;
    bool operator<(const Row& other) const {
      return std::tie(family, key) < std::tie(other.family, other.key);
    }
  };
  std::set<ItemKey> items_;
  std::vector<Row> rows_;  // of their indexes
  bool is_sorted_ = true;
};

}  // namespace continuum::record
