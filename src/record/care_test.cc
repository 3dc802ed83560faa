// Care events as the store tells them: of now, and as of a past commit.
#include <algorithm>

#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

const Draw kStay = {.type = "Encounter",
                    .own_id = "e1",
                    .members = R"("status":"in-progress","class":{"code":"IMP"},
                                  "period":{"start":"2020-01-02"})"};

std::vector<CareEvent> told(const TestStore& store, const View& view, Ord ord,
                            std::optional<T> as_of = std::nullopt) {
  static_cast<void>(store);
  std::vector<CareEvent> events;
  EXPECT_TRUE(view.scan_care(1, ord, as_of, [&](const CareEvent& event) {
    events.push_back(event);
    return true;
  }));
  return events;
}

class Care : public testing::TestWithParam<Engine> {};
INSTANTIATE_TEST_SUITE_P(Engines, Care, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

TEST_P(Care, FollowsTheResource) {
  TestStore store(GetParam());
  Writer writer = store.writer();
  ASSERT_TRUE(writer.put(Draw{}));
  auto first = writer.put(kStay);
  ASSERT_TRUE(first);
  Draw finished = kStay;
  finished.members =
      R"("status":"finished","class":{"code":"IMP"},"period":{"start":"2020-01-02","end":"2020-01-05"})";
  auto second = writer.put(finished);
  ASSERT_TRUE(second);
  Ord ord = *writer.home(Draw{});

  auto now = told(store, *store->view(), ord);
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(to_fhir_instant(now[0].time.high).substr(0, 10), "2020-01-06");
  EXPECT_EQ(now[0].t, second->t);
  auto then = told(store, *store->view(), ord, first->t);
  ASSERT_EQ(then.size(), 1U);
  EXPECT_EQ(then[0].time.high, fhir::kOpenHigh);
  EXPECT_TRUE(told(store, *store->view(), ord, first->t - 1).empty());

  ASSERT_TRUE(writer.remove(kStay));
  EXPECT_TRUE(told(store, *store->view(), ord).empty());
  EXPECT_EQ(told(store, *store->view(), ord, second->t).size(), 1U);
  EXPECT_EQ(writer.findings(), std::vector<std::string>());
}

TEST_P(Care, OfBulkLoadIsThatOfCommits) {
  TestStore store(GetParam());
  Writer writer = store.writer();
  ASSERT_TRUE(writer.load({Draw{}, kStay}));
  EXPECT_EQ(told(store, *store->view(), *writer.home(Draw{})).size(), 1U);
  size_t of_source = 0;
  ASSERT_TRUE(store->view()->scan_care(1, [&](const CareEvent&) { return ++of_source > 0; }));
  EXPECT_EQ(of_source, 1U);
  EXPECT_EQ(writer.findings(), std::vector<std::string>());
}

TEST_P(Care, IsToldOfEachPatientItIsAbout) {
  TestStore store(GetParam());
  Writer writer = store.writer();
  ASSERT_TRUE(writer.put({Draw{}, Draw{.own_id = "p2", .home = "p2"}}));
  ASSERT_TRUE(writer.put(Draw{.type = "Appointment",
                              .own_id = "a1",
                              .members = R"("status":"booked","start":"2020-01-02T10:00:00Z")",
                              .also = {"p2"}}));
  EXPECT_EQ(told(store, *store->view(), *writer.home(Draw{})).size(), 1U);
  EXPECT_EQ(told(store, *store->view(), *writer.home(Draw{.own_id = "p2", .home = "p2"})).size(),
            1U);
}

TEST_P(Care, InQuarantineTellsNothing) {
  TestStore store(GetParam());
  Writer writer = store.writer();
  Draw lost = kStay;
  lost.home = "quarantine";
  ASSERT_TRUE(writer.put(lost));
  EXPECT_TRUE(told(store, *store->view(), Ord::quarantine(1)).empty());
}

TEST_P(Care, NamesTheOrganisationAsTheResourceDoes) {
  TestStore store(GetParam());
  Writer writer = store.writer();
  Draw practice{.type = "Organization", .own_id = "o1", .home = "shared"};
  ASSERT_TRUE(writer.put(practice));
  std::string id = writer.id(practice)->id.text();
  ASSERT_TRUE(
      writer.put(Draw{.members = R"("generalPractitioner":[{"reference":"Organization/)" + id +
                                 R"("},{"identifier":{"system":"s","value":"A81001"}},
                       {"reference":"Practitioner/)" +
                                 id + R"("}])"}));
  auto events = told(store, *store->view(), *writer.home(Draw{}));
  ASSERT_EQ(events.size(), 3U);
  ASSERT_TRUE(events[0].organisation);
  EXPECT_EQ(events[0].organisation->text(), id);
  EXPECT_EQ(events[1].identifier_value, "A81001");
  EXPECT_FALSE(events[1].names_other);
  EXPECT_TRUE(events[2].names_other);
  EXPECT_FALSE(events[2].organisation);
}

}  // namespace
}  // namespace continuum::record
