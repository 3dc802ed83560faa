// Which known name a mistyped one was meant to be.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace continuum::config {

// Insertions, deletions, replacements and swaps of neighbours that turn one into the other
// (Damerau's distance restricted to one edit a place).
size_t edit_distance(std::string_view from, std::string_view to);

// The nearest of `known` (the first of equals); `known` is not empty.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known);

}  // namespace continuum::config
