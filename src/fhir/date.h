// FHIR dates as ranges of time.
//
// A value is the whole time it could mean: "2026" is a year long, "2026-11-22T07:49:00Z" a second.
// A value without a zone, which includes every date without a time, is taken as UTC.
#pragma once

#include <limits>
#include <optional>
#include <string_view>

#include "base/instant.h"
#include "json/document.h"

namespace continuum::fhir {

inline constexpr Instant kOpenLow{std::numeric_limits<int64_t>::min()};
inline constexpr Instant kOpenHigh{std::numeric_limits<int64_t>::max()};

// [low, high), low < high.
struct DateRange {
  Instant low = kOpenLow;
  Instant high = kOpenHigh;
  bool operator==(const DateRange&) const = default;
};

// YYYY, YYYY-MM, YYYY-MM-DD, or a date with Thh:mm[:ss[.fraction]] and an optional zone (Z or
// +hh:mm up to 14:00). Years 0001 to 9999. More precise than a microsecond is cut to one. 24:00
// (:00) is the midnight that ends the day, second 60 the second after 59. Nothing for anything
// else.
std::optional<DateRange> parse_date(std::string_view text);
// Period: a missing end is open. Nothing without both ends, with an unreadable end, or when it ends
// before it starts.
std::optional<DateRange> period_range(const json::Node& period);
// Timing: the outer limits of its events and repeat.boundsPeriod, as FHIR search has it.
std::optional<DateRange> timing_range(const json::Node& timing);

}  // namespace continuum::fhir
