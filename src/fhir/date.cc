#include "fhir/date.h"

#include <algorithm>

namespace continuum::fhir {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr int64_t kMicrosPerDay = 1440 * kMicrosPerMinute;
constexpr int64_t kZoneMinutesMax = 14 * 60;

// Reads a date from the front; after the first failure nothing more matches.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool failed() const { return failed_; }

  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `width` digits, with a value from low to high.
  int64_t number(size_t width, int64_t low, int64_t high) {
    int64_t value = 0;
    if (rest_.size() < width) {
      failed_ = true;
      return low;
    }
    for (size_t i = 0; i < width; ++i) {
      char c = rest_[i];
      failed_ |= c < '0' || c > '9';
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(width);
    failed_ |= value < low || value > high;
    return failed_ ? low : value;
  }

  // Microseconds in the fraction; `unit` becomes the length of its last digit.
  int64_t fraction(int64_t& unit) {
    int64_t micros = 0;
    int64_t scale = kMicrosPerSecond;
    size_t digits = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++digits) {
      scale /= 10;
      micros += (rest_.front() - '0') * scale;
      unit = std::max<int64_t>(scale, 1);
      rest_.remove_prefix(1);
    }
    failed_ |= digits == 0;
    return micros;
  }

  // Minutes east of UTC; no zone is UTC.
  int64_t zone() {
    if (done() || skip('Z')) {
      return 0;
    }
    int64_t sign = skip('-') ? -1 : 1;
    failed_ |= sign == 1 && !skip('+');
    int64_t minutes = number(2, 0, 14) * 60;
    failed_ |= !skip(':');
    minutes += number(2, 0, 59);
    failed_ |= minutes > kZoneMinutesMax;
    return sign * minutes;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

DateRange days(int64_t low, int64_t high) {
  return {{low * kMicrosPerDay}, {high * kMicrosPerDay}};
}

// After the T.
std::optional<DateRange> parse_time(Scanner& in, int64_t day) {
  int64_t unit = kMicrosPerMinute;
  int64_t hour = in.number(2, 0, 24);
  bool colon = in.skip(':');
  int64_t minute = in.number(2, 0, 59);
  int64_t micros = (hour * 60 + minute) * kMicrosPerMinute;
  if (in.skip(':')) {
    unit = kMicrosPerSecond;
    micros += in.number(2, 0, 60) * kMicrosPerSecond;
    micros += in.skip('.') ? in.fraction(unit) : 0;
  }
  int64_t offset = in.zone();
  bool past_midnight = hour == 24 && micros > kMicrosPerDay;
  if (!colon || past_midnight || in.failed() || !in.done()) {
    return std::nullopt;
  }
  int64_t low = day * kMicrosPerDay + micros - offset * kMicrosPerMinute;
  return DateRange{{low}, {low + unit}};
}

// An absent member leaves the end open; false when it is there and unreadable.
bool read_end(const json::Node* node, std::optional<DateRange>& out) {
  if (node == nullptr) {
    return true;
  }
  if (node->is_string()) {
    out = parse_date(node->text);
  }
  return out.has_value();
}

void widen(std::optional<DateRange>& outer, const std::optional<DateRange>& range) {
  if (!range) {
    return;
  }
  outer = outer ? DateRange{std::min(outer->low, range->low), std::max(outer->high, range->high)}
                : *range;
}

}  // namespace

std::optional<DateRange> parse_date(std::string_view text) {
  Scanner in(text);
  int64_t year = in.number(4, 1, 9999);
  if (in.done()) {
    return in.failed() ? std::nullopt
                       : std::optional(days(days_from_civil(year, 1, 1),  //
                                            days_from_civil(year + 1, 1, 1)));
  }
  bool dash = in.skip('-');
  auto month = static_cast<unsigned>(in.number(2, 1, 12));
  if (!dash || in.failed()) {
    return std::nullopt;
  }
  auto length = static_cast<int64_t>(days_in_month(year, month));
  if (in.done()) {
    int64_t first = days_from_civil(year, month, 1);
    return days(first, first + length);
  }
  dash = in.skip('-');
  int64_t day = days_from_civil(year, month, static_cast<unsigned>(in.number(2, 1, length)));
  if (!dash || in.failed()) {
    return std::nullopt;
  }
  if (in.done()) {
    return days(day, day + 1);
  }
  return in.skip('T') ? parse_time(in, day) : std::nullopt;
}

std::optional<DateRange> period_range(const json::Node& period) {
  std::optional<DateRange> start;
  std::optional<DateRange> end;
  if (!read_end(period.find("start"), start) || !read_end(period.find("end"), end)) {
    return std::nullopt;
  }
  DateRange range{start ? start->low : kOpenLow, end ? end->high : kOpenHigh};
  bool given = start.has_value() || end.has_value();
  return given && range.low < range.high ? std::optional(range) : std::nullopt;
}

std::optional<DateRange> timing_range(const json::Node& timing) {
  std::optional<DateRange> outer;
  const json::Node* events = timing.find("event");
  if (events != nullptr && events->is_array()) {
    for (const json::Node& event : children(*events)) {
      widen(outer, event.is_string() ? parse_date(event.text) : std::nullopt);
    }
  }
  const json::Node* repeat = timing.find("repeat");
  const json::Node* bounds = repeat == nullptr ? nullptr : repeat->find("boundsPeriod");
  if (bounds != nullptr) {
    widen(outer, period_range(*bounds));
  }
  return outer;
}

}  // namespace continuum::fhir
