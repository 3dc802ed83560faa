// Bulk load is another way to the same rows.
#include <thread>

#include "record/failing_kv_test.h"
#include "record/kv/directory.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

std::vector<Draw> some_people(int count) {
  std::vector<Draw> draws{{"Organization", "org", "shared", R"("name":"Ward 7")"},
                          {"Observation", "stray", "quarantine", R"("status":"final")"}};
  for (int i = 0; i < count; ++i) {
    std::string id = "p" + std::to_string(i);
    draws.push_back({"Patient", id, id,
                     R"("name":[{"family":"Ångström"}],"birthDate":"1980-01-31")",
                     i % 3 == 0 ? "999|1980-01-31" : ""});
    for (const char* code : {"1", "2", "1"}) {
      draws.push_back(
          {"Observation", id + "-" + std::to_string(draws.size()), id,
           R"("effectiveDateTime":"2020-02-03","valueQuantity":{"value":1.50,"unit":"mg"},
                          "code":{"coding":[{"system":"s","code":")" +
               std::string(code) + R"("},{"system":"s","code":")" + code + R"("}]})"});
    }
  }
  return draws;
}

class BulkLoadTest : public testing::TestWithParam<Engine> {
 protected:
  TestStore store_{GetParam()};
};

// Rows of an index family by the ids in their items: item numbers and t differ between ways in.
std::multiset<std::string> index_values(TestStore& store, kv::Family family) {
  std::multiset<std::string> values;
  store.with_rows([&](kv::Store& kv) {
    for (const auto& [key, value] : all_rows(*kv.snapshot(), family)) {
      // The value in the key, without ord and item; in the timeline, the date and type.
      values.insert(family == kTimeline ? key.substr(6, 9) : key.substr(0, key.size() - 10));
    }
  });
  return values;
}

std::multiset<std::string> bodies(TestStore& store) {
  std::multiset<std::string> found;
  std::vector<Ord> ords;
  EXPECT_TRUE(store->view()->scan_ords(Ord(), [&](Ord ord, SourceNumber) {
    ords.push_back(ord);
    return true;
  }));
  for (Ord ord : ords) {
    for (const auto& [key, body] : store.writer().scan(ord)) {
      found.insert(body);
    }
  }
  return found;
}

TEST_P(BulkLoadTest, GivesWhatCommitGives) {
  auto draws = some_people(7);
  ASSERT_TRUE(store_.writer().load(draws));
  // A store of its own has ids of its own: so commit goes into this one, under another source.
  TestStore committed(GetParam());
  ASSERT_TRUE(committed.writer().put(draws));
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
  EXPECT_EQ(committed.writer().findings(), std::vector<std::string>{});

  auto loaded_report = *store_->check({});
  auto committed_report = *committed->check({});
  EXPECT_EQ(loaded_report.items, draws.size());
  EXPECT_EQ(loaded_report.items, committed_report.items);
  EXPECT_EQ(loaded_report.versions, committed_report.versions);
  EXPECT_EQ(loaded_report.index_rows, committed_report.index_rows);
  EXPECT_EQ(loaded_report.source_patients, 7U);
  for (const Draw& draw : draws) {
    auto loaded = store_.writer().read(draw);
    ASSERT_TRUE(loaded) << loaded.error().text();
    auto other = committed.writer().read(draw);
    // Ids are keyed by store; all behind them is the same.
    EXPECT_EQ(loaded->substr(loaded->find("\"meta\"")), other->substr(other->find("\"meta\"")));
  }
  EXPECT_EQ(bodies(store_).size(), bodies(committed).size());
  auto person = [](TestStore& store) {
    return *store->view()->person_of(*store.writer().home({"Patient", "p0", "p0"}));
  };
  EXPECT_EQ(person(store_).members.size(), 3U);
  EXPECT_EQ(person(committed).members.size(), 3U);
  EXPECT_EQ(store_->view()->stable_t(), 9U);  // one for each ord
  EXPECT_EQ(index_values(store_, kRanges), index_values(committed, kRanges));
  EXPECT_EQ(index_values(store_, kTimeline), index_values(committed, kTimeline));
  EXPECT_EQ(index_values(store_, kPostings).size(), index_values(committed, kPostings).size());
}

TEST_P(BulkLoadTest, FlushesInParts) {
  auto draws = some_people(5);
  Writer writer = store_.writer();
  auto load = store_->begin_bulk_load({4000});
  ASSERT_TRUE(load);
  size_t flushes = 0;
  for (const Draw& draw : draws) {
    ASSERT_TRUE(writer.add(**load, draw));
    if ((*load)->is_full()) {
      ASSERT_TRUE((*load)->flush());
      EXPECT_FALSE((*load)->is_full());
      ++flushes;
      EXPECT_EQ(writer.findings(), std::vector<std::string>{});
    }
  }
  ASSERT_TRUE((*load)->flush());
  ASSERT_TRUE((*load)->flush()) << "nothing left to do";
  EXPECT_GT(flushes, 2U);
  EXPECT_EQ(bodies(store_).size(), draws.size());
  // Then commits: updates, new items, and the same again.
  draws[3].members = R"("status":"amended")";
  EXPECT_EQ(writer.put(draws)->updated, 1U);
  EXPECT_EQ(writer.put({{"Condition", "new", "p1"}})->created, 1U);
  store_.reopen();
  EXPECT_EQ(store_.writer().put(draws)->unchanged, draws.size());
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

// Rows put aside count for nothing until the flush, and for all then.
TEST_P(BulkLoadTest, PutsRowsAside) {
  auto draws = some_people(9);
  draws[4].match = "999|1980-01-31";
  Writer writer = store_.writer();
  auto load = *store_->begin_bulk_load({4000});
  size_t rooms = 0;
  for (const Draw& draw : draws) {
    ASSERT_TRUE(writer.add(*load, draw));
    if (load->is_full()) {
      ASSERT_TRUE(load->make_room());
      EXPECT_FALSE(load->is_full());
      ++rooms;
      bool in_memory = GetParam() == Engine::kMemory;  // has no room but the store itself
      EXPECT_EQ(store_->view()->stable_t() != 0, in_memory);
    }
  }
  EXPECT_GT(rooms, 3U);
  ASSERT_TRUE(load->flush());
  ASSERT_TRUE(load->make_room());
  EXPECT_EQ(bodies(store_).size(), draws.size());
  EXPECT_EQ(store_->view()->person_of(*writer.home({"Patient", "p0", "p0"}))->members.size(), 3U);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
  store_.reopen();
  EXPECT_EQ(store_.writer().put(draws)->unchanged, draws.size());
}

TEST_P(BulkLoadTest, TakesInWhatWouldBeTooMuchToPutAside) {
  auto draws = some_people(9);
  Writer writer = store_.writer();
  auto load = *store_->begin_bulk_load({4000, 9000});
  size_t taken_in = 0;
  for (const Draw& draw : draws) {
    ASSERT_TRUE(writer.add(*load, draw));
    if (load->is_full()) {
      T before = store_->view()->stable_t();
      ASSERT_TRUE(load->make_room());
      taken_in += store_->view()->stable_t() != before ? 1 : 0;
      EXPECT_EQ(writer.findings(), std::vector<std::string>{});
    }
  }
  EXPECT_GT(taken_in, 1U);
  ASSERT_TRUE(load->flush());
  EXPECT_EQ(bodies(store_).size(), draws.size());
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

// What waits for a commit after the flush has reserved its item before it.
TEST_P(BulkLoadTest, ItemsReservedMeanwhileAreNotGivenAgain) {
  Writer writer = store_.writer();
  auto load = *store_->begin_bulk_load({1 << 20});
  ASSERT_TRUE(writer.add(*load, {"Observation", "o1", "p1"}));
  ASSERT_TRUE(load->make_room());
  std::vector<Prepared> waiting(1);
  ASSERT_TRUE(writer.prepare({"Observation", "o2", "p1"}, waiting[0]));
  ASSERT_TRUE(load->flush());
  ASSERT_TRUE(store_->commit(waiting));
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
  load.reset();
  store_.reopen();
  ASSERT_TRUE(store_.writer().put({{"Observation", "o3", "p1"}}));
  EXPECT_EQ(store_.writer().scan(*store_.writer().home({"Patient", "p1", "p1"})).size(), 3U);
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

// All places are asked for first, items come later, after flushes of others.
TEST_P(BulkLoadTest, PlacesOutliveAFlush) {
  Writer writer = store_.writer();
  Draw first{"Observation", "o1", "p1"};
  Draw second{"Observation", "o2", "p2"};
  Ord ord = *writer.home(second);
  ASSERT_TRUE(writer.load({first}));
  EXPECT_EQ(*writer.home(second), ord);
  auto load = *store_->begin_bulk_load({1 << 20});
  Prepared pending;
  ASSERT_TRUE(writer.prepare(second, pending));
  ASSERT_TRUE(writer.add(*load, {"Observation", "o3", "p1"}));
  ASSERT_TRUE(load->flush());
  ASSERT_TRUE(writer.add(*load, {"Observation", "o4", "p2"}));
  ASSERT_TRUE(load->add(pending));
  ASSERT_TRUE(load->flush());
  EXPECT_EQ(writer.scan(ord).size(), 2U);
  EXPECT_EQ(writer.key({"Patient", "p2", "p2"})->ord, ord);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

TEST_P(BulkLoadTest, WhatIsNotFlushedNeverWas) {
  Writer writer = store_.writer();
  {
    auto load = *store_->begin_bulk_load({1 << 20});
    ASSERT_TRUE(writer.add(*load, {"Patient", "p1", "p1"}));
  }
  EXPECT_EQ(writer.read({"Patient", "p1", "p1"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->view()->stable_t(), 0U);
  ASSERT_TRUE(writer.put({{"Patient", "p1", "p1"}}));
  EXPECT_EQ(store_->view()->stable_t(), 1U);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

TEST_P(BulkLoadTest, TakesFromSeveralThreads) {
  auto load = *store_->begin_bulk_load({1 << 30});
  ASSERT_TRUE(store_->register_source("gp"));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 100; ++i) {
        std::string home = "p" + std::to_string(i % 7);
        Draw draw{"Observation", std::to_string(thread) + "-" + std::to_string(i), home,
                  R"("status":"final")"};
        ASSERT_TRUE(store_.writer().add(*load, draw));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  ASSERT_TRUE(load->flush());
  EXPECT_EQ(bodies(store_).size(), 400U);
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Engines, BulkLoadTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

class FullDiskTest : public testing::Test {
 protected:
  FullDiskTest() {
    auto kv = std::make_unique<FailingKv>();
    kv_ = kv.get();
    store_ = std::make_unique<KvStore>(std::move(kv), *KeyStore::open(disk_, "/keys", region_key()),
                                       clock_);
    EXPECT_TRUE(store_->open());
    EXPECT_TRUE(store_->register_source("gp"));
  }
  MemoryFileSystem disk_;
  FakeClock clock_{Instant{0}};
  FailingKv* kv_;
  std::unique_ptr<KvStore> store_;
};

TEST_F(FullDiskTest, AFailedFlushIsNotRepeatedInPart) {
  Writer writer(*store_);
  Draw draw{"Observation", "o1", "p1"};
  auto load = *store_->begin_bulk_load({1 << 20});
  ASSERT_TRUE(writer.add(*load, draw));
  kv_->fails = true;
  EXPECT_EQ(load->flush().error().code, ErrorCode::kUnavailable);
  kv_->fails = false;
  EXPECT_FALSE(load->flush());
  EXPECT_EQ(store_->view()->stable_t(), 0U);
  load.reset();
  ASSERT_TRUE(writer.load({draw}));
  EXPECT_EQ(writer.scan(*writer.home(draw)).size(), 1U);
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

TEST_F(FullDiskTest, AFailedCommitKeepsThePlaceNew) {
  Writer writer(*store_);
  Draw draw{"Observation", "o1", "p1"};
  kv_->fails = true;
  EXPECT_EQ(writer.put({draw}).error().code, ErrorCode::kUnavailable);
  kv_->fails = false;
  EXPECT_EQ(writer.put({draw})->t, 1U);
  EXPECT_TRUE(writer.key({"Patient", "p1", "p1"}));
  EXPECT_EQ(writer.findings(), std::vector<std::string>{});
}

}  // namespace
}  // namespace continuum::record
