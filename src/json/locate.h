// Where in its text a value stands: a tree keeps no places, so the text is walked once more when
// somebody must be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace continuum::json {

// The way from the root: at each level the number, from 0, of the member or item in its text.
using Place = std::vector<uint32_t>;

// Of the first byte of the member's name, or of the item; of the root for the empty place. Lines
// and columns count from 1, columns in bytes. Line 0: there is no such place.
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
};

// The positions of `places`, in their order, by one pass over `text`, which Document::parse has
// accepted (for other texts the positions mean nothing).
std::vector<Position> locate(std::string_view text, std::span<const Place> places);

}  // namespace continuum::json
