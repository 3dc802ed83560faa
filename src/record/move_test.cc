// What goes to another patient goes on there, and leaves its past closed: random lives of resources
// that are about changing patients, some of whom are erased, against a plain model of who has what.
#include <random>

#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

constexpr size_t kPatients = 4;
constexpr size_t kResources = 3;

class MoveTest : public testing::TestWithParam<Engine> {
 protected:
  using Names = std::set<std::string>;

  static Draw patient(size_t number) {
    std::string name = "p" + std::to_string(number);
    return {"Patient", name, name, R"("birthDate":"1980-01-31")"};
  }
  static std::string name_of(size_t resource) { return "a" + std::to_string(resource); }
  // Whose record has the resource, by own id of the Patient.
  Names who_has(const std::string& resource) {
    Names names;
    for (size_t i = 0; i < kPatients; ++i) {
      for (const auto& [key, body] : store_.writer().scan(*store_.writer().home(patient(i)))) {
        if (body.find('"' + resource + '"') != std::string::npos) {
          EXPECT_TRUE(names.insert(patient(i).own_id).second) << resource << " is there twice";
        }
      }
    }
    return names;
  }
  std::string pick(const Names& names) {
    auto at = names.begin();
    std::advance(at, random_() % names.size());
    return *at;
  }
  Status put(const std::string& resource, const Names& about, const std::string& home) {
    Draw draw{"Appointment", resource, home};
    draw.members = R"("identifier":[{"value":")" + resource + R"("}],"priority":)" +
                   std::to_string(++changes_);
    for (const std::string& name : about) {
      if (name != home) {
        draw.also.push_back(name);
      }
    }
    auto done = store_.writer().put(draw);
    return done ? Status() : fail(done.error());
  }

  std::mt19937 random_;
  TestStore store_{GetParam()};
  int changes_ = 0;
};

TEST_P(MoveTest, WhoHasWhatIsAsAModelSays) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  random_.seed(seed);
  for (size_t i = 0; i < kPatients; ++i) {
    ASSERT_TRUE(store_.writer().put(patient(i)));
  }
  std::map<std::string, Names> model;
  const int steps = GetParam() == Engine::kMemory ? 300 : 60;
  for (int step = 0; step < steps; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const std::string resource = name_of(random_() % kResources);
    const auto what = random_() % 20;
    if (what < 15) {
      Names about;
      for (size_t i = 0; i < kPatients; ++i) {
        if (random_() % 2 == 0) {
          about.insert(patient(i).own_id);
        }
      }
      if (about.empty()) {
        continue;
      }
      Status done = put(resource, about, pick(about));
      ASSERT_TRUE(done) << done.error().text();
      model[resource] = about;
    } else if (what < 17 && !model[resource].empty()) {
      Draw draw{"Appointment", resource, pick(model[resource])};
      auto key = store_.writer().key(draw);
      ASSERT_TRUE(key);
      // A deletion is where it is.
      for (size_t i = 0; i < kPatients; ++i) {
        draw.home = *store_.writer().home(patient(i)) == key->ord ? patient(i).own_id : draw.home;
      }
      auto done = store_.writer().remove(draw);
      ASSERT_TRUE(done) << done.error().text();
      model[resource].clear();
    } else if (what == 17) {
      const Draw erased = patient(random_() % kPatients);
      Ord ord = *store_.writer().home(erased);
      auto plan = store_->plan_erasure(ord);
      ASSERT_TRUE(plan) << plan.error().text();
      auto done = store_->erase({ord, plan->state, "test", "asked for"}, {});
      ASSERT_TRUE(done) << done.error().text();
      for (auto& [name, about] : model) {
        about.erase(erased.own_id);
      }
      EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{}) << "after erasing";
      ASSERT_TRUE(store_.writer().put(erased));  // sent again: another place
      EXPECT_NE(*store_.writer().home(erased), ord);
    } else if (what == 18) {
      store_.reopen();
    }
    for (const auto& [name, about] : model) {
      EXPECT_EQ(who_has(name), about) << name;
    }
    auto findings = store_.writer().findings();
    ASSERT_EQ(findings, std::vector<std::string>{});
    if (HasFailure()) {
      return;
    }
  }
}

