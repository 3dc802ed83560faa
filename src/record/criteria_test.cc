// What meets criteria, and commits that rest on it.
#include "record/criteria.h"

#include <atomic>
#include <barrier>
#include <thread>

#include "record/limits.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

Draw person(const std::string& own_id, const std::string& members,
            const std::string& source = "gp") {
  return {"Patient", own_id, own_id, members, {}, source};
}

const Draw kAnn = person("ann", R"("identifier":[{"system":"a","value":"1"},{"value":"2"}],
    "name":[{"family":"Müller","given":["Ann","Mary"]}],"gender":"female","birthDate":"1980-01-31")");
const Draw kBob = person("bob", R"("identifier":[{"system":"b","value":"1"}],
    "name":[{"family":"Muller"}],"gender":"male","birthDate":"1980-02")");

class CriteriaTest : public testing::TestWithParam<Engine> {
 protected:
  static Criterion on(std::string_view type, std::string_view code, std::vector<ValueTest> any_of) {
    return {*fhir::parameter_number(*fhir::type_number(type), code), std::move(any_of)};
  }
  static Criterion on(std::string_view code, std::vector<ValueTest> any_of) {
    return on("Patient", code, std::move(any_of));
  }
  Criteria criteria(std::vector<Criterion> all_of, const std::string& source = "gp") {
    return {fhir::kPatientType, *store_->register_source(source), std::move(all_of)};
  }
  // Own ids of what meets them.
  std::set<std::string> found(const Criteria& criteria) {
    std::set<std::string> names;
    auto view = store_->view();
    auto items = view->find_matching(criteria, 100);
    EXPECT_TRUE(items) << items.error().text();
    for (const ItemKey& key : *items) {
      for (const Draw& draw : known_) {
        auto at = store_.writer().key(draw);
        if (at && *at == key) {
          EXPECT_TRUE(names.insert(draw.own_id).second) << "found twice";
        }
      }
    }
    EXPECT_EQ(names.size(), items->size());
    return names;
  }
  std::set<std::string> found(Criterion criterion) {
    return found(criteria({std::move(criterion)}));
  }
  void put(const Draw& draw) {
    ASSERT_TRUE(store_.writer().put(draw));
    known_.push_back(draw);
  }
  static ValueTest date(DatePrefix prefix, std::string_view text) {
    return DateIs{prefix, *fhir::parse_date(text)};
  }

  using Names = std::set<std::string>;
  TestStore store_{GetParam()};
  std::vector<Draw> known_;
};

TEST_P(CriteriaTest, TokensByCodeAndSystem) {
  put(kAnn);
  put(kBob);
  EXPECT_EQ(found(on("identifier", {TokenIs{"1", "a"}})), Names{"ann"});
  EXPECT_EQ(found(on("identifier", {TokenIs{"1", std::nullopt}})), (Names{"ann", "bob"}));
  EXPECT_EQ(found(on("identifier", {TokenIs{"1", ""}})), Names{});
  EXPECT_EQ(found(on("identifier", {TokenIs{"2", ""}})), Names{"ann"});
  EXPECT_EQ(found(on("identifier", {TokenIs{"", std::nullopt}})), Names{});
  EXPECT_EQ(found(on("identifier", {TokenIs{"1", "b"}, TokenIs{"2", ""}})), (Names{"ann", "bob"}));
}

TEST_P(CriteriaTest, StringsByTheirStartOrWhole) {
  put(kAnn);
  put(kBob);
  EXPECT_EQ(found(on("family", {StringStarts{"MULL"}})), (Names{"ann", "bob"}));
  EXPECT_EQ(found(on("family", {StringStarts{"Mullerx"}})), Names{});
  EXPECT_EQ(found(on("family", {StringIs{"Müller"}})), Names{"ann"});
  EXPECT_EQ(found(on("family", {StringIs{"müller"}})), Names{});
  EXPECT_EQ(found(on("name", {StringStarts{"mary"}})), Names{"ann"});
}

