// What a whole record says about itself: how its sources were joined, who was left apart, when each
// source last arrived and what of it failed to load.
//
// Each fact is one issue, for people in `diagnostics` and for programs in an extension:
//   joined-source: patient (Reference), source, organisation, method (nhs-number-and-birth-date or
//     alone), state (joined or apart)
//   source-status: source, organisation, lastReceived (instant; absent: never), received (in that
//     arrival), failed, reason (up to kReasonsToldMax of them)
#pragma once

#include <string>

#include "base/result.h"
#include "record/store.h"
#include "service/context.h"

namespace continuum::service {

// Whether the answer was asked for by clinical dates.
enum class Period : uint8_t { kAll, kByDate };

// An OperationOutcome. It names ids, sources and organisations, never what identifies a patient.
Result<std::string> record_outcome(const Context& context, const record::Person& person,
                                   Period period);

}  // namespace continuum::service