// Versions count on wherever it goes, and each is where it was made.
TEST_P(MoveTest, VersionsCountOn) {
  for (size_t i = 0; i < kPatients; ++i) {
    ASSERT_TRUE(store_.writer().put(patient(i)));
  }
  const std::vector<std::string> homes{"p0", "p1", "p1", "p0", "p2"};
  std::vector<T> times;
  for (const std::string& home : homes) {
    ASSERT_TRUE(put("a0", {home}, home));
    times.push_back(store_->view()->stable_t());
  }
  auto view = store_->view();
  auto id = *store_.writer().id({"Appointment", "a0", "p0"});
  auto former = view->former_places(id.type, id.id.hash);
  ASSERT_TRUE(former);
  ASSERT_EQ(former->size(), 3U);
  const struct {
    std::string home;
    uint32_t last;
  } left[] = {{"p0", 4}, {"p1", 3}, {"p0", 1}};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*former)[i].item.ord,
              *store_.writer().home({"Patient", left[i].home, left[i].home}));
    EXPECT_EQ((*former)[i].last_version, left[i].last);
    auto last = view->read_version((*former)[i].item, left[i].last);
    ASSERT_TRUE(last);
    EXPECT_FALSE(last->row.header.deleted);
    auto end = view->read_version((*former)[i].item, left[i].last + 1);
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->row.header.moved);
  }
  // As of each commit, the record it was in then has it.
  for (size_t i = 0; i < homes.size(); ++i) {
    for (size_t patient_number = 0; patient_number < 3; ++patient_number) {
      ScanOptions options;
      options.as_of = times[i];
      auto then = store_.writer().scan(*store_.writer().home(patient(patient_number)), options);
      EXPECT_EQ(then.size(), homes[i] == patient(patient_number).own_id ? 2U : 1U) << i;
    }
  }
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

TEST_P(MoveTest, APatientIsAlwaysItsOwn) {
  ASSERT_TRUE(store_.writer().put({patient(0), patient(1)}));
  Prepared item;
  Draft draft;
  draft.resource = *store_.writer().id(patient(0));
  draft.ord = *store_.writer().home(patient(1));
  EXPECT_EQ(store_->prepare(draft, item).error().code, ErrorCode::kInvalid);
}

TEST_P(MoveTest, AGivenIdIsTakenOnce) {
  Draw mine{"Observation", "w1", "p0"};
  mine.gives_id = true;
  Draw theirs{"Observation", "w1", "q0", {}, {}, "trust"};
  theirs.gives_id = true;
  ASSERT_TRUE(store_.writer().put(patient(0)));
  ASSERT_TRUE(store_.writer().put({"Patient", "q0", "q0", {}, {}, "trust"}));
  std::vector<Prepared> first(1);
  std::vector<Prepared> second(1);
  ASSERT_TRUE(store_.writer().prepare(mine, first[0]));
  ASSERT_TRUE(store_.writer().prepare(theirs, second[0]));
  ASSERT_TRUE(store_->commit(first));
  EXPECT_EQ(store_->commit(second).error().code, ErrorCode::kConflict);
  auto located = store_->view()->locate({type_of(mine), *ResourceId::named("w1")});
  ASSERT_TRUE(located);
  EXPECT_EQ(located->id.text(), "w1");
  EXPECT_EQ(located->key, first[0].key);
  // Its regional form is no second id.
  ResourceId regional = located->id;
  regional.given.clear();
  EXPECT_EQ(store_->view()->locate({type_of(mine), regional}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Engines, MoveTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) {
                           return info.param == Engine::kMemory ? "Memory" : "Rocks";
                         });

}  // namespace
}  // namespace continuum::record
