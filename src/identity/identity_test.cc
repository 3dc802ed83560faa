#include <gtest/gtest.h>

#include "identity/exact_match.h"
#include "identity/nhs_number.h"

namespace continuum::identity {
namespace {

TEST(NhsNumber, Table) {
  EXPECT_EQ(valid_nhs_number("9990000018"), "9990000018");
  EXPECT_EQ(valid_nhs_number("999 000 0018"), "9990000018");
  EXPECT_EQ(valid_nhs_number("999-000-0018"), "9990000018");
  for (const char* bad : {"", "999000001", "99900000180", "9990000019", "999000001O", "0000000000",
                          "1111111111", "9990000018\n"}) {
    EXPECT_EQ(valid_nhs_number(bad), std::nullopt) << bad;
  }
}

TEST(NhsNumber, InAnId) {
  for (const char* id :
       {"9990000018", "patient-9990000018", "nhs-999-000-0018", "a.999.000.0018.b"}) {
    EXPECT_TRUE(may_hold_nhs_number(id)) << id;
  }
  for (const char* id : {"9990000019", "19990000018", "99900000180", "999-0000-018",
                         "obs-20240115-01", "a", "c0ffee00-9999-9994-9999-999990000018"}) {
    EXPECT_FALSE(may_hold_nhs_number(id)) << id;
  }
}

TEST(ExactMatch, Table) {
  struct Row {
    const char* patient;
    const char* key;
    MatchObstacle obstacle;
  };
#define NHS(v) R"({"system":"https://fhir.nhs.uk/Id/nhs-number","value":")" v R"("})"
  for (
      const Row& row : {
          Row{R"({"birthDate":"1980-01-31","identifier":[)" NHS("9990000018") "]}",
              "9990000018|1980-01-31", MatchObstacle::kNone},
          Row{R"({"birthDate":"1980-01-31","identifier":[)" NHS("9990000018") "," NHS(
                  "999 000 0018") "]}",
              "9990000018|1980-01-31", MatchObstacle::kNone},
          Row{R"({"birthDate":"1980-01-31"})", "", MatchObstacle::kNoNhsNumber},
          Row{R"({"birthDate":"1980-01-31","identifier":{}})", "", MatchObstacle::kNoNhsNumber},
          Row{R"({"birthDate":"1980-01-31","identifier":[)" NHS("9990000019") "]}", "",
              MatchObstacle::kInvalidNhsNumber},
          Row{R"({"birthDate":"1980-01","identifier":[)" NHS("9990000018") "]}", "",
              MatchObstacle::kNoFullBirthDate},
          Row{R"({"birthDate":"1980-02-30","identifier":[)" NHS("9990000018") "]}", "",
              MatchObstacle::kNoFullBirthDate},
          Row{R"({"birthDate":"1980-01-31","identifier":[)" NHS("9990000018") "," NHS(
                  "9990000026") "]}",
              "", MatchObstacle::kSeveralNhsNumbers},
          Row{R"({"birthDate":"1980-01-31","identifier":[{"system":"other","value":"9990000018"}]})",
              "", MatchObstacle::kNoNhsNumber},
      }) {
    json::Document document;
    ASSERT_TRUE(document.parse(row.patient)) << row.patient;
    ExactMatch match = exact_match(*document.root());
    EXPECT_EQ(match.key, row.key) << row.patient;
    EXPECT_EQ(match.obstacle, row.obstacle) << row.patient;
  }
#undef NHS
}

TEST(AreOtherPeople, Table) {
  auto judge = [](const char* before, const char* after) {
    json::Document a;
    json::Document b;
    EXPECT_TRUE(a.parse(before) && b.parse(after));
    return are_other_people(person_facts(*a.root()), person_facts(*b.root()));
  };
  const char* ann = R"({"birthDate":"1980-01-31","identifier":[{"system":"h","value":"1"}]})";
  EXPECT_FALSE(judge(ann, ann));
  EXPECT_TRUE(
      judge(ann, R"({"birthDate":"1990-05-05","identifier":[{"system":"h","value":"2"}]})"));
  EXPECT_FALSE(
      judge(ann, R"({"birthDate":"1990-05-05","identifier":[{"system":"h","value":"1"}]})"));
  EXPECT_FALSE(
      judge(ann, R"({"birthDate":"1980-01-31","identifier":[{"system":"h","value":"2"}]})"));
  EXPECT_FALSE(judge(ann, R"({"birthDate":"1990-05-05"})"));
  EXPECT_FALSE(judge(ann, R"({"identifier":[{"system":"h","value":"2"}]})"));
}

}  // namespace
}  // namespace continuum::identity
