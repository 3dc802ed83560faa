// What is about several patients is with each of them, and moves in step.
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

const Draw kAnn{"Patient", "ann", "ann", R"("birthDate":"1980-01-31")"};
const Draw kBob{"Patient", "bob", "bob", R"("birthDate":"1979-02-01")"};
const Draw kCat{"Patient", "cat", "cat", R"("birthDate":"2019-03-02")"};

Draw appointment(std::vector<std::string> also, const std::string& status = "booked") {
  return {
      "Appointment",
      "a1",
      "ann",
      R"("identifier":[{"system":"s","value":"a1"}],"start":"2026-02-03T10:00:00Z","status":")" +
          status + "\"",
      {},
      "gp",
      std::move(also)};
}

class CopiesTest : public testing::TestWithParam<Engine> {
 protected:
  // The versions of appointments in a patient's record, as "version status".
  std::vector<std::string> seen_by(const Draw& patient, std::optional<T> as_of = {}) {
    std::vector<std::string> seen;
    ScanOptions options;
    options.as_of = as_of;
    for (const auto& [key, body] : store_.writer().scan(*store_.writer().home(patient), options)) {
      if (fhir::type_name(key.type) == "Appointment") {
        size_t at = body.find("\"status\":\"") + 10;
        seen.push_back(body.substr(0, 2) + body.substr(at, body.find('"', at) - at));
      }
    }
    return seen;
  }
  using Seen = std::vector<std::string>;
  void expect_sound() { EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{}); }

  TestStore store_{GetParam()};
};

TEST_P(CopiesTest, EachPatientHasIt) {
  ASSERT_TRUE(store_.writer().put({kAnn, kBob, kCat}));
  ASSERT_TRUE(store_.writer().put(appointment({"bob", "cat"})));
  for (const Draw& patient : {kAnn, kBob, kCat}) {
    EXPECT_EQ(seen_by(patient), Seen{"1 booked"});
  }
  expect_sound();
  // One id, one home, and one hit.
  Ord home = *store_.writer().home(kAnn);
  EXPECT_EQ(store_.writer().key(appointment({}))->ord, home);
  auto found =
      store_->view()->find_token(*fhir::type_number("Appointment"), "identifier", "s", "a1", 10);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().ord, home);
  // Each finds it by its date.
  size_t dated = 0;
  Ord bob = *store_.writer().home(kBob);
  ASSERT_TRUE(store_->view()->scan_timeline(bob, [&](const Dated&) { return ++dated != 0; }));
  EXPECT_EQ(dated, 1U);
  store_.reopen();
  EXPECT_EQ(store_.writer().put(appointment({"bob", "cat"}))->unchanged, 1U);
  EXPECT_EQ(seen_by(kBob), Seen{"1 booked"});
}

TEST_P(CopiesTest, ComeGoAndAreRemembered) {
  Writer writer = store_.writer();
  ASSERT_TRUE(writer.put({kAnn, kBob, kCat}));
  T booked = writer.put(appointment({"bob"}))->t;
  T arrived = writer.put(appointment({"bob", "cat"}, "arrived"))->t;
  T fulfilled = writer.put(appointment({"cat"}, "fulfilled"))->t;
  expect_sound();
  EXPECT_EQ(seen_by(kAnn), Seen{"3 fulfilled"});
  EXPECT_EQ(seen_by(kBob), Seen{});
  EXPECT_EQ(seen_by(kCat), Seen{"3 fulfilled"});
  EXPECT_EQ(seen_by(kBob, booked), Seen{"1 booked"});
  EXPECT_EQ(seen_by(kCat, booked), Seen{});
  EXPECT_EQ(seen_by(kBob, arrived), Seen{"2 arrived"});
  EXPECT_EQ(seen_by(kCat, arrived), Seen{"2 arrived"});
  T again = writer.put(appointment({"bob", "cat"}, "noshow"))->t;
  EXPECT_EQ(seen_by(kBob), Seen{"4 noshow"});
  ASSERT_TRUE(writer.remove(appointment({})));
  for (const Draw& patient : {kAnn, kBob, kCat}) {
    EXPECT_EQ(seen_by(patient), Seen{});
    EXPECT_EQ(seen_by(patient, again), Seen{"4 noshow"});
  }
  EXPECT_EQ(seen_by(kBob, fulfilled), Seen{});
  expect_sound();
  ASSERT_TRUE(writer.put(appointment({"cat"}, "booked")));
  EXPECT_EQ(seen_by(kCat), Seen{"6 booked"});
  EXPECT_EQ(seen_by(kBob), Seen{});
  store_.reopen();
  expect_sound();
}

