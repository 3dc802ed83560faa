#include "json/locate.h"

#include <gtest/gtest.h>

#include "json/document.h"

namespace continuum::json {
namespace {

bool operator==(const Position& a, const Position& b) {
  return a.line == b.line && a.column == b.column;
}

Position locate_one(std::string_view text, const Place& place) {
  Document document;
  EXPECT_TRUE(document.parse(text));
  return locate(text, std::span(&place, 1)).front();
}

TEST(Locate, MembersAndItems) {
  constexpr std::string_view kText = "\n {\"a\": [1, {\"b\" : null,\n\"c\":[ ]}],\n  \"d\":\"x\"}";
  EXPECT_TRUE(locate_one(kText, {}) == (Position{2, 2}));
  EXPECT_TRUE(locate_one(kText, {0}) == (Position{2, 3}));
  EXPECT_TRUE(locate_one(kText, {0, 0}) == (Position{2, 9}));
  EXPECT_TRUE(locate_one(kText, {0, 1}) == (Position{2, 12}));
  EXPECT_TRUE(locate_one(kText, {0, 1, 0}) == (Position{2, 13}));
  EXPECT_TRUE(locate_one(kText, {0, 1, 1}) == (Position{3, 1}));
  EXPECT_TRUE(locate_one(kText, {1}) == (Position{4, 3}));
}

TEST(Locate, BracketsAndQuotesInStringsAreText) {
  constexpr std::string_view kText = R"({"a\"{[,":"},\\","b":["]\"",2]})";
  EXPECT_TRUE(locate_one(kText, {1}) == (Position{1, 18}));
  EXPECT_TRUE(locate_one(kText, {1, 1}) == (Position{1, 29}));
}

TEST(Locate, WhatIsNotThereHasNoLine) {
  for (const Place& place : {Place{1}, Place{0, 0}, Place{0, 0, 0}, Place{7, 7}}) {
    EXPECT_EQ(locate_one(R"({"a":[]})", place).line, 0u);
  }
}

TEST(Locate, AnyOrderAndTwiceTheSame) {
  const Place places[] = {{2}, {0, 1}, {9}, {2}, {}};
  const std::vector<Position> found = locate(R"({"a":[1,2],"b":3,"c":4})", places);
  ASSERT_EQ(found.size(), 5u);
  EXPECT_TRUE(found[0] == (Position{1, 18}));
  EXPECT_TRUE(found[1] == (Position{1, 9}));
  EXPECT_EQ(found[2].line, 0u);
  EXPECT_TRUE(found[3] == found[0]);
  EXPECT_TRUE(found[4] == (Position{1, 1}));
}

}  // namespace
}  // namespace continuum::json
