// The generated tables of what each type may hold (tools/definitions/generate_structures.mjs).
// Internal to this folder.
//
// A shape is a resource type, a data type, or an element with elements of its own. Its members are
// the names JSON may use, one for each type of a choice; its elements are what R4 counts. Texts are
// places in one pool. Some 210 KB in all; shapes that R4 refers to by contentReference are shared.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "fhir/primitive.h"

namespace continuum::fhir::structures {

// Member names hash into `1 << slot_bits` slots, at least twice as many as names; the next free
// slot holds one whose own is taken. A slot holds the number of a member within the shape.
inline constexpr uint8_t kNoMember = 0xff;

// The shape of a resource type has the type's number.
struct Shape {
  uint16_t slots_first;
  uint16_t members_first;
  uint16_t elements_first;
  uint8_t slot_bits;
  uint8_t members_count;
  uint8_t elements_count;
  uint8_t required_count;  // the first so many elements
};

struct Member {
  uint16_t name;  // into kNames
  uint8_t name_size;
  uint8_t element;   // within the shape
  uint16_t shape;    // of kComplex
  uint8_t argument;  // Reference: 1 + into kTargetSets; code, CodeableConcept: 1 + into kCodeSets;
                     // 0: any
  ValueKind kind;
  bool attribute;  // a primitive that has no sibling for id and extensions
};

struct Element {
  uint16_t name;  // into kNames; of a choice without [x]
  uint8_t name_size;
  bool many;
  bool choice;
};

// A bit for each type number.
struct TargetSet {
  std::array<uint64_t, 3> bits;
};

struct CodeSet {
  uint16_t codes_first;
  uint16_t codes_count;
  uint16_t system;  // into kCodeTexts; empty where the codes are of several systems
  uint8_t system_size;
};

// Of one set in byte order.
struct Code {
  uint16_t text;  // into kCodeTexts
  uint8_t size;
};

extern const char kNames[];
extern const char kCodeTexts[];
extern const Shape kShapes[];
extern const Member kMembers[];
extern const Element kElements[];
extern const uint8_t kSlots[];
extern const TargetSet kTargetSets[];
extern const CodeSet kCodeSets[];
extern const Code kCodes[];
template <typename Row>
std::string_view name_of(const Row& row) {
  return {kNames + row.name, row.name_size};
}

// Of a member within its shape, or kNoMember.
uint8_t find_member(const Shape& shape, std::string_view name);

extern const uint16_t kElementShape;
extern const uint16_t kExtensionShape;
extern const uint16_t kReferenceShape;
extern const uint16_t kCodeableConceptShape;

}  // namespace continuum::fhir::structures