TEST_P(CopiesTest, BulkLoadPutsThemToo) {
  Writer writer = store_.writer();
  // The others' Patients come after it, or never.
  ASSERT_TRUE(writer.load({appointment({"bob", "cat"}), kAnn, kBob}));
  EXPECT_EQ(seen_by(kBob), Seen{"1 booked"});
  EXPECT_EQ(seen_by(kCat), Seen{"1 booked"});
  expect_sound();
  T before = store_->view()->stable_t();
  ASSERT_TRUE(writer.put(appointment({"bob"}, "arrived")));
  EXPECT_EQ(seen_by(kBob), Seen{"2 arrived"});
  EXPECT_EQ(seen_by(kBob, before), Seen{"1 booked"});
  EXPECT_EQ(seen_by(kCat), Seen{});
  expect_sound();
}

TEST_P(CopiesTest, LeaveQuarantineWithIt) {
  Writer writer = store_.writer();
  ASSERT_TRUE(writer.put({kAnn, kBob}));
  Draw lost = appointment({});
  lost.home = "quarantine";
  ASSERT_TRUE(writer.put(lost));
  Draw found = appointment({"bob"});
  ResourceKey id = *writer.id(lost);
  Prepared item;
  json::Document document;
  Canonical canonical;
  ASSERT_TRUE(document.parse(R"({"resourceType":"Appointment","status":"booked"})"));
  ASSERT_TRUE(canonicalise(document, *document.root(), id.id.text(), "gp", canonical));
  Ord also = *writer.home(kBob);
  ASSERT_TRUE(store_->prepare({id,
                               *writer.home(kAnn),
                               *store_->register_source("gp"),
                               "a1",
                               &canonical,
                               document.root(),
                               "",
                               {&also, 1}},
                              item));
  ASSERT_TRUE(store_->commit({&item, 1}));
  EXPECT_EQ(seen_by(kAnn), Seen{"2 booked"});
  EXPECT_EQ(seen_by(kBob), Seen{"2 booked"});
  expect_sound();
}

// The same body, about others than before: a new version.
TEST_P(CopiesTest, MayComeWithoutAnotherBody) {
  Writer writer = store_.writer();
  ASSERT_TRUE(writer.put({kAnn, kBob}));
  ASSERT_TRUE(writer.put(appointment({})));
  EXPECT_EQ(writer.put(appointment({"bob"}))->updated, 1U);
  EXPECT_EQ(seen_by(kBob), Seen{"2 booked"});
  EXPECT_EQ(writer.put(appointment({"bob"}))->unchanged, 1U);
  expect_sound();
}

// A copy that is gone, or not the same, is found out.
TEST_P(CopiesTest, CheckComparesThem) {
  Writer writer = store_.writer();
  ASSERT_TRUE(writer.put({kAnn, kBob}));
  ASSERT_TRUE(writer.put(appointment({"bob"})));
  Ord bob = *writer.home(kBob);
  fhir::TypeNumber type = *fhir::type_number("Appointment");
  store_.with_rows([&](kv::Store& kv) {
    kv::Batch batch;
    for (const auto& [key, value] : all_rows(*kv.snapshot(), kCurrent)) {
      ItemKey item = *decode_item_key(key);
      if (item.ord == bob && item.type == type) {
        batch.remove(kCurrent, key);
      }
    }
    ASSERT_EQ(batch.size(), 1U);
    ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
  });
  std::string all;
  for (const std::string& finding : store_.writer().findings()) {
    all += finding + "\n";
  }
  EXPECT_NE(all.find("kept with several patients, and not the same with each"), std::string::npos)
      << all;
  EXPECT_FALSE(store_.writer().put(appointment({"bob"}, "arrived")));
}

INSTANTIATE_TEST_SUITE_P(Engines, CopiesTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace continuum::record
