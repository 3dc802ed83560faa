// Cuts the power at every write and sync of a whole life of a store: what was acknowledged is
// there, nothing is torn.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "record/failing_kv_test.h"
#include "record/power_cut_test.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

Draw patient(const std::string& own_id, int change = 0) {
  return {"Patient", own_id, own_id, "\"multipleBirthInteger\":" + std::to_string(change),
          "999|1980-01-31"};
}
Draw observation(const std::string& own_id, const std::string& home, int change = 0) {
  return {"Observation", own_id, home, "\"note\":[{\"text\":\"" + std::to_string(change) + "\"}]"};
}

// One step of the script, and what holds once it was acknowledged.
struct Step {
  std::function<Status(Store&)> act;
  std::function<void(Store&)> expect;
};

void expect_holds(Store& store, const Draw& draw, const std::string& version) {
  auto read = Writer(store).read(draw);
  ASSERT_TRUE(read) << draw.own_id << ": " << read.error().text();
  EXPECT_NE(read->find("\"versionId\":\"" + version + "\""), std::string::npos) << *read;
  EXPECT_NE(read->find(draw.members), std::string::npos) << *read;
}

template <typename Value>
Status status_of(const Result<Value>& result) {
  return result ? Status() : Status(fail(result.error()));
}

std::vector<Step> script() {
  auto commit = [](const Draw& draw, const std::string& version, bool stays) {
    return Step{[draw](Store& store) { return status_of(Writer(store).put(draw)); },
                [=](Store& store) {
                  if (stays) {
                    expect_holds(store, draw, version);
                  }
                }};
  };
  std::vector<Step> steps;
  steps.push_back({[](Store& store) { return status_of(store.register_source("gp")); },
                   [](Store& store) { EXPECT_EQ(store.view()->sources()->size(), 1U); }});
  steps.push_back({[](Store& store) {
                     std::vector<Draw> draws{patient("p1"), observation("o1", "p1"), patient("p2"),
                                             observation("o2", "p2")};
                     bool is_first = store.view()->stable_t() == 0;
                     return is_first ? Writer(store).load(draws)
                                     : status_of(Writer(store).put(draws));
                   },
                   [](Store& store) {
                     expect_holds(store, patient("p1"), "1");
                     expect_holds(store, observation("o2", "p2"), "1");
                     Writer writer(store);
                     Ord ord = *writer.home(patient("p1"));
                     EXPECT_GE(store.view()->person_of(ord)->members.size(), 2U);  // p3 joins later
                   }});
  steps.push_back(commit(patient("p3"), "1", true));
  steps.push_back(commit(observation("o3", "p3"), "1", false));
  steps.push_back(commit(observation("o3", "p3", 1), "2", true));
  steps.push_back(
      {[](Store& store) { return status_of(Writer(store).remove(observation("o1", "p1"))); },
       [](Store& store) {
         auto read = Writer(store).read(observation("o1", "p1"));
         ASSERT_FALSE(read);
         EXPECT_EQ(read.error().code, ErrorCode::kGone);
       }});
  steps.push_back({[](Store& store) {
                     Refusal refusal{1, {}, 0, 3, Instant{9}, "invalid", "why", "Patient"};
                     return store.record_arrival(1, {Instant{9}, 5, 0}, {}, {&refusal, 1});
                   },
                   [](Store& store) { EXPECT_EQ(store.view()->refusals(1, 9)->size(), 1U); }});
  steps.push_back(commit(observation("o5", "p1"), "1", false));
  steps.push_back(commit(observation("o5", "p2", 1), "2", true));  // with another patient
  steps.push_back({[](Store& store) { return store.flush(); }, [](Store&) {}});
  steps.push_back(commit(observation("o4", "p4"), "1", true));
  steps.push_back({[](Store& store) { return status_of(store.freeze()); },
                   [](Store& store) { EXPECT_TRUE(store.freeze()) << "nothing is in its way"; }});
  return steps;
}

