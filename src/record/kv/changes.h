// Families `changes` and `times`: what each source changed by which commit, and when commits were
// (docs/storage_format.md section 2).
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "record/kv/families.h"
#include "record/kv/row.h"
#include "record/limits.h"

namespace continuum::record {

// What a commit did to one item.
struct Change {
  ItemKey item;
  uint32_t version = 1;
  bool deleted = false;
  SourceNumber source = 0;  // who sent it
  bool operator==(const Change&) const = default;
};

std::string t_key(T t);
Result<T> decode_t_key(std::string_view key);

// A row holds changes of one source, commit and ord, by item; at most kChangesInRowMax.
struct ChangesKey {
  SourceNumber source = 0;
  T t = 0;
  ItemKey first;
  bool operator==(const ChangesKey&) const = default;
};
std::string changes_key(const ChangesKey& key);
std::string changes_prefix(SourceNumber source);
std::string changes_prefix(SourceNumber source, T t);
std::string changes_prefix(SourceNumber source, T t, Ord ord);
Result<ChangesKey> decode_changes_key(std::string_view key);
std::string encode_changes(std::span<const Change> changes);
// `key`: of the row. kCorrupt also when the changes don't belong under it.
Result<std::vector<Change>> decode_changes(const ChangesKey& key, std::string_view value);

// The rows of a commit. Sorts `changes`.
template <typename Put>
void write_changes(T t, std::span<Change> changes, const Put& put) {
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.source != b.source ? a.source < b.source : a.item < b.item;
  });
  for (size_t at = 0; at < changes.size();) {
    const Change& first = changes[at];
    size_t end = at + 1;
    while (end < changes.size() && end - at < kChangesInRowMax &&
           changes[end].source == first.source && changes[end].item.ord == first.item.ord) {
      ++end;
    }
    put(kChanges, changes_key({first.source, t, first.item}),
        encode_changes(changes.subspan(at, end - at)));
    at = end;
  }
}

std::string encode_instant(Instant instant);
Result<Instant> decode_instant(std::string_view value);

}  // namespace continuum::record
