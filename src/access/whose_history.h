// Whose changes a caller may ask for all at once. Deny by default.
//
// Staff see what they see by relationships with single patients: the changes of everybody would be
// a walk over the region, which tells by its time how much of it is hidden. They ask of one
// patient.
#pragma once

#include "access/principal.h"
#include "base/result.h"

namespace continuum::access {

enum class HistoryOf : uint8_t {
  kOwnSource,  // of a system: what its source changed
  kOwnRecord,  // of a citizen: the record of the person they are
};

// kForbidden, with what to ask instead. Says nothing of what is stored; each version is decided by
// the policy besides.
Result<HistoryOf> whose_history(const Principal& principal);

}  // namespace continuum::access
