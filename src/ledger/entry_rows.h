// Walks the rows of entries upwards. They sort downwards (the newest is found first), so a window
// of rows is read and handed over in reverse.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "kv/store.h"

namespace continuum::ledger {

// Visits the row that entry `from` would be in (the one with the greatest first number up to it)
// and all later ones whose first number is below `to`, ascending. Keys that are no entries key are
// passed over. An error of `visit` ends the walk and is returned. Holds at most kScanBytesMax and
// one row.
using VisitRow = std::function<Status(uint64_t first, std::string_view value)>;
Status walk_entry_rows(const kv::Snapshot& snapshot, kv::Family family, uint64_t from, uint64_t to,
                       const VisitRow& visit);

}  // namespace continuum::ledger
