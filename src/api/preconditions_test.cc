#include "api/preconditions.h"

#include <gtest/gtest.h>

#include <random>

#include "api/limits.h"

namespace continuum::api {
namespace {

using Strength = EntityTag::Strength;

EntityTag strong(std::string_view opaque) {
  return {Strength::kStrong, std::string(opaque)};
}
EntityTag weak(std::string_view opaque) {
  return {Strength::kWeak, std::string(opaque)};
}

TEST(EntityTags, ReadsLists) {
  struct Row {
    std::string_view field;
    std::vector<EntityTag> tags;
  };
  for (const Row& row : {
           Row{R"("1")", {strong("1")}},
           Row{R"(W/"1")", {weak("1")}},
           Row{R"("")", {strong("")}},
           Row{R"(W/"")", {weak("")}},
           Row{R"(W/"1","2")", {weak("1"), strong("2")}},
           Row{"W/\"1\" \t,\t \"2\"", {weak("1"), strong("2")}},
           Row{R"(  "1"  )", {strong("1")}},
           Row{R"(, "1",,  ,W/"2",)", {strong("1"), weak("2")}},
           Row{R"("a,b","W/","*")", {strong("a,b"), strong("W/"), strong("*")}},
           Row{R"("back\slash",W/"!#~")", {strong("back\\slash"), weak("!#~")}},
           Row{"\"\xC3\xA9\"", {strong("\xC3\xA9")}},
           Row{R"("1", "1")", {strong("1"), strong("1")}},
       }) {
    const auto read = parse_entity_tags(row.field);
    ASSERT_TRUE(read) << row.field << ": " << read.error().text();
    EXPECT_FALSE(read->is_any);
    EXPECT_EQ(read->tags, row.tags) << row.field;
  }
  for (const char* any : {"*", " * ", "*,", ",*"}) {
    const auto read = parse_entity_tags(any);
    ASSERT_TRUE(read) << any;
    EXPECT_TRUE(read->is_any && read->tags.empty()) << any;
  }
}

TEST(EntityTags, RefusesWhatIsNoList) {
  for (const std::string_view field : {std::string_view(""),
                                       std::string_view(" "),
                                       std::string_view(","),
                                       std::string_view("1"),
                                       std::string_view("W/1"),
                                       std::string_view("w/\"1\""),
                                       std::string_view("W\"1\""),
                                       std::string_view("W/ \"1\""),
                                       std::string_view("W /\"1\""),
                                       std::string_view("\"1"),
                                       std::string_view("1\""),
                                       std::string_view("\"1 2\""),
                                       std::string_view("\"1\t\""),
                                       std::string_view("\"a\"b\""),
                                       std::string_view("\"\x7F\""),
                                       std::string_view("\"\0\"", 3),
                                       std::string_view("\"1\" \"2\""),
                                       std::string_view("\"1\"W/\"2\""),
                                       std::string_view("\"1\";\"2\""),
                                       std::string_view("**"),
                                       std::string_view("*, *"),
                                       std::string_view("*, \"1\""),
                                       std::string_view("\"1\", *"),
                                       std::string_view("W/*"),
                                       std::string_view("W/"),
                                       std::string_view("'1'")}) {
    const auto read = parse_entity_tags(field);
    ASSERT_FALSE(read) << field;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid) << field;
  }
}

TEST(EntityTags, AreCounted) {
  std::string field = "\"0\"";
  for (size_t i = 1; i < kEntityTagsMax; ++i) {
    field += ",\"" + std::to_string(i) + '"';
  }
  EXPECT_EQ(parse_entity_tags(field)->tags.size(), kEntityTagsMax);
  EXPECT_EQ(parse_entity_tags(field + ",\"more\"").error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(parse_entity_tags(std::string(kEntityTagsMax + 1, ',')).error().code,
            ErrorCode::kTooLarge);
}

// The table of RFC 9110 section 8.8.3.2.
TEST(EntityTags, CompareStronglyAndWeakly) {
  struct Row {
    const char* field;
    EntityTag current;
    bool strongly;
    bool weakly;
  };
  for (const Row& row : {
           Row{R"(W/"1")", weak("1"), false, true},
           Row{R"(W/"1")", weak("2"), false, false},
           Row{R"(W/"1")", strong("1"), false, true},
           Row{R"("1")", weak("1"), false, true},
           Row{R"("1")", strong("1"), true, true},
           Row{R"("1")", strong("01"), false, false},
           Row{R"("3", W/"1", "1")", strong("1"), true, true},
           Row{R"("3", W/"1")", strong("1"), false, true},
           Row{"*", strong("1"), true, true},
           Row{"*", weak("1"), true, true},
           Row{R"("*")", strong("1"), false, false},
       }) {
    const auto read = parse_entity_tags(row.field);
    ASSERT_TRUE(read) << row.field;
    EXPECT_EQ(read->name_strongly(row.current), row.strongly) << row.field;
    EXPECT_EQ(read->name_weakly(row.current), row.weakly) << row.field;
  }
}

TEST(EntityTags, NameOurVersions) {
  EXPECT_EQ(weak("3").version(), 3U);
  EXPECT_EQ(strong("4294967295").version(), 4'294'967'295U);
  for (const char* other : {"", "0", "03", "4294967296", "3a", " 3", "-3", "+3", "3.0", "a"}) {
    EXPECT_EQ(weak(other).version(), std::nullopt) << other;
  }
  EXPECT_EQ(parse_entity_tags(entity_tag(17))->tags.at(0).version(), 17U);
}

TEST(EntityTags, SurviveWriting) {
  constexpr std::string_view kCharacters = "!#$%&'()*+,-./019:;<=>?@AZ[\\]^_`az{|}~W\x80\xFF";
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    std::vector<EntityTag> tags(1 + random() % 5);
    std::string field;
    for (EntityTag& tag : tags) {
      tag.strength = random() % 2 == 0 ? Strength::kWeak : Strength::kStrong;
      for (size_t left = random() % 6; left > 0; --left) {
        tag.opaque += kCharacters[random() % kCharacters.size()];
      }
      field += (field.empty() ? "" : random() % 2 == 0 ? "," : " , ");
      field += (tag.strength == Strength::kWeak ? "W/\"" : "\"") + tag.opaque + '"';
    }
    const auto read = parse_entity_tags(field);
    ASSERT_TRUE(read) << "seed " << seed << ": " << field;
    ASSERT_EQ(read->tags, tags) << "seed " << seed << ": " << field;
    // Cut anywhere, it is read as fewer tags or refused.
    const auto cut = parse_entity_tags(field.substr(0, random() % field.size()));
    ASSERT_TRUE(!cut || cut->tags.size() <= tags.size()) << "seed " << seed;
  }
}

TEST(PreconditionDate, ReadsTheThreeForms) {
  const Instant now = *parse_fhir_instant("2026-11-22T12:00:00Z");
  struct Row {
    const char* field;
    const char* instant;
  };
  for (const Row& row : {
           Row{"Sun, 22 Nov 2026 07:49:00 GMT", "2026-11-22T07:49:00Z"},
           Row{"Sunday, 22-Nov-26 07:49:00 GMT", "2026-11-22T07:49:00Z"},
           Row{"Sun Nov 22 07:49:00 2026", "2026-11-22T07:49:00Z"},
           Row{"Sun Nov  1 07:49:00 2026", "2026-11-01T07:49:00Z"},
           Row{"Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59Z"},
           Row{"Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"},
           Row{"Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"},
           // 50 years ahead are still ahead, 51 are past.
           Row{"Wednesday, 01-Jan-76 00:00:00 GMT", "2076-01-01T00:00:00Z"},
           Row{"Saturday, 01-Jan-77 00:00:00 GMT", "1977-01-01T00:00:00Z"},
       }) {
    const auto read = parse_precondition_date(row.field, now);
    ASSERT_TRUE(read) << row.field;
    EXPECT_EQ(to_fhir_instant(*read), to_fhir_instant(*parse_fhir_instant(row.instant)))
        << row.field;
  }
}

TEST(PreconditionDate, RefusesEverythingElse) {
  const Instant now = *parse_fhir_instant("2026-11-22T12:00:00Z");
  for (const char* field : {"",
                            "yesterday",
                            "2026-11-22",
                            "2026-11-22T07:49:00Z",
                            "Mon, 22 Nov 2026 07:49:00 GMT",
                            "Sun, 22 Nov 2026 07:49:00",
                            "Sun, 22 Nov 2026 07:49:00 UTC",
                            "Sun, 22 Nov 2026 07:49:00 +0000",
                            "sun, 22 nov 2026 07:49:00 gmt",
                            " Sun, 22 Nov 2026 07:49:00 GMT",
                            "Sun, 22 Nov 2026 07:49:00 GMT ",
                            "Sun, 22 Nov 2026 7:49:00 GMT",
                            "Sun, 22 Nov 2026 24:00:00 GMT",
                            "Sun, 22 Nov 2026 07:60:00 GMT",
                            "Sun, 31 Nov 2026 07:49:00 GMT",
                            "Monday, 22-Nov-26 07:49:00 GMT",
                            "Sun, 22-Nov-26 07:49:00 GMT",
                            "Sunday, 22-Nov-2026 07:49:00 GMT",
                            "Tuesday, 22-Nov--6 07:49:00 GMT",
                            "Sunday, 22 Nov 26 07:49:00 GMT",
                            "Sunday 22-Nov-26 07:49:00 GMT",
                            "Sunday, 22-Nov-26 07:49:00 EST",
                            "Mon Nov 22 07:49:00 2026",
                            "Sun Nov 22 07:49:00 26",
                            "Sun Nov 22 07:49:00 2026 GMT",
                            "Sun Nov 1 07:49:00 2026",
                            "SunXNov 22 07:49:00 2026",
                            "Sun NovX22 07:49:00 2026",
                            "Sun Nov 22X07:49:00 2026",
                            "Sun Nov 22 07:49:00X2026",
                            "Sun, 22 Nov 2026 07:49:00 GMT, Sun, 22 Nov 2026 07:49:00 GMT"}) {
    const auto read = parse_precondition_date(field, now);
    ASSERT_FALSE(read) << field << ": " << to_fhir_instant(*read);
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid) << field;
  }
}

}  // namespace
}  // namespace continuum::api
