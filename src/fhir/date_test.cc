#include "fhir/date.h"

#include <gtest/gtest.h>

namespace continuum::fhir {
namespace {

Instant at(std::string_view text) {
  return parse_fhir_instant(text).value();
}

struct Row {
  const char* text;
  const char* low;  // null: no date
  const char* high;
};

// clang-format off
constexpr Row kDates[] = {
    {"2026",                             "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
    {"2026-02",                          "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
    {"2026-12",                          "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
    {"2026-11-22",                       "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
    {"2024-02-29",                       "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
    {"2000-02-29",                       "2000-02-29T00:00:00Z", "2000-03-01T00:00:00Z"},
    {"0001",                             "0001-01-01T00:00:00Z", "0002-01-01T00:00:00Z"},
    {"0999-12-31",                       "0999-12-31T00:00:00Z", "1000-01-01T00:00:00Z"},
    {"1969-12-31T23:59:59Z",             "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"},
    {"2026-11-22T07:49",                 "2026-11-22T07:49:00Z", "2026-11-22T07:50:00Z"},
    {"2026-11-22T07:49Z",                "2026-11-22T07:49:00Z", "2026-11-22T07:50:00Z"},
    // :00 is a second, not the minute.
    {"2026-11-22T07:49:00Z",             "2026-11-22T07:49:00Z", "2026-11-22T07:49:01Z"},
    {"2026-11-22T07:49:00",              "2026-11-22T07:49:00Z", "2026-11-22T07:49:01Z"},
    {"2026-11-22T07:49:00+01:00",        "2026-11-22T06:49:00Z", "2026-11-22T06:49:01Z"},
    {"2026-11-22T07:49:00-05:30",        "2026-11-22T13:19:00Z", "2026-11-22T13:19:01Z"},
    {"2026-01-01T07:00:00+14:00",        "2025-12-31T17:00:00Z", "2025-12-31T17:00:01Z"},
    {"2026-11-22T07:49:00.5Z",           "2026-11-22T07:49:00.5Z", "2026-11-22T07:49:00.6Z"},
    {"2026-11-22T07:49:00.239Z",         "2026-11-22T07:49:00.239Z", "2026-11-22T07:49:00.240Z"},
    {"2026-11-22T07:49:00.123456Z",      "2026-11-22T07:49:00.123456Z", "2026-11-22T07:49:00.123457Z"},
    {"2026-11-22T07:49:00.1234567Z",     "2026-11-22T07:49:00.123456Z", "2026-11-22T07:49:00.123457Z"},
    {"2026-11-22T07:49:00.123456789Z",   "2026-11-22T07:49:00.123456Z", "2026-11-22T07:49:00.123457Z"},
    {"2026-11-22T24:00:00Z",             "2026-11-23T00:00:00Z", "2026-11-23T00:00:01Z"},
    {"2026-11-22T24:00",                 "2026-11-23T00:00:00Z", "2026-11-23T00:01:00Z"},
    {"2016-12-31T23:59:60Z",             "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"},
    {"",                          nullptr, nullptr},
    {"202",                       nullptr, nullptr},
    {"0000",                      nullptr, nullptr},
    {"20266",                     nullptr, nullptr},
    {"-2026",                     nullptr, nullptr},
    {"2026-",                     nullptr, nullptr},
    {"2026-1",                    nullptr, nullptr},
    {"2026-00",                   nullptr, nullptr},
    {"2026-13",                   nullptr, nullptr},
    {"2026/11",                   nullptr, nullptr},
    {"2026-11-00",                nullptr, nullptr},
    {"2026-11-31",                nullptr, nullptr},
    {"2026-02-29",                nullptr, nullptr},
    {"1900-02-29",                nullptr, nullptr},
    {"2026-11-22 ",               nullptr, nullptr},
    {" 2026-11-22",               nullptr, nullptr},
    {"2026-11-22T",               nullptr, nullptr},
    {"2026-11-22T07",             nullptr, nullptr},
    {"2026-11-22T0749",           nullptr, nullptr},
    {"2026-11-22 07:49:00Z",      nullptr, nullptr},
    {"2026-11-22T25:00:00Z",      nullptr, nullptr},
    {"2026-11-22T24:00:01Z",      nullptr, nullptr},
    {"2026-11-22T24:01Z",         nullptr, nullptr},
    {"2026-11-22T24:00:00.001Z",  nullptr, nullptr},
    {"2026-11-22T07:60:00Z",      nullptr, nullptr},
    {"2026-11-22T07:49:61Z",      nullptr, nullptr},
    {"2026-11-22T07:49:00.Z",     nullptr, nullptr},
    {"2026-11-22T07:49:00z",      nullptr, nullptr},
    {"2026-11-22T07:49:00ZZ",     nullptr, nullptr},
    {"2026-11-22T07:49:00+1:00",  nullptr, nullptr},
    {"2026-11-22T07:49:00+01",    nullptr, nullptr},
    {"2026-11-22T07:49:00+14:01", nullptr, nullptr},
    {"2026-11-22T07:49:00+15:00", nullptr, nullptr},
    {"Sunday",                    nullptr, nullptr},
};

struct StructureRow {
  const char* json;
  const char* low;   // null: open
  const char* high;  // null: open
};

constexpr StructureRow kPeriods[] = {
    {R"({"start":"2026","end":"2027"})",            "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"},
    {R"({"start":"2026-11-22","end":"2026-11-22"})", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
    {R"({"start":"2026-11-22"})",                   "2026-11-22T00:00:00Z", nullptr},
    {R"({"end":"2026-11-22"})",                     nullptr,                "2026-11-23T00:00:00Z"},
};
// clang-format on

constexpr const char* kNoPeriods[] = {
    R"({})",
    R"({"start":"soon"})",
    R"({"start":"2026","end":"soon"})",
    R"({"start":2026})",
    R"({"start":null,"end":"2026"})",
    R"({"start":"2027","end":"2026"})",
    R"([])",
};

json::Document parsed(std::string_view text) {
  json::Document document;
  EXPECT_TRUE(document.parse(text).has_value()) << text;
  return document;
}

TEST(Date, Table) {
  for (const Row& row : kDates) {
    std::optional<DateRange> range = parse_date(row.text);
    ASSERT_EQ(range.has_value(), row.low != nullptr) << row.text;
    if (range) {
      EXPECT_EQ(range->low, at(row.low)) << row.text;
      EXPECT_EQ(range->high, at(row.high)) << row.text;
    }
  }
}

TEST(Date, LastYearEndsWhereTheNextWouldBegin) {
  std::optional<DateRange> range = parse_date("9999");
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->high.micros, days_from_civil(10000, 1, 1) * 86'400'000'000);
}

TEST(Period, OpenEndsAreInfinite) {
  for (const StructureRow& row : kPeriods) {
    std::optional<DateRange> range = period_range(*parsed(row.json).root());
    ASSERT_TRUE(range.has_value()) << row.json;
    EXPECT_EQ(range->low, row.low == nullptr ? kOpenLow : at(row.low)) << row.json;
    EXPECT_EQ(range->high, row.high == nullptr ? kOpenHigh : at(row.high)) << row.json;
  }
}

TEST(Period, UnreadableIsNotOpen) {
  for (const char* text : kNoPeriods) {
    EXPECT_FALSE(period_range(*parsed(text).root()).has_value()) << text;
  }
}

TEST(Timing, IsItsOuterLimits) {
  json::Document timing = parsed(R"({"event":["2026-03-01","2026-01-01","never"],
      "repeat":{"boundsPeriod":{"start":"2026-02-01","end":"2026-05-01"}}})");
  std::optional<DateRange> range = timing_range(*timing.root());
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->low, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(range->high, at("2026-05-02T00:00:00Z"));
  EXPECT_FALSE(timing_range(*parsed(R"({"repeat":{"frequency":1}})").root()).has_value());
  EXPECT_FALSE(timing_range(*parsed(R"({"event":"2026","repeat":[]})").root()).has_value());
}

}  // namespace
}  // namespace continuum::fhir
