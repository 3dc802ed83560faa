#include "fhir/types.h"

#include <array>

#include "base/check.h"
#include "fhir/definitions.h"

namespace continuum::fhir {
namespace {

// Open addressing; the names are few and fixed, so any spread of their bytes will do.
constexpr size_t kSlots = 512;

size_t slot_of(std::string_view name) {
  auto byte = [name](size_t i) { return static_cast<unsigned char>(name[i]); };
  size_t hash = name.size() * 31 + byte(0);
  hash = hash * 31 + byte(name.size() / 2);
  hash = hash * 31 + byte(name.size() - 1);
  return (hash * 31 + byte(name.size() / 4)) % kSlots;
}

using Table = std::array<uint16_t, kSlots>;  // type number + 1, 0 for none

Table make_table() {
  Table table{};
  for (size_t type = 0; type < definitions::kTypeCount; ++type) {
    size_t slot = slot_of(definitions::kTypes[type].name);
    while (table[slot] != 0) {
      slot = (slot + 1) % kSlots;
    }
    table[slot] = static_cast<uint16_t>(type + 1);
  }
  return table;
}

}  // namespace

std::optional<TypeNumber> type_number(std::string_view name) {
  static const Table table = make_table();
  if (name.empty()) {
    return std::nullopt;
  }
  for (size_t slot = slot_of(name); table[slot] != 0; slot = (slot + 1) % kSlots) {
    auto type = static_cast<TypeNumber>(table[slot] - 1);
    if (definitions::kTypes[type].name == name) {
      return type;
    }
  }
  return std::nullopt;
}

std::string_view type_name(TypeNumber type) {
  CHECK(type < definitions::kTypeCount);
  return definitions::kTypes[type].name;
}

size_t type_count() {
  return definitions::kTypeCount;
}

}  // namespace continuum::fhir
