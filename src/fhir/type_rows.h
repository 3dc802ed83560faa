// Tables whose rows name a type. Internal to this folder.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/check.h"
#include "fhir/types.h"

namespace continuum::fhir {

// [first, first + count) of the rows of each type.
struct Rows {
  size_t first = 0;
  size_t count = 0;
};
using RowIndex = std::array<Rows, 256>;

// Rows have a member `type`, a known type's name; those of one type stand together.
template <typename Row>
RowIndex index_rows(std::span<const Row> rows) {
  RowIndex index{};
  for (size_t i = 0; i < rows.size(); ++i) {
    std::optional<TypeNumber> type = type_number(rows[i].type);
    CHECK(type.has_value());
    Rows& at = index[*type];
    CHECK(at.count == 0 || at.first + at.count == i);
    at.first = at.count == 0 ? i : at.first;
    ++at.count;
  }
  return index;
}

}  // namespace continuum::fhir
