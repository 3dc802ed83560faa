// Draws from the seeded sequence, in whole numbers only, so that every machine draws alike. For the
// same reason no call makes two draws among its arguments: compilers evaluate them in any order.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/random.h"

namespace continuum::synth {

inline bool chance(SeededRandom& random, int64_t per_mille) {
  return random.between(0, 999) < per_mille;
}

template <typename Table>
const auto& pick(SeededRandom& random, const Table& table) {
  return table[random.below(std::size(table))];
}

// Bell-shaped: nearly always within `spread` of `middle`, never beyond 1.5 of it.
inline int64_t around(SeededRandom& random, int64_t middle, int64_t spread) {
  int64_t sum = random.between(-spread, spread) + random.between(-spread, spread) +
                random.between(-spread, spread);
  return middle + sum / 2;
}

}  // namespace continuum::synth
