#include "base/instant.h"

#include <fmt/format.h>

#include <chrono>

namespace continuum {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

struct CivilTime {
  CivilDate date;
  int64_t second_of_day;
  int64_t micros;
};

int64_t floor_div(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

CivilTime to_civil(Instant instant) {
  int64_t seconds = floor_div(instant.micros, kMicrosPerSecond);
  int64_t days = floor_div(seconds, kSecondsPerDay);
  return {civil_from_days(days), seconds - days * kSecondsPerDay,
          instant.micros - seconds * kMicrosPerSecond};
}

// Reads exactly `width` digits at `at`; -1 if there are other characters.
int digits(std::string_view text, size_t at, size_t width) {
  if (at + width > text.size()) {
    return -1;
  }
  int value = 0;
  for (size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return -1;
    }
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

void put_digits(char* out, int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

}  // namespace

int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  int64_t era = floor_div(year, 400);
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (static_cast<int64_t>(month) + (month > 2 ? -3 : 9)) + 2) / 5 +
                        static_cast<int64_t>(day) - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate civil_from_days(int64_t days) {
  days += 719468;
  int64_t era = floor_div(days, 146097);
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  auto day = static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  auto month = static_cast<unsigned>(shifted_month + (shifted_month < 10 ? 3 : -9));
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

unsigned days_in_month(int64_t year, unsigned month) {
  static constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[(month - 1) % 12];
}

void append_fhir_instant(std::string& out, Instant instant) {
  CivilTime time = to_civil(instant);
  char text[] = "0000-00-00T00:00:00.000Z";
  put_digits(text, time.date.year, 4);
  put_digits(text + 5, time.date.month, 2);
  put_digits(text + 8, time.date.day, 2);
  put_digits(text + 11, time.second_of_day / 3600, 2);
  put_digits(text + 14, time.second_of_day / 60 % 60, 2);
  put_digits(text + 17, time.second_of_day % 60, 2);
  put_digits(text + 20, time.micros / 1000, 3);
  out.append(text, 24);
}

std::string to_fhir_instant(Instant instant) {
  std::string out;
  append_fhir_instant(out, instant);
  return out;
}

std::string to_http_date(Instant instant) {
  static constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  CivilTime time = to_civil(instant);
  int64_t days = days_from_civil(time.date.year, time.date.month, time.date.day);
  auto weekday = static_cast<size_t>(((days % 7) + 7) % 7);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday], time.date.day,
                     kMonths[time.date.month - 1], time.date.year, time.second_of_day / 3600,
                     time.second_of_day / 60 % 60, time.second_of_day % 60);
}

Result<Instant> parse_fhir_instant(std::string_view text) {
  auto bad = [] {
    return fail(ErrorCode::kInvalid,
                "not an instant: expected the form 2026-11-22T07:49:00Z or ...T07:49:00.000+00:00");
  };
  int year = digits(text, 0, 4);
  int month = digits(text, 5, 2);
  int day = digits(text, 8, 2);
  int hour = digits(text, 11, 2);
  int minute = digits(text, 14, 2);
  int second = digits(text, 17, 2);
  bool shape = text.size() >= 20 && text[4] == '-' && text[7] == '-' && text[10] == 'T' &&
               text[13] == ':' && text[16] == ':';
  if (!shape || year < 1 || month < 1 || month > 12 || day < 1 ||
      static_cast<unsigned>(day) > days_in_month(year, static_cast<unsigned>(month)) || hour < 0 ||
      hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return bad();
  }
  size_t at = 19;
  int64_t micros = 0;
  if (text[at] == '.') {
    ++at;
    int64_t scale = 100'000;
    size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      micros += (text[at] - '0') * scale;
      scale /= 10;
      ++at;
    }
    if (at == start || at - start > 9) {
      return bad();
    }
  }
  std::string_view zone = text.substr(at);
  int64_t offset_minutes = 0;
  if (zone != "Z") {
    int zone_hour = digits(zone, 1, 2);
    int zone_minute = digits(zone, 4, 2);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || zone_hour < 0 ||
        zone_hour > 14 || zone_minute < 0 || zone_minute > 59) {
      return bad();
    }
    offset_minutes = (zone[0] == '-' ? -1 : 1) * (zone_hour * 60 + zone_minute);
  }
  int64_t days = days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  int64_t seconds = days * kSecondsPerDay + hour * 3600 + minute * 60 + second;
  return Instant{(seconds - offset_minutes * 60) * kMicrosPerSecond + micros};
}

Instant SystemClock::now() const {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

}  // namespace continuum
