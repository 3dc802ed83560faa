// Families `changes` and `times`: what each commit changed, and when (docs/storage_format.md
// section 2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "record/kv/row.h"

namespace continuum::record {

struct Change {
  ItemKey item;
  uint32_t version = 1;
  bool deleted = false;
};

std::string t_key(T t);
Result<T> decode_t_key(std::string_view key);
// Changes of one ord should stand together: each run costs one ord.
std::string encode_changes(const std::vector<Change>& changes);
Result<std::vector<Change>> decode_changes(std::string_view value);
std::string encode_instant(Instant instant);
Result<Instant> decode_instant(std::string_view value);

}  // namespace continuum::record