class DurabilityTest : public testing::Test {
 protected:
  static StoreOptions options(MemoryFileSystem& disk, const Clock& clock) {
    StoreOptions options;
    options.data_folder = "/data";
    options.region_key = region_key();
    options.cache_bytes = 1 << 20;
    options.files = &disk;
    options.clock = &clock;
    options.tiny = true;
    return options;
  }

  // The script until the power is cut at the n-th operation, and what is left then.
  void live(uint64_t cut, bool& power_stayed_on) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    const std::vector<Step> steps = script();
    MemoryFileSystem disk;
    size_t acknowledged = 0;
    disk.cut_after(cut);
    if (auto store = open_store(options(disk, clock_))) {
      while (acknowledged < steps.size() && steps[acknowledged].act(**store)) {
        ++acknowledged;
      }
      power_stayed_on = !disk.power_is_cut();
    }
    ASSERT_TRUE(!power_stayed_on || acknowledged == steps.size());
    disk.cut_power();
    disk.restore_power();

    auto store = open_store(options(disk, clock_));
    ASSERT_TRUE(store) << store.error().text();
    for (size_t i = 0; i < acknowledged; ++i) {
      steps[i].expect(**store);
    }
    ASSERT_EQ(Writer(**store).findings(), std::vector<std::string>{});
    // The script again, from the start: the same end, whatever was there.
    for (const Step& step : cut % 4 == 0 ? steps : std::vector<Step>()) {
      Status again = step.act(**store);
      ASSERT_TRUE(again) << again.error().text();
    }
    EXPECT_EQ(Writer(**store).findings(), std::vector<std::string>{});
  }

  FakeClock clock_{Instant{1'700'000'000'000'000}};
};

TEST_F(DurabilityTest, SurvivesAPowerCutAtEveryOperation) {
  uint64_t next = live_with_every_cut(
      cut_stride(3), [this](uint64_t cut, bool& power_stayed_on) { live(cut, power_stayed_on); });
  EXPECT_GT(next, 200U);
}

TEST_F(DurabilityTest, ACommitAloneIsOneSync) {
  MemoryFileSystem disk;
  auto store = open_store(options(disk, clock_));
  ASSERT_TRUE(store);
  Writer writer(**store);
  ASSERT_TRUE(writer.put({patient("p1"), observation("o1", "p1")}));
  for (int i = 1; i <= 10; ++i) {
    uint64_t before = disk.file_syncs();
    ASSERT_TRUE(writer.put(observation("o1", "p1", i)));
    EXPECT_EQ(disk.file_syncs(), before + 1);
    before = disk.file_syncs();
    ASSERT_TRUE(writer.put(observation("o1", "p1", i)));
    EXPECT_EQ(disk.file_syncs(), before) << "nothing was written";
  }
  // A new patient costs one more, for its key.
  uint64_t before = disk.file_syncs();
  ASSERT_TRUE(writer.put(patient("p2")));
  EXPECT_EQ(disk.file_syncs(), before + 2);
}

TEST_F(DurabilityTest, CommitsThatComeTogetherShareASync) {
  constexpr int kThreads = 8;
  constexpr int kCommits = 10;
  MemoryFileSystem disk;
  auto kv = std::make_unique<FailingKv>();
  FailingKv& slow = *kv;
  slow.commit_takes = std::chrono::milliseconds(2);  // as real disks do
  KvStore store(std::move(kv), *KeyStore::open(disk, "/keys", region_key()), clock_);
  ASSERT_TRUE(store.open());
  ASSERT_TRUE(store.register_source("gp"));
  int before = slow.commits;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&store, thread] {
      for (int i = 0; i < kCommits; ++i) {
        std::string id = std::to_string(thread) + "-" + std::to_string(i);
        ASSERT_TRUE(Writer(store).put(observation(id, "p1")));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_LT(slow.commits - before, kThreads * kCommits);
  EXPECT_EQ(store.view()->stable_t(), T{kThreads * kCommits});
  EXPECT_EQ(Writer(store).findings(), std::vector<std::string>{});
}

}  // namespace
}  // namespace continuum::record
