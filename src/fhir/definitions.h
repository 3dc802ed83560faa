// The generated tables (tools/definitions/generate.mjs). Internal to this folder.
//
// Each type has a trie of member names. Its nodes say what to do with the JSON values found there.
// Arrays are no steps: a value and an array of values are treated alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fhir/search_parameters.h"

namespace continuum::fhir::definitions {

// How a value of one FHIR data type becomes values of one parameter kind.
enum class Leaf : uint8_t {
  kTokenCoding,
  kTokenConcept,
  kTokenIdentifier,
  kTokenContactPoint,
  kTokenCode,  // argument: index into kBindings
  kTokenBoolean,
  kTokenText,
  kTokenPresent,  // whatever is there counts as "true"
  kString,
  kStringHumanName,
  kStringAddress,
  kReference,  // argument: type number + 1 the reference must name, or 0
  kReferenceUri,
  kReferenceInline,  // a whole resource; argument: type number + 1 it must be
  kDate,
  kDatePeriod,
  kDateTiming,
  kNumber,
  kQuantity,
  kQuantityMoney,
  kQuantityRange,
  kUri,
};

struct TypeRow {
  std::string_view name;
  uint16_t parameters_first;
  uint16_t parameters_count;
  uint16_t root;  // into kNodes
  uint16_t compartment_first;
  uint16_t compartment_count;
  uint16_t absents_first;
  uint16_t absents_count;
};

// Edges are a perfect hash table of 2^slot_bits slots; no edges when slot_bits is 0.
struct TrieNode {
  uint16_t slots_first;
  uint32_t hash_seed;
  uint16_t guards_first;
  uint16_t actions_first;
  uint8_t slot_bits;
  uint8_t guards_count;
  uint8_t actions_count;
};

struct TrieSlot {
  std::string_view name;  // empty: no edge
  uint16_t node;
  bool first_only;  // of an array, only its first item
};

// Go on at `node` with the same value, if its string member `member` is `literal`.
struct TrieGuard {
  std::string_view member;
  std::string_view literal;
  uint16_t node;
};

struct TrieAction {
  ParameterNumber parameter;
  uint16_t argument;
  Leaf leaf;
};

// The code system of an element of type code: of the codes listed, else `system` (may be empty).
struct BindingRow {
  std::string_view system;
  uint16_t codes_first;
  uint16_t codes_count;
};

struct BindingCodeRow {
  std::string_view code;
  std::string_view system;
};

// The parameter is "false" when the resource has none of the members listed for it.
struct AbsentRow {
  ParameterNumber parameter;
  std::string_view member;
};

// One path of the patient compartment, as member names with dots between. `about`: by a parameter
// that says whom the resource is about.
struct CompartmentRow {
  std::string_view path;
  bool about;
};

extern const TypeRow kTypes[];
extern const Parameter kParameters[];
extern const TrieNode kNodes[];
extern const TrieSlot kSlots[];
extern const TrieGuard kGuards[];
extern const TrieAction kActions[];
extern const BindingRow kBindings[];
extern const BindingCodeRow kBindingCodes[];
extern const AbsentRow kAbsents[];
extern const CompartmentRow kCompartment[];
extern const std::size_t kTypeCount;
extern const std::size_t kParameterCount;
extern const std::size_t kPathCount;
extern const std::size_t kCompositeCount;
extern const char* const kFingerprint;

}  // namespace continuum::fhir::definitions