TEST_P(CriteriaTest, DatesByTheirPrefix) {
  put(kAnn);
  put(kBob);
  auto by = [&](DatePrefix prefix, std::string_view text) {
    return found(on("birthdate", {date(prefix, text)}));
  };
  EXPECT_EQ(by(DatePrefix::kEq, "1980-01-31"), Names{"ann"});
  EXPECT_EQ(by(DatePrefix::kEq, "1980"), (Names{"ann", "bob"}));
  EXPECT_EQ(by(DatePrefix::kEq, "1980-02-01"), Names{});  // within it is not the whole
  EXPECT_EQ(by(DatePrefix::kNe, "1980-01-31"), Names{"bob"});
  EXPECT_EQ(by(DatePrefix::kGt, "1980-01-31"), Names{"bob"});
  EXPECT_EQ(by(DatePrefix::kGe, "1980-01-31"), (Names{"ann", "bob"}));
  EXPECT_EQ(by(DatePrefix::kLt, "1980-02"), Names{"ann"});
  EXPECT_EQ(by(DatePrefix::kLe, "1980-02"), (Names{"ann", "bob"}));
  EXPECT_EQ(by(DatePrefix::kSa, "1980-01-31"), Names{"bob"});
  EXPECT_EQ(by(DatePrefix::kEb, "1980-02-01"), Names{"ann"});
}

TEST_P(CriteriaTest, AllMustBeMetOfTheSourceMeant) {
  put(kAnn);
  put(kBob);
  put(person("cat", R"("identifier":[{"system":"a","value":"1"}],"gender":"female")", "hospital"));
  Criterion identifier = on("identifier", {TokenIs{"1", std::nullopt}});
  EXPECT_EQ(found(criteria({identifier, on("gender", {TokenIs{"female", std::nullopt}})})),
            Names{"ann"});
  EXPECT_EQ(found(criteria({on("gender", {TokenIs{"male", std::nullopt}}), identifier})),
            Names{"bob"});
  EXPECT_EQ(found(criteria({identifier, on("birthdate", {date(DatePrefix::kLt, "1970")})})),
            Names{});
  EXPECT_EQ(found(criteria({identifier}, "hospital")), Names{"cat"});
}

TEST_P(CriteriaTest, SharedOnesOfAllSources) {
  Draw first{"Practitioner", "d1", "shared", R"("identifier":[{"system":"gmc","value":"7"}])"};
  put(first);
  Criteria wanted{*fhir::type_number("Practitioner"),
                  std::nullopt,
                  {on("Practitioner", "identifier", {TokenIs{"7", "gmc"}})}};
  EXPECT_EQ(found(wanted), Names{"d1"});
  ASSERT_TRUE(store_->register_source("other"));
  wanted.source = *store_->register_source("other");
  EXPECT_EQ(found(wanted), Names{});
}

TEST_P(CriteriaTest, ReferencesByResourceTextAndIdentifier) {
  put(kAnn);
  std::string id = store_.writer().id(kAnn)->id.text();
  put({"Observation", "o1", "ann",
       R"("identifier":[{"value":"x"}],"subject":{"reference":"Patient/)" + id +
           R"("},"encounter":{"reference":"urn:uuid:7"},"performer":[{"identifier":{"system":"gmc","value":"7"}}])"});
  auto by = [&](std::string_view code, ValueTest test) {
    Criteria wanted = criteria({on("Observation", code, {std::move(test)})});
    wanted.type = *fhir::type_number("Observation");
    return found(wanted);
  };
  EXPECT_EQ(by("subject", RefersTo{*store_.writer().id(kAnn)}), Names{"o1"});
  EXPECT_EQ(by("subject", RefersTo{*store_.writer().id(kBob)}), Names{});
  EXPECT_EQ(by("encounter", RefersToText{"urn:uuid:7"}), Names{"o1"});
  EXPECT_EQ(by("performer", RefersToIdentifier{"7", "gmc"}), Names{"o1"});
  EXPECT_EQ(by("performer", RefersToIdentifier{"7", std::nullopt}), Names{"o1"});
  EXPECT_EQ(by("performer", RefersToIdentifier{"7", ""}), Names{});
}

