// Judges a history: each resource must have been one register whose versions count up by one, and
// each transaction one step.
//
// In the end the versions of a resource say in which order its writes took effect. The history is
// right when each write and each read can be given one moment between its begin and its end such
// that the moments are in that order and a read lies between the version it shows and the next
// (Herlihy and Wing, Linearizability, 1990). With the order known, giving each the earliest moment
// that is left finds such moments whenever there are some. What cannot be placed exactly (a
// deletion, of which several requests may say that it is theirs; a refusal; a resource that is not
// there) is given every benefit: whatever is found is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/consistency/history.h"

namespace continuum::consistency {

enum class Fault : uint8_t {
  kVersionGap,       // versions do not count 1, 2, 3
  kLostWrite,        // acknowledged, or shown, and not there in the end
  kUnsentWrite,      // there, and nobody sent it; or it is there twice
  kRefusedWrite,     // refused, and there
  kOrder,            // versions in another order than their requests
  kStaleRead,        // shows what was replaced before it was asked for
  kEarlyRead,        // shows what was not asked for yet
  kChangedVersion,   // shows a version that is another in the end
  kStaleIfMatch,     // If-Match passed on a version that was not the newest
  kNeedlessRefusal,  // If-Match refused though the version was the newest all the time
  kHalfTransaction,  // some changes of it are there in the end, some are not
  kHalfShown,        // one answer shows some changes of it, and others not
  kNeverGone,        // shown as deleted though it was there all the time
};

std::string_view to_string(Fault fault);

struct Finding {
  Fault fault;
  std::string text;
};

inline constexpr size_t kFindingsMax = 100;
// At most kFindingsMax; none: the history is right.
std::vector<Finding> check(const History& history);

}  // namespace continuum::consistency
