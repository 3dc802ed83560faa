// Moments in time and the clock seam.
//
// An Instant is microseconds since 1970-01-01T00:00:00Z (proleptic Gregorian, no leap seconds). It
// is data: nothing is ever ordered by it; commits are ordered by their number t.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace continuum {

struct Instant {
  int64_t micros = 0;
  auto operator<=>(const Instant&) const = default;
};

// FHIR `instant` in UTC with milliseconds: 2026-11-22T07:49:00.000Z. Years 0001 to 9999.
std::string to_fhir_instant(Instant instant);
// Appends the 24 characters of to_fhir_instant.
void append_fhir_instant(std::string& out, Instant instant);
// RFC 9110 IMF-fixdate: Sun, 22 Nov 2026 07:49:00 GMT.
std::string to_http_date(Instant instant);
// A full FHIR instant or dateTime with seconds and zone ("Z" or +hh:mm), up to 9 fraction digits
// (beyond microseconds cut). Anything else is kInvalid.
Result<Instant> parse_fhir_instant(std::string_view text);

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

// For tests: stands still until told.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Instant start) : micros_(start.micros) {}
  Instant now() const override { return {micros_.load()}; }
  void set(Instant instant) { micros_.store(instant.micros); }
  void advance_micros(int64_t micros) { micros_.fetch_add(micros); }

 private:
  std::atomic<int64_t> micros_;
};

// Days since 1970-01-01 of a proleptic Gregorian date; month 1-12, day 1-31 (not checked).
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
struct CivilDate {
  int64_t year;
  unsigned month;
  unsigned day;
};
CivilDate civil_from_days(int64_t days);
unsigned days_in_month(int64_t year, unsigned month);

}  // namespace continuum