TEST_P(CriteriaTest, WhatIsDeletedOrSupersededIsNotMet) {
  put(kAnn);
  Draw changed = kAnn;
  changed.members = R"("identifier":[{"system":"a","value":"9"}])";
  ASSERT_TRUE(store_.writer().put(changed));
  EXPECT_EQ(found(on("identifier", {TokenIs{"1", "a"}})), Names{});
  EXPECT_EQ(found(on("identifier", {TokenIs{"9", "a"}})), Names{"ann"});
  ASSERT_TRUE(store_.writer().remove(changed));
  EXPECT_EQ(found(on("identifier", {TokenIs{"9", "a"}})), Names{});
}

TEST_P(CriteriaTest, TooManyToLookAtIsAnError) {
  std::vector<Draw> many;
  for (size_t i = 0; i <= kRowsMatchedMax; ++i) {
    many.push_back(person("p" + std::to_string(i), R"("gender":"other")"));
  }
  ASSERT_TRUE(store_.writer().load(many));
  auto found =
      store_->view()->find_matching(criteria({on("gender", {TokenIs{"other", std::nullopt}}),
                                              on("birthdate", {date(DatePrefix::kGt, "2000")})}),
                                    2);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kTooLarge);
}

TEST_P(CriteriaTest, AConditionHoldsAtTheCommit) {
  Criteria wanted = criteria({on("identifier", {TokenIs{"1", "a"}})});
  T before = store_->view()->stable_t();
  std::vector<Prepared> ann(1);
  ASSERT_TRUE(store_.writer().prepare(kAnn, ann[0]));
  StagedItems staged;
  staged.add(ann[0]);
  EXPECT_TRUE(staged.contains(ann[0].key));
  EXPECT_EQ(staged.meeting(wanted), std::set<const Prepared*>{ann.data()});
  Condition none{wanted, std::nullopt, before};
  ASSERT_TRUE(store_->commit(ann, {}, {&none, 1}));  // its own items don't count
  // Of then it was true; now it is not.
  std::vector<Prepared> bob(1);
  ASSERT_TRUE(store_.writer().prepare(kBob, bob[0]));
  staged = {};
  staged.add(bob[0]);
  EXPECT_EQ(staged.meeting(wanted), std::set<const Prepared*>{});
  auto late = store_->commit(bob, {}, {&none, 1});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict);
  EXPECT_FALSE(store_.writer().key(kBob));
  Condition one{wanted, *store_.writer().key(kAnn), store_->view()->stable_t()};
  ASSERT_TRUE(store_->commit({}, {}, {&one, 1}));
  ASSERT_TRUE(store_.writer().remove(kAnn));
  auto gone = store_->commit(bob, {}, {&one, 1});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kConflict);
  none.as_of = store_->view()->stable_t();
  EXPECT_TRUE(store_->commit(bob, {}, {&none, 1}));
}

// Many at once, each in other words, of the same person.
TEST_P(CriteriaTest, OneOfManyWritersMakesIt) {
  constexpr size_t kWriters = 16;
  Criteria by_both = criteria({on("identifier", {TokenIs{"1", "a"}})});
  Criteria by_code = criteria({on("identifier", {TokenIs{"1", std::nullopt}})});
  Criteria by_name = criteria({on("name", {StringStarts{"mul"}})});
  std::vector<std::vector<Prepared>> items(kWriters);
  for (size_t i = 0; i < kWriters; ++i) {
    items[i].resize(1);
    Draw draw = kAnn;
    draw.own_id = draw.home = "ann" + std::to_string(i);
    ASSERT_TRUE(store_.writer().prepare(draw, items[i][0]));
  }
  T before = store_->view()->stable_t();
  std::barrier start(static_cast<std::ptrdiff_t>(kWriters));
  std::atomic<size_t> made{0};
  std::atomic<size_t> refused{0};
  std::vector<std::thread> writers;
  for (size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      Condition none{i % 3 == 0 ? by_both : i % 3 == 1 ? by_code : by_name, std::nullopt, before};
      start.arrive_and_wait();
      auto done = store_->commit(items[i], {}, {&none, 1});
      ++(done ? made : refused);
      EXPECT_TRUE(done || done.error().code == ErrorCode::kConflict);
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_EQ(made, 1U);
  EXPECT_EQ(refused, kWriters - 1);
  EXPECT_EQ(store_->view()->find_matching(by_code, 100)->size(), 1U);
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Engines, CriteriaTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& about) { return name_of(about.param); });

}  // namespace
}  // namespace continuum::record
