// Changing a security label: a version like any other, for those who may; its past says what it
// said.
#include "api/replay.h"
#include "api/write_fixture_test.h"

namespace continuum::api {
namespace {

class LabelChangeTest : public WriteTest {
 protected:
  LabelChangeTest() {
    ann_ = create("Patient", patient("Smith"));
    weight_ = create("Observation", labelled("N"));
    fixture_.clock().advance_micros(5'000'000);
  }
  std::string labelled(std::string_view code, const std::string& id = "") const {
    std::string text = observation("Patient/" + ann_, "80 kg", id);
    const std::string meta =
        code.empty() ? ""
                     : R"("meta":{"security":[{"system":)"
                       R"("http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":")" +
                           std::string(code) + R"("}]},)";
    return text.insert(1, meta);
  }
  http::Response relabel(std::string_view code) {
    return send("PUT", "Observation/" + weight_, labelled(code, weight_));
  }
  static bool says(const http::Response& response, std::string_view code) {
    return response.body.find("\"code\":\"" + std::string(code) + "\"}]") != std::string::npos;
  }

  std::string ann_, weight_;
};

TEST_F(LabelChangeTest, IsAVersion) {
  const record::T before = fixture_.t();
  http::Response same = relabel("N");
  EXPECT_EQ(field(same, "ETag"), "W/\"1\"") << "nothing changed";
  http::Response changed = relabel("R");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(field(changed, "ETag"), "W/\"2\"") << "the label alone makes a version";
  http::Response removed = relabel("");
  EXPECT_EQ(field(removed, "ETag"), "W/\"3\"");
  EXPECT_EQ(field(relabel("V"), "ETag"), "W/\"4\"");

  const std::string target = "Observation/" + weight_;
  EXPECT_TRUE(says(get(target), "V"));
  EXPECT_TRUE(says(get(target + "/_history/1"), "N"));
  EXPECT_TRUE(says(get(target + "/_history/2"), "R"));
  http::Response bare = get(target + "/_history/3");
  EXPECT_EQ(bare.status, 200);
  EXPECT_EQ(bare.body.find("security"), std::string::npos);
  http::Response history = get(target + "/_history");
  EXPECT_TRUE(says(history, "N") && says(history, "R") && says(history, "V"));
  const std::string record = "Patient/" + ann_ + "/$everything";
  EXPECT_TRUE(says(get(record), "V"));
  http::Response then = get(record + "?_asOf=t:" + std::to_string(before));
  EXPECT_TRUE(says(then, "N"));
  EXPECT_FALSE(says(then, "V"));
  expect_sound();
}

TEST_F(LabelChangeTest, WhatWasShownBeforeIsRebuiltWithItsLabel) {
  const std::string target = "Observation/" + weight_;
  std::vector<http::Response> shown;
  shown.push_back(get(target));
  shown.push_back(get("Patient/" + ann_ + "/$everything"));
  EXPECT_EQ(relabel("R").status, 200);
  shown.push_back(get(target));
  EXPECT_EQ(relabel("V").status, 200);
  for (const http::Response& then : shown) {
    auto receipt = access::Receipt::parse(field(then, kReceiptField));
    ASSERT_TRUE(receipt);
    auto again = replay(fixture_.store(), fixture_.region(), fixture_.clock(), *receipt);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_TRUE(again->same_manifest);
    EXPECT_EQ(again->body, then.body);
  }
}

TEST_F(LabelChangeTest, IsNotForOthers) {
  // Another system, and the person whom it is about.
  for (const char* caller : {"system:gp2", "citizen:9990000018:1980-01-31"}) {
    http::Response refused = send("PUT", "Observation/" + weight_, labelled("V", weight_), caller);
    EXPECT_GE(refused.status, 400) << caller;
    EXPECT_LT(refused.status, 500) << caller;
  }
  http::Request patch =
      fixture_.request("PATCH", "Observation/" + weight_, "citizen:9990000018:1980-01-31");
  patch.body = R"([{"op":"remove","path":"/meta/security"}])";
  patch.headers.add("Content-Type", "application/json-patch+json");
  EXPECT_GE(fixture_.send(patch).status, 400);
  http::Response read = get("Observation/" + weight_);
  EXPECT_TRUE(says(read, "N"));
  EXPECT_EQ(field(read, "ETag"), "W/\"1\"");
}

TEST_F(LabelChangeTest, GoesWithAnErasure) {
  EXPECT_EQ(relabel("R").status, 200);
  auto located =
      fixture_.store().view()->locate({fhir::kPatientType, *record::ResourceId::parse(ann_)});
  ASSERT_TRUE(located);
  auto plan = fixture_.store().plan_erasure(located->key.ord);
  ASSERT_TRUE(plan);
  ASSERT_TRUE(fixture_.store().erase({located->key.ord, plan->state, "test", "asked for"}, {}));
  for (const std::string& target :
       {"Observation/" + weight_, "Observation/" + weight_ + "/_history/1",
        "Observation/" + weight_ + "/_history/2"}) {
    http::Response gone = get(target);
    EXPECT_EQ(gone.status, 404) << target;
    EXPECT_EQ(gone.body.find("security"), std::string::npos);
  }
  expect_sound();
}

}  // namespace
}  // namespace continuum::api
