#include "config/nearest_name.h"

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace continuum::config {

size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<size_t> before_last(to.size() + 1);
  std::vector<size_t> last(to.size() + 1);
  std::vector<size_t> row(to.size() + 1);
  for (size_t j = 0; j <= to.size(); ++j) {
    last[j] = j;
  }
  for (size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= to.size(); ++j) {
      const size_t replace = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[to.size()];
}

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known) {
  CHECK(!known.empty());
  return *std::min_element(known.begin(), known.end(), [word](auto left, auto right) {
    return edit_distance(word, left) < edit_distance(word, right);
  });
}

}  // namespace continuum::config
