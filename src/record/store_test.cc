// The record contract, on both engines.
#include <map>
#include <set>
#include <thread>

#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

class StoreTest : public testing::TestWithParam<Engine> {
 protected:
  TestStore store_{GetParam()};
};

const Draw kPatient{"Patient", "p1", "p1", R"("gender":"female")"};
const Draw kObservation{"Observation", "o1", "p1", R"("status":"final")"};

Draw changed(Draw draw, std::string members) {
  draw.members = std::move(members);
  return draw;
}

TEST_P(StoreTest, CreatesUpdatesAndDeletes) {
  Writer writer = store_.writer();
  auto first = writer.put({kPatient, kObservation});
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->t, 1U);
  EXPECT_EQ(first->created, 2U);
  EXPECT_EQ(writer.put({kPatient, kObservation})->unchanged, 2U);
  EXPECT_EQ(writer.put(kObservation)->t, 0U);

  store_.clock().advance_micros(1'000'000);
  Draw amended = changed(kObservation, R"("status":"amended")");
  EXPECT_EQ(writer.put(amended)->updated, 1U);
  EXPECT_EQ(writer.remove(kObservation)->deleted, 1U);
  EXPECT_EQ(writer.remove(kObservation)->unchanged, 1U);
  EXPECT_EQ(writer.read(kObservation).error().code, ErrorCode::kGone);
  auto again = writer.put(amended);
  EXPECT_EQ(again->t, 4U);
  EXPECT_EQ(again->updated, 1U);

  auto view = store_->view();
  ItemKey key = *writer.key(kObservation);
  auto versions = *view->versions(key);
  ASSERT_EQ(versions.size(), 4U);
  for (uint32_t version = 1; version <= 4; ++version) {
    const RowHeader& header = versions[4 - version].row.header;
    EXPECT_EQ(header.version, version);
    EXPECT_EQ(header.t, version);
    EXPECT_EQ(header.deleted, version == 3);
    EXPECT_EQ(view->read_version(key, version)->row.header.t, version);
  }
  EXPECT_EQ(view->read_version(key, 5).error().code, ErrorCode::kNotFound);
  std::string old;
  ASSERT_TRUE(view->append_resource(*view->read_version(key, 1), old));
  EXPECT_NE(old.find(R"("versionId":"1","lastUpdated":"2023-11-14T22:13:20.000Z")"),
            std::string::npos);
  EXPECT_NE(old.find(R"("status":"final")"), std::string::npos);
  EXPECT_NE(writer.read(kObservation)->find(R"("versionId":"4")"), std::string::npos);
  EXPECT_EQ(view->stable_t(), 4U);
  EXPECT_EQ(*view->t_at(Instant{INT64_MIN}), 0U);
  EXPECT_EQ(*view->t_at(Instant{1'700'000'000'000'000}), 1U);
  EXPECT_EQ(*view->t_at(Instant{1'700'000'000'999'999}), 1U);
  EXPECT_EQ(*view->t_at(Instant{1'700'000'001'000'000}), 4U);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

TEST_P(StoreTest, TimeNeverGoesBack) {
  Writer writer = store_.writer();
  ASSERT_TRUE(writer.put(kPatient));
  store_.clock().set(Instant{0});
  store_.reopen();
  ASSERT_TRUE(store_.writer().put(kObservation));
  auto view = store_->view();
  EXPECT_EQ(view->read(*store_.writer().key(kObservation))->row.header.instant,
            Instant{1'700'000'000'000'000});
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

// Whatever way a commit goes, with the clock stepping back before each and restarts between.
TEST_P(StoreTest, NoCommitIsEarlierThanTheOneBefore) {
  int64_t micros = 1'700'000'000'000'000;
  auto step_back = [&] { store_.clock().set(Instant{micros -= 3'600'000'000}); };
  for (int round = 0; round < 3; ++round) {
    step_back();
    Draw observation = kObservation;
    observation.members =
        "\"status\":\"final\",\"note\":[{\"text\":\"" + std::to_string(round) + "\"}]";
    ASSERT_TRUE(store_.writer().put({kPatient, observation}));
    step_back();
    ASSERT_TRUE(store_.writer().remove(observation));
    step_back();
    Draw loaded = kPatient;
    loaded.own_id = loaded.home = "loaded" + std::to_string(round);
    ASSERT_TRUE(store_.writer().load({loaded}));
    if (round == 1) {
      store_.reopen();
    }
  }
  Draw erased = kPatient;
  erased.own_id = erased.home = "loaded0";
  auto plan = store_->plan_erasure(*store_.writer().home(erased));
  ASSERT_TRUE(plan);
  step_back();
  ASSERT_TRUE(store_->erase({plan->ord, plan->state, "someone", "why"}, {}));
  auto view = store_->view();
  Instant last{INT64_MIN};
  for (T t = 1; t <= view->stable_t(); ++t) {
    auto instant = view->instant_of(t);
    ASSERT_TRUE(instant) << t;
    EXPECT_GE(*instant, last) << t;
    last = *instant;
  }
  EXPECT_EQ(*view->t_at(last), view->stable_t());
  auto versions = *view->versions(*store_.writer().key(kObservation));
  ASSERT_EQ(versions.size(), 6U);
  for (size_t i = 1; i < versions.size(); ++i) {
    EXPECT_GE(versions[i - 1].row.header.instant, versions[i].row.header.instant);
  }
}

TEST_P(StoreTest, WhatIsNotThere) {
  Writer writer = store_.writer();
  EXPECT_EQ(writer.read(kPatient).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(writer.remove(kPatient).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(writer.remove(kObservation).error().code, ErrorCode::kNotFound);
  // The place of a Patient that has not come is known, the Patient isn't.
  ASSERT_TRUE(writer.put(kObservation));
  EXPECT_EQ(writer.read(kPatient).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(writer.remove(kPatient).error().code, ErrorCode::kNotFound);
  ItemKey patient = *writer.key(kPatient);
  EXPECT_EQ(patient.item, kPatientItem);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
  EXPECT_EQ(writer.put(kPatient)->created, 1U);
  EXPECT_EQ(*writer.key(kPatient), patient);
  // An id of another bucket leads nowhere.
  ResourceKey id = *writer.id(kPatient);
  id.id.bucket ^= 1;
  EXPECT_EQ(store_->view()->locate(id).error().code, ErrorCode::kNotFound);
}

TEST_P(StoreTest, SourcesAreNumberedOnce) {
  EXPECT_EQ(*store_->register_source("gp"), 1);
  EXPECT_EQ(*store_->register_source("trust-2"), 2);
  EXPECT_EQ(*store_->register_source("gp"), 1);
  for (const std::string& name : {std::string(), std::string("GP"), std::string("g p"),
                                  std::string(41, 'a'), std::string("g\0p", 3)}) {
    EXPECT_EQ(store_->register_source(name).error().code, ErrorCode::kInvalid);
  }
  store_.reopen();
  EXPECT_EQ(*store_->register_source("trust-2"), 2);
  EXPECT_EQ(*store_->register_source("third"), 3);
  auto sources = *store_->view()->sources();
  ASSERT_EQ(sources.size(), 3U);
  EXPECT_EQ(sources[2].name, "third");
}

TEST_P(StoreTest, TheStoresOwnPlaces) {
  Writer writer = store_.writer();
  Draw shared{"Organization", "org", "shared", R"("name":"Trust")"};
  Draw stray{"Observation", "stray", "quarantine", R"("status":"final")"};
  Draw other{"Observation", "stray2", "quarantine", "", "", "trust"};
  ASSERT_TRUE(writer.put({shared, stray}));
  ASSERT_TRUE(writer.put(other));
  ASSERT_TRUE(writer.put(kPatient));
  EXPECT_EQ(writer.scan(Ord::shared()).size(), 1U);
  EXPECT_EQ(writer.scan(Ord::quarantine(1)).size(), 1U);
  EXPECT_EQ(writer.scan(Ord::quarantine(2)).size(), 1U);
  EXPECT_EQ(writer.key(stray)->ord, Ord::quarantine(1));
  std::vector<std::pair<uint64_t, SourceNumber>> ords;
  ASSERT_TRUE(store_->view()->scan_ords(Ord(), [&](Ord ord, SourceNumber source) {
    ords.emplace_back(ord.value(), source);
    return true;
  }));
  ASSERT_EQ(ords.size(), 4U);
  EXPECT_EQ(ords[0], (std::pair<uint64_t, SourceNumber>{0, 0}));
  EXPECT_EQ(ords[1], (std::pair<uint64_t, SourceNumber>{1, 1}));
  EXPECT_EQ(ords[2], (std::pair<uint64_t, SourceNumber>{2, 2}));
  EXPECT_EQ(store_->view()->person_of(Ord::shared()).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

TEST_P(StoreTest, TheLaterOfTwoPreparedIsAConflict) {
  Writer writer = store_.writer();
  auto two = [&](const Draw& a, const Draw& b) {
    std::vector<Prepared> first(1);
    std::vector<Prepared> second(1);
    EXPECT_TRUE(writer.prepare(a, first[0]));
    EXPECT_TRUE(writer.prepare(b, second[0]));
    EXPECT_TRUE(store_->commit(first));
    auto refused = store_->commit(second);
    return refused ? ErrorCode::kInternal : refused.error().code;
  };
  Draw shared{"Organization", "org", "shared"};
  EXPECT_EQ(two(shared, shared), ErrorCode::kConflict);
  EXPECT_EQ(two(kPatient, kPatient), ErrorCode::kConflict);
  EXPECT_EQ(two(kObservation, kObservation), ErrorCode::kConflict);
  EXPECT_EQ(two(changed(kObservation, R"("a":1)"), changed(kObservation, R"("a":2)")),
            ErrorCode::kConflict);
  // The racer that reserved the first number of all, and comes last.
  Draw stray{"Observation", "stray", "quarantine"};
  std::vector<Prepared> number_one(1);
  ASSERT_TRUE(writer.prepare(stray, number_one[0]));
  ASSERT_EQ(number_one[0].key.item, 1U);
  ASSERT_TRUE(writer.put(stray));
  EXPECT_EQ(store_->commit(number_one).error().code, ErrorCode::kConflict);
  // Deleted, made again and deleted again: not the deletion that was prepared on.
  ASSERT_TRUE(writer.remove(kObservation));
  std::vector<Prepared> late(1);
  ASSERT_TRUE(writer.prepare(kObservation, late[0]));
  ASSERT_TRUE(writer.put(kObservation));
  ASSERT_TRUE(writer.remove(kObservation));
  EXPECT_EQ(store_->commit(late).error().code, ErrorCode::kConflict);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

TEST_P(StoreTest, ARefusedCommitLeavesNothing) {
  Writer writer = store_.writer();
  ASSERT_TRUE(writer.put(kPatient));
  std::vector<Prepared> items(2);
  ASSERT_TRUE(writer.prepare(kObservation, items[0]));
  ASSERT_TRUE(writer.prepare(changed(kPatient, R"("gender":"other")"), items[1]));
  ASSERT_TRUE(writer.put(changed(kPatient, R"("gender":"male")")));
  EXPECT_EQ(store_->commit(items).error().code, ErrorCode::kConflict);
  EXPECT_EQ(writer.read(kObservation).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(writer.put({kObservation, kObservation}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(writer.read(kObservation).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->view()->stable_t(), 2U);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

// Many threads write the same few resources and their own: each acknowledged commit counts once.
TEST_P(StoreTest, ThreadsGetTheirOwnNumbers) {
  constexpr int kThreads = 8;
  constexpr int kCommits = 12;
  Writer writer = store_.writer();
  ASSERT_TRUE(store_->register_source("gp"));
  std::mutex mutex;
  std::set<T> numbers;
  int contested = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      T last = 0;
      for (int i = 0; i < kCommits; ++i) {
        std::string home = "p" + std::to_string(thread % 3);
        Draw own{"Observation", std::to_string(thread) + "-" + std::to_string(i), home};
        auto committed = writer.put({own});
        ASSERT_TRUE(committed) << committed.error().text();
        ASSERT_EQ(committed->created, 1U);
        ASSERT_GT(committed->t, last);
        last = committed->t;
        Draw same{"Organization", std::to_string(i), "shared"};
        auto raced = writer.put({same});
        ASSERT_TRUE(raced || raced.error().code == ErrorCode::kConflict);
        std::lock_guard lock(mutex);
        ASSERT_TRUE(numbers.insert(committed->t).second);
        if (raced && raced->t != 0) {
          ASSERT_TRUE(numbers.insert(raced->t).second);
          ++contested;
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(contested, kCommits);
  EXPECT_EQ(writer.scan(Ord::shared()).size(), size_t{kCommits});
  EXPECT_EQ(numbers.size(), size_t{kThreads * kCommits + kCommits});
  EXPECT_EQ(*numbers.rbegin(), numbers.size());
  EXPECT_EQ(store_->view()->stable_t(), numbers.size());
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

TEST_P(StoreTest, NumbersAreNeverUsedTwice) {
  std::set<uint64_t> ords;
  std::set<PersonNumber> persons;
  std::set<T> numbers;
  std::set<ItemNumber> items;
  for (int round = 0; round < 4; ++round) {
    Writer writer = store_.writer();
    Draw patient{"Patient", "p" + std::to_string(round), "p" + std::to_string(round)};
    Draw observation{"Observation", "o" + std::to_string(round), "p0"};
    auto committed = writer.put({patient, observation});
    ASSERT_TRUE(committed);
    EXPECT_TRUE(numbers.insert(committed->t).second);
    Ord ord = *writer.home(patient);
    EXPECT_TRUE(ords.insert(ord.value()).second);
    EXPECT_TRUE(persons.insert(store_->view()->person_of(ord)->number).second);
    EXPECT_TRUE(items.insert(writer.key(observation)->item).second);
    ASSERT_TRUE(writer.remove(observation));
    numbers.insert(store_->view()->stable_t());
    store_.reopen();
  }
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

TEST_P(StoreTest, FindsByToken) {
  Writer writer = store_.writer();
  auto patient = [](int number, const std::string& value) {
    std::string own_id = "p" + std::to_string(number);
    return Draw{"Patient", own_id, own_id,
                R"("identifier":[{"system":"urn:nhs","value":")" + value + R"("}])"};
  };
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(writer.put(patient(i, i < 3 ? "999" : "9990")));
  }
  auto find = [&](std::string_view system, std::string_view code, size_t count_max) {
    return store_->view()->find_token(0, "identifier", system, code, count_max)->size();
  };
  EXPECT_EQ(find("urn:nhs", "999", 100), 3U);
  EXPECT_EQ(find("urn:nhs", "999", 2), 2U);
  EXPECT_EQ(find("urn:nhs", "99", 100), 0U);
  EXPECT_EQ(find("urn:nh", "999", 100), 0U);
  EXPECT_EQ(find("", "999", 100), 0U);
  ASSERT_TRUE(writer.put(patient(0, "9990")));
  ASSERT_TRUE(writer.remove(patient(1, "999")));
  EXPECT_EQ(find("urn:nhs", "999", 100), 1U);
  EXPECT_EQ(find("urn:nhs", "9990", 100), 3U);
}

TEST_P(StoreTest, ScansContinueAndChooseTypes) {
  Writer writer = store_.writer();
  std::vector<Draw> draws{kPatient};
  for (int i = 0; i < 4; ++i) {
    draws.push_back({"Observation", "o" + std::to_string(i)});
    draws.push_back({"Condition", "c" + std::to_string(i)});
  }
  ASSERT_TRUE(writer.put(draws));
  T before = store_->view()->stable_t();
  for (Draw& draw : draws) {
    draw.members = R"("language":"en")";
  }
  ASSERT_TRUE(writer.put(draws));
  ASSERT_TRUE(writer.remove(draws[1]));
  Ord ord = *writer.home(kPatient);
  std::vector<fhir::TypeNumber> types{*fhir::type_number("Observation")};
  for (std::optional<T> as_of : {std::optional<T>(), std::optional(before)}) {
    auto all = writer.scan(ord, {{}, as_of, {}});
    EXPECT_EQ(all.size(), as_of ? 9U : 8U);
    EXPECT_EQ(writer.scan(ord, {types, as_of, {}}).size(), as_of ? 4U : 3U);
    // Page by page, each continued after the last item.
    std::map<ItemKey, std::string> pages;
    std::optional<ItemKey> after;
    while (true) {
      size_t count = 0;
      auto view = store_->view();
      ASSERT_TRUE(view->scan(ord, {{}, as_of, after}, [&](const StoredItem& item) -> Result<bool> {
        std::string body;
        TRY(view->open_canonical(item, body));
        EXPECT_TRUE(
            pages.emplace(item.key, std::to_string(item.row.header.version) + " " + body).second)
            << "given twice";
        after = item.key;
        return ++count < 2;
      }));
      if (count == 0) {
        break;
      }
    }
    EXPECT_EQ(pages, all);
  }
}

TEST_P(StoreTest, RemembersArrivalsAndRefusals) {
  SourceNumber gp = *store_->register_source("gp");
  SourceNumber trust = *store_->register_source("trust");
  auto refusal = [&](SourceNumber source, char file, uint32_t entry) {
    Refusal out{source, {}, 0, entry, Instant{7}, "invalid", "why", "Patient"};
    out.file.fill(file);
    return out;
  };
  auto file = [](char c) {
    FileDigest out;
    out.fill(c);
    return out;
  };
  std::vector<Refusal> first{refusal(gp, 'a', 1), refusal(gp, 'a', 2), refusal(gp, 'b', 0)};
  ASSERT_TRUE(
      store_->record_arrival(gp, {Instant{7}, 50, 0}, std::vector{file('a'), file('b')}, first));
  ASSERT_TRUE(store_->record_arrival(trust, {Instant{8}, 3, 0}, std::vector{file('a')},
                                     std::vector{refusal(trust, 'a', 1)}));
  // The file comes again, with one mistake less.
  ASSERT_TRUE(store_->record_arrival(gp, {Instant{9}, 4, 0}, std::vector{file('a')},
                                     std::vector{refusal(gp, 'a', 2)}));
  store_.reopen();
  auto view = store_->view();
  auto kept = *view->refusals(gp, 100);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].entry, 2U);
  EXPECT_EQ(kept[1].file, file('b'));
  EXPECT_EQ(view->refusals(gp, 1)->size(), 1U);
  EXPECT_EQ(view->refusals(trust, 100)->size(), 1U);
  auto sources = *view->sources();
  ASSERT_TRUE(sources[0].arrival);
  EXPECT_EQ(sources[0].arrival->instant, Instant{9});
  EXPECT_EQ(sources[0].arrival->received, 4U);
  EXPECT_EQ(sources[0].arrival->refused, 2U);
  EXPECT_EQ(sources[1].arrival->refused, 1U);
}

class LinkTest : public StoreTest {
 protected:
  static Draw patient(const std::string& own_id, const std::string& match, int change = 0) {
    return {"Patient", own_id, own_id, "\"multipleBirthInteger\":" + std::to_string(change), match};
  }
  Person person(const std::string& own_id) {
    auto found = store_->view()->person_of(*store_.writer().home(patient(own_id, "")));
    EXPECT_TRUE(found);
    return found ? *found : Person();
  }
  std::string shape(const std::string& own_id) {
    auto apart = store_->view()->apart_from(*store_.writer().home(patient(own_id, "")));
    EXPECT_TRUE(apart);
    return std::to_string(person(own_id).members.size()) + "+" +
           std::to_string(apart ? apart->size() : 0);
  }
};

TEST_P(LinkTest, JoinsOnTheSameMatchOnly) {
  Writer writer = store_.writer();
  ASSERT_TRUE(writer.put(patient("a", "999|1980-01-31")));
  ASSERT_TRUE(writer.put({patient("b", "999|1980-01-31"), patient("c", "999|1981-01-31"),
                          patient("d", ""), patient("e", ""), patient("f", "9990|1980-01-31")}));
  EXPECT_EQ(shape("a"), "2+1");
  EXPECT_EQ(shape("b"), "2+1");
  EXPECT_EQ(person("a").number, person("b").number);
  EXPECT_EQ(shape("c"), "1+2");
  EXPECT_EQ(shape("d"), "1+0");
  EXPECT_EQ(shape("f"), "1+0");
  EXPECT_NE(person("d").number, person("e").number);
  EXPECT_EQ(person("a").members[0].method, LinkMethod::kNhsNumberAndBirthDate);
  EXPECT_EQ(person("d").members[0].method, LinkMethod::kAlone);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

TEST_P(LinkTest, ChangesWithThePatient) {
  Writer writer = store_.writer();
  ASSERT_TRUE(writer.put({patient("a", "999|1980-01-31"), patient("b", "999|1980-01-31")}));
  PersonNumber both = person("a").number;
  ASSERT_TRUE(writer.put(patient("b", "999|1980-02-01", 1)));
  EXPECT_EQ(shape("a"), "1+1");
  EXPECT_EQ(shape("b"), "1+1");
  ASSERT_TRUE(writer.put(patient("c", "999|1980-02-01")));
  EXPECT_EQ(shape("b"), "2+1");
  ASSERT_TRUE(writer.put(patient("b", "", 2)));
  EXPECT_EQ(shape("b"), "1+0");
  EXPECT_EQ(shape("c"), "1+1");
  store_.reopen();
  writer = store_.writer();
  ASSERT_TRUE(writer.put(patient("b", "999|1980-01-31", 3)));
  EXPECT_EQ(shape("b"), "2+1");
  EXPECT_EQ(person("b").number, both);
  // A deleted Patient stays where its record is.
  ASSERT_TRUE(writer.remove(patient("b", "")));
  EXPECT_EQ(shape("a"), "2+1");
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

// A plain model that keeps every state there ever was.
struct Model {
  struct State {
    std::string body;  // canonical; empty when deleted
    uint32_t version = 0;
    std::string code;
  };
  std::map<std::string, State> now;                  // by own id
  std::vector<std::map<std::string, State>> at{{}};  // by t
  std::map<std::string, std::vector<State>> versions;
};

TEST_P(StoreTest, AgreesWithAModelThatForgetsNothing) {
  uint64_t seed = SecureRandom().u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  Model model;
  std::map<std::string, Draw> draws;
  int steps = GetParam() == Engine::kMemory ? 120 : 80;
  for (int step = 0; step < steps; ++step) {
    Writer writer = store_.writer();
    std::vector<Prepared> items;
    std::map<std::string, Model::State> next = model.now;
    for (uint64_t n = random.below(4) + 1; n > 0; --n) {
      std::string home = "p" + std::to_string(random.below(3));
      bool is_patient = random.below(4) == 0;
      std::string own_id = is_patient ? home : home + "-" + std::to_string(random.below(4));
      std::string code = "c" + std::to_string(random.below(3));
      Draw draw{is_patient ? "Patient" : "Observation", own_id, home,
                is_patient ? R"("identifier":[{"system":"s","value":")" + code + R"("}])"
                           : R"("code":{"coding":[{"system":"s","code":")" + code + R"("}]})"};
      bool again = std::any_of(items.begin(), items.end(),
                               [&](const Prepared& item) { return item.own_id == own_id; });
      if (again) {
        continue;
      }
      draws[own_id] = draw;
      Prepared item;
      Model::State& state = next[own_id];
      if (random.below(4) == 0) {
        Status prepared = writer.prepare_deletion(draw, item);
        if (state.version == 0) {
          ASSERT_EQ(prepared.error().code, ErrorCode::kNotFound);
          continue;
        }
        ASSERT_TRUE(prepared) << prepared.error().text();
        ASSERT_EQ(item.unchanged, state.code.empty());
        if (!item.unchanged) {
          state = {"", state.version + 1, ""};
          model.versions[own_id].push_back(state);
        }
      } else {
        ASSERT_TRUE(writer.prepare(draw, item));
        ASSERT_EQ(item.unchanged, state.code == code);
        if (!item.unchanged) {
          state = {R"(":")" + code + "\"", state.version + 1, code};
          model.versions[own_id].push_back(state);
        }
      }
      items.push_back(std::move(item));
    }
    auto committed = store_->commit(items);
    ASSERT_TRUE(committed) << committed.error().text();
    model.now = next;
    if (committed->t != 0) {
      ASSERT_EQ(committed->t, model.at.size());
      model.at.push_back(next);
    }
    if (step % 16 == 15) {
      store_.reopen();
    } else if (step % 16 == 7) {
      ASSERT_TRUE(store_->flush());
    }
    if (step % 3 != 0 && step + 1 != steps) {
      continue;
    }
    writer = store_.writer();
    auto view = store_->view();
    for (T t = 0; t <= model.at.size(); ++t) {
      bool is_now = t == model.at.size();
      const auto& states = is_now ? model.now : model.at[t];
      std::map<std::string, size_t> live;
      for (const auto& [own_id, state] : states) {
        live[own_id.substr(0, 2)] += state.code.empty() ? 0 : 1;
      }
      for (const auto& [home, count] : live) {
        Ord ord = *writer.home({"Patient", home, home});
        auto found = writer.scan(ord, {{}, is_now ? std::nullopt : std::optional(t), {}});
        ASSERT_EQ(found.size(), count) << "as of " << t << ", step " << step;
        for (const auto& [own_id, state] : states) {
          if (own_id.substr(0, 2) == home && !state.code.empty()) {
            const std::string& body = found[*writer.key(draws[own_id])];
            ASSERT_TRUE(body.starts_with(std::to_string(state.version) + " ")) << body;
            ASSERT_NE(body.find(state.body), std::string::npos) << body;
          }
        }
      }
    }
    std::map<std::string, size_t> of_code;
    for (const auto& [own_id, state] : model.now) {
      of_code[own_id.size() == 2 ? "" : state.code] += 1;
      if (state.version > 0) {
        auto versions = *view->versions(*writer.key(draws[own_id]));
        ASSERT_EQ(versions.size(), model.versions[own_id].size()) << own_id;
        for (size_t i = 0; i < versions.size(); ++i) {
          const auto& expected = model.versions[own_id][versions.size() - 1 - i];
          ASSERT_EQ(versions[i].row.header.version, expected.version);
          ASSERT_EQ(versions[i].row.header.deleted, expected.code.empty());
        }
      }
    }
    fhir::TypeNumber observation = *fhir::type_number("Observation");
    for (const char* code : {"c0", "c1", "c2"}) {
      ASSERT_EQ(view->find_token(observation, "code", "s", code, 100)->size(), of_code[code]);
    }
  }
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });
INSTANTIATE_TEST_SUITE_P(Engines, LinkTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

TEST(OpenStore, MemoryEngineNeedsNoDisk) {
  MemoryFileSystem disk;
  StoreOptions options;
  options.data_folder = "/data";
  options.engine = Engine::kMemory;
  options.files = &disk;
  auto store = open_store(options);
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_TRUE(Writer(**store).put(kPatient));
  EXPECT_FALSE(store_exists(disk, "/data"));
}

TEST(OpenStore, RefusesOtherFormatsAndDefinitions) {
  for (const auto& [key, value] : {std::pair{kMetaFormat, std::string("\0\0\0\5", 4)},
                                   std::pair{kMetaFormat, std::string("\0\0\0\3", 4)},
                                   std::pair{kMetaDefinitions, std::string("other")}}) {
    auto kv = kv::make_memory_store(kFamilyCount);
    MemoryFileSystem disk;
    FakeClock clock{Instant{0}};
    auto open = [&] {
      return KvStore(std::make_unique<BorrowedKv>(*kv), *KeyStore::open(disk, "/k", region_key()),
                     clock)
          .open();
    };
    ASSERT_TRUE(open());
    kv::Batch batch;
    batch.put(kMeta, key, value);
    ASSERT_TRUE(kv->commit(batch, kv::Durability::kSynced));
    Status refused = open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  }
}

}  // namespace
}  // namespace continuum::record
