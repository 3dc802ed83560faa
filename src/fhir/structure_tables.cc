#include "fhir/structure_tables.h"

namespace continuum::fhir::structures {
namespace {

// nameHash in tools/definitions/generate_structures.mjs is the same function.
uint32_t name_hash(std::string_view name) {
  auto hash = static_cast<uint32_t>(name.size());
  for (char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  }
  return hash ^ (hash >> 15);
}

}  // namespace

uint8_t find_member(const Shape& shape, std::string_view name) {
  const uint32_t mask = (1u << shape.slot_bits) - 1;
  for (uint32_t slot = name_hash(name) & mask;; slot = (slot + 1) & mask) {
    const uint8_t number = kSlots[shape.slots_first + slot];
    if (number == kNoMember || name_of(kMembers[shape.members_first + number]) == name) {
      return number;
    }
  }
}

}  // namespace continuum::fhir::structures
