// The families of the embedded store (docs/storage_format.md section 2).
#pragma once

#include "kv/store.h"
#include "ledger/rows.h"

namespace continuum::record {

enum FamilyNumber : kv::Family {
  kCurrent,
  kHistory,
  kDirectory,
  kPostings,
  kRanges,
  kTimeline,
  kCare,
  kLinks,
  kChanges,
  kTimes,
  kMeta,
  kLedger,
  kAccesses,
  kFamilyCount,
};

inline constexpr ledger::Families kLedgerFamilies{.ledger = kLedger, .accesses = kAccesses};

inline constexpr const char* kFamilyNames[kFamilyCount] = {
    "current", "history", "directory", "postings", "ranges", "timeline", "care",
    "links",   "changes", "times",     "meta",     "ledger", "accesses"};

}  // namespace continuum::record
