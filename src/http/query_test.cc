#include "http/query.h"

#include <gtest/gtest.h>

namespace continuum::http {
namespace {

using Rows = std::vector<Parameter>;

TEST(PercentDecode, Table) {
  struct Row {
    std::string_view text;
    Plus plus;
    std::string_view expected;
  };
  const Row rows[] = {
      {"", Plus::kSpace, ""},
      {"a+b", Plus::kSpace, "a b"},
      {"a+b", Plus::kLiteral, "a+b"},
      {"a%2Bb", Plus::kSpace, "a+b"},
      {"%41%7a", Plus::kLiteral, "Az"},
      {"%C3%A9", Plus::kLiteral, "\u00e9"},
      {"%F0%9F%98%80", Plus::kLiteral, "\U0001F600"},
      {"%25", Plus::kLiteral, "%"},
  };
  for (const Row& row : rows) {
    const auto decoded = percent_decode(row.text, row.plus);
    ASSERT_TRUE(decoded) << row.text;
    EXPECT_EQ(*decoded, row.expected) << row.text;
  }
}

TEST(PercentDecode, RefusesWhatIsNotText) {
  for (const std::string_view text :
       {"%", "%4", "%4g", "%g4", "a%", "%%41", "%00", "%C3", "%C3%28", "%ED%A0%80", "%C0%80",
        "%E0%80%80", "%F4%90%80%80", "%F0%80%80%80", "%FF", "%80", "\xC3"}) {
    const auto decoded = percent_decode(text, Plus::kLiteral);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::kInvalid) << text;
  }
}

TEST(PercentEncode, KeepsUnreservedOnly) {
  EXPECT_EQ(percent_encode("aZ9-._~"), "aZ9-._~");
  EXPECT_EQ(percent_encode("a b|c+/\xC3\xA9"), "a%20b%7Cc%2B%2F%C3%A9");
}

TEST(ParseQuery, Table) {
  struct Row {
    std::string_view text;
    Rows expected;
  };
  const Row rows[] = {
      {"", {}},
      {"&&", {}},
      {"a", {{"a", ""}}},
      {"a=", {{"a", ""}}},
      {"a=1&a=2", {{"a", "1"}, {"a", "2"}}},
      {"&a=1&&b=2&", {{"a", "1"}, {"b", "2"}}},
      {"code:in=x%7Cy%2Cz", {{"code:in", "x|y,z"}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"n=J+Smith", {{"n", "J Smith"}}},
      {"q=a%26b", {{"q", "a&b"}}},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_query(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(*parsed, row.expected) << row.text;
  }
}

TEST(ParseQuery, Errors) {
  const QueryLimits limits = {.parameters_max = 2, .name_bytes_max = 3, .value_bytes_max = 4};
  struct Row {
    std::string_view text;
    ErrorCode code;
  };
  const Row rows[] = {
      {"=1", ErrorCode::kInvalid},      {"a=%", ErrorCode::kInvalid},
      {"%00=1", ErrorCode::kInvalid},   {"a=1&b=2&c=3", ErrorCode::kTooLarge},
      {"abcd=1", ErrorCode::kTooLarge}, {"a=12345", ErrorCode::kTooLarge},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_query(row.text, limits);
    ASSERT_FALSE(parsed) << row.text;
    EXPECT_EQ(parsed.error().code, row.code) << row.text;
  }
  EXPECT_TRUE(parse_query("abc=1234&b=%C3%A9%C3%A9", limits));
  EXPECT_TRUE(parse_form("abc=1234&", limits));
}

TEST(SplitPath, Table) {
  using Segments = std::vector<std::string>;
  EXPECT_EQ(split_path("/").value(), Segments{});
  EXPECT_EQ(split_path("/Patient/1").value(), (Segments{"Patient", "1"}));
  EXPECT_EQ(split_path("/Patient/").value(), (Segments{"Patient"}));
  EXPECT_EQ(split_path("/a%2Fb/c+d").value(), (Segments{"a/b", "c+d"}));
  for (const std::string_view path :
       {"", "a", "*", "//", "/a//b", "/a//", "/.", "/a/../b", "/%2e%2e", "/a/%2E", "/%", "/%00"}) {
    ASSERT_FALSE(split_path(path)) << path;
    EXPECT_EQ(split_path(path).error().code, ErrorCode::kInvalid) << path;
  }
  std::string deep;
  for (uint32_t i = 0; i <= kPathSegmentsMax; ++i) {
    deep += "/a";
  }
  EXPECT_EQ(split_path(deep).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace continuum::http
