// The families of the embedded store (docs/storage_format.md section 2).
#pragma once

#include "kv/store.h"

namespace continuum::record {

enum FamilyNumber : kv::Family {
  kCurrent,
  kHistory,
  kDirectory,
  kPostings,
  kRanges,
  kTimeline,
  kLinks,
  kChanges,
  kTimes,
  kMeta,
  kFamilyCount,
};

inline constexpr const char* kFamilyNames[kFamilyCount] = {
    "current",  "history", "directory", "postings", "ranges",
    "timeline", "links",   "changes",   "times",    "meta"};

}  // namespace continuum::record
