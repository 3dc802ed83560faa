// Several threads commit and read at once; what each saw must be what a plain model says of the
// moment it looked at. A commit that conflicts changes nothing; one that is acknowledged has a t,
// and in the order of t the model takes each change. CONTINUUM_SEED repeats the choices of a run,
// though not its moments.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "record/ledger_fixture_test.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

constexpr size_t kPatients = 3;
constexpr size_t kObservationsEach = 4;
constexpr size_t kShared = 2;
constexpr size_t kWriters = 4;
constexpr size_t kReaders = 2;
constexpr uint64_t kItemsMax = 4;  // of a commit

bool is_long() {
  const char* given = std::getenv("CONTINUUM_LONG");
  return given != nullptr && std::string_view(given) == "1";
}

uint64_t seed() {
  const char* given = std::getenv("CONTINUUM_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

std::string patient_id(size_t patient) {
  return fmt::format("p{}", patient);
}

// The resources there may be.
std::vector<Draw> all_draws() {
  std::vector<Draw> draws;
  for (size_t p = 0; p < kPatients; ++p) {
    draws.push_back({"Patient", patient_id(p), patient_id(p)});
    for (size_t o = 0; o < kObservationsEach; ++o) {
      draws.push_back({"Observation", fmt::format("o{}-{}", p, o), patient_id(p)});
    }
  }
  for (size_t i = 0; i < kShared; ++i) {
    draws.push_back({"Organization", fmt::format("s{}", i), "shared"});
  }
  return draws;
}

// One version of one resource; as the model keeps it and as a store shows it.
struct State {
  uint32_t version = 0;
  T t = 0;
  std::string text;              // empty: deleted
  std::set<std::string> places;  // own ids of the Patients it is kept with

  bool operator==(const State&) const = default;
};

struct Change {
  size_t resource = 0;
  State state;
};

struct Committed {
  CommitResult result;
  std::string text;  // of its entry in the ledger
  std::vector<Change> changes;
};

// What a reader saw, at the moment t.
struct SeenRecord {
  T t = 0;
  std::string patient;
  std::multiset<std::pair<uint32_t, std::string>> versions;
};
struct SeenResource {
  T t = 0;
  size_t resource = 0;
  std::vector<std::pair<uint32_t, T>> versions;  // newest first
  std::string text;                              // of the newest; empty: there is none
};

// Every version that was acknowledged.
class Model {
 public:
  explicit Model(size_t resources) : versions_(resources) {}

  // In the order of t: each once, numbered on from what is there.
  void take(std::vector<Committed> commits) {
    std::sort(commits.begin(), commits.end(),
              [](const auto& a, const auto& b) { return a.result.t < b.result.t; });
    for (const Committed& commit : commits) {
      if (commit.changes.empty()) {
        EXPECT_EQ(commit.result.t, 0U);
        continue;
      }
      EXPECT_GT(commit.result.t, last_t_) << "two commits have one number";
      last_t_ = commit.result.t;
      for (const Change& change : commit.changes) {
        take(change, commit.result.t);
      }
    }
  }

  // Null: none was there yet.
  const State* at(size_t resource, T t) const {
    const std::vector<State>& all = versions_[resource];
    const auto after = std::upper_bound(all.begin(), all.end(), t,
                                        [](T at, const State& state) { return at < state.t; });
    return after == all.begin() ? nullptr : &*std::prev(after);
  }
  size_t resources() const { return versions_.size(); }
  const std::vector<State>& versions(size_t resource) const { return versions_[resource]; }
  T last_t() const { return last_t_; }

 private:
  void take(const Change& change, T t) {
    std::vector<State>& all = versions_[change.resource];
    EXPECT_EQ(change.state.version, all.size() + 1)
        << "resource " << change.resource << " at t " << t << ": a write was lost";
    EXPECT_FALSE(change.state.text.empty() && (all.empty() || all.back().text.empty()))
        << "what is not there was deleted";
    all.push_back(change.state);
    all.back().t = t;
  }

  std::vector<std::vector<State>> versions_;
  T last_t_ = 0;
};

class Actor {
 public:
  Actor(Store& store, const std::vector<Draw>& draws, uint64_t seed)
      : store_(store), writer_(store), draws_(draws), random_(seed) {}

  void write(std::atomic<uint64_t>& markers, int commits) {
    for (int i = 0; i < commits; ++i) {
      write_once(fmt::format("w{}", ++markers));
    }
  }

  void read_until(const std::atomic<bool>& is_over) {
    while (!is_over.load()) {
      auto view = store_.view();
      random_.below(2) == 0 ? read_record(*view) : read_resource(*view);
    }
  }

  std::vector<Committed> committed;
  std::vector<SeenRecord> records;
  std::vector<SeenResource> resources;
  uint64_t conflicts = 0;

 private:
  static std::string members_of(const Draw& draw, const std::string& text) {
    return draw.type == "Patient"       ? fmt::format(R"("name":[{{"family":"{}"}}])", text)
           : draw.type == "Observation" ? fmt::format(R"("valueString":"{}")", text)
                                        : fmt::format(R"("name":"{}")", text);
  }

  // Nothing: there is nothing to be changed.
  std::optional<Change> prepare(size_t resource, const std::string& text, Prepared& out) {
    Draw draw = draws_[resource];
    Change change{resource, {0, 0, text, {draw.home}}};
    const uint64_t die = random_.below(100);
    Status prepared;
    if (die < 12) {
      change.state.text.clear();
      prepared = writer_.prepare_deletion(draw, out);
    } else {
      change.state.text = die < 20 ? "same" : text;
      draw.members = members_of(draw, change.state.text);
      if (draw.type == "Observation" && random_.below(4) == 0) {
        draw.also = {patient_id(random_.below(kPatients))};
        if (draw.also[0] == draw.home) {
          draw.also.clear();
        }
        change.state.places.insert(draw.also.begin(), draw.also.end());
      }
      prepared = writer_.prepare(draw, out);
    }
    if (!prepared) {
      EXPECT_TRUE(prepared.error().code == ErrorCode::kNotFound && change.state.text.empty())
          << prepared.error().text();
      return std::nullopt;
    }
    return change;
  }

  void write_once(const std::string& text) {
    std::set<size_t> chosen;
    const uint64_t count = 1 + random_.below(kItemsMax);
    for (uint64_t i = 0; i < count; ++i) {
      chosen.insert(random_.below(draws_.size()));
    }
    std::vector<Prepared> items;
    std::vector<Change> changes;
    for (size_t resource : chosen) {
      Prepared item;
      if (auto change = prepare(resource, text, item)) {
        items.push_back(std::move(item));
        changes.push_back(std::move(*change));
      }
    }
    const ledger::Append entry = command_entry(text);
    auto result = store_.commit(items, {&entry, 1});
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::kConflict) << result.error().text();
      ++conflicts;
      return;
    }
    note(*result, text, items, changes);
  }

  void note(const CommitResult& result, const std::string& text, const std::vector<Prepared>& items,
            const std::vector<Change>& changes) {
    Committed done{result, text, {}};
    CommitResult counted;
    for (size_t i = 0; i < items.size(); ++i) {
      counted.unchanged += items[i].unchanged ? 1 : 0;
      counted.deleted += items[i].deletion && !items[i].unchanged ? 1 : 0;
      if (!items[i].unchanged) {
        done.changes.push_back(changes[i]);
        done.changes.back().state.version = items[i].header.version;
      }
    }
    EXPECT_EQ(result.unchanged, counted.unchanged);
    EXPECT_EQ(result.deleted, counted.deleted);
    EXPECT_EQ(result.created + result.updated, items.size() - counted.unchanged - counted.deleted);
    committed.push_back(std::move(done));
  }

  static std::string text_of(const std::string& body) {
    json::Document document;
    EXPECT_TRUE(document.parse(body)) << body;
    const json::Node& root = *document.root();
    const json::Node* name = root.find("name");
    return std::string(name == nullptr     ? root.string("valueString")
                       : name->is_string() ? name->text
                                           : name->first->string("family"));
  }

  // Of now, or as of an earlier moment.
  void read_record(const View& view) {
    SeenRecord seen;
    seen.t = view.stable_t();
    seen.patient = patient_id(random_.below(kPatients));
    ScanOptions options;
    if (seen.t > 0 && random_.below(3) == 0) {
      seen.t = 1 + random_.below(seen.t);
      options.as_of = seen.t;
    }
    auto ord = writer_.home({"Patient", seen.patient, seen.patient});
    ASSERT_TRUE(ord) << ord.error().text();
    Status scanned = view.scan(*ord, options, [&](const StoredItem& item) -> Result<bool> {
      std::string body;
      TRY(view.open_canonical(item, body));
      seen.versions.emplace(item.row.header.version, text_of(body));
      return true;
    });
    EXPECT_TRUE(scanned) << scanned.error().text();
    records.push_back(std::move(seen));
  }

  void read_resource(const View& view) {
    SeenResource seen;
    seen.t = view.stable_t();
    seen.resource = random_.below(draws_.size());
    auto id = writer_.id(draws_[seen.resource]);
    ASSERT_TRUE(id) << id.error().text();
    if (auto located = view.locate(*id)) {
      auto versions = view.versions(located->key);
      ASSERT_TRUE(versions) << versions.error().text();
      for (const StoredItem& item : *versions) {
        seen.versions.emplace_back(item.row.header.version, item.row.header.t);
      }
      if (auto newest = view.read(located->key)) {
        std::string body;
        ASSERT_TRUE(view.open_canonical(*newest, body));
        seen.text = text_of(body);
        EXPECT_EQ(newest->row.header.version, versions->front().row.header.version);
      } else {
        // A Patient's place may be there before the Patient.
        EXPECT_EQ(newest.error().code, versions->empty() ? ErrorCode::kNotFound : ErrorCode::kGone)
            << newest.error().text();
      }
    } else {
      EXPECT_EQ(located.error().code, ErrorCode::kNotFound) << located.error().text();
    }
    resources.push_back(std::move(seen));
  }

  Store& store_;
  Writer writer_;
  const std::vector<Draw>& draws_;
  SeededRandom random_;
};

class ModelTest : public testing::TestWithParam<Engine> {
 protected:
  void run_round() {
    std::vector<std::unique_ptr<Actor>> actors;
    std::vector<std::thread> writers;
    std::vector<std::thread> readers;
    std::atomic<bool> is_over{false};
    for (size_t i = 0; i < kWriters + kReaders; ++i) {
      actors.push_back(std::make_unique<Actor>(*store_, draws_, random_.next()));
      Actor* actor = actors.back().get();
      if (i < kWriters) {
        writers.emplace_back([this, actor] { actor->write(markers_, kCommitsEach); });
      } else {
        readers.emplace_back([&is_over, actor] { actor->read_until(is_over); });
      }
    }
    for (std::thread& thread : writers) {
      thread.join();
    }
    is_over = true;
    for (std::thread& thread : readers) {
      thread.join();
    }
    judge(actors);
  }

  void judge(const std::vector<std::unique_ptr<Actor>>& actors) {
    std::vector<Committed> commits;
    for (const auto& actor : actors) {
      commits.insert(commits.end(), actor->committed.begin(), actor->committed.end());
      conflicts_ += actor->conflicts;
    }
    all_.insert(all_.end(), commits.begin(), commits.end());
    model_.take(std::move(commits));
    for (const auto& actor : actors) {
      for (const SeenRecord& seen : actor->records) {
        judge(seen);
      }
      for (const SeenResource& seen : actor->resources) {
        judge(seen);
      }
      reads_ += actor->records.size() + actor->resources.size();
    }
  }

  void judge(const SeenRecord& seen) {
    std::multiset<std::pair<uint32_t, std::string>> expected;
    for (size_t i = 0; i < model_.resources(); ++i) {
      const State* state = model_.at(i, seen.t);
      if (state != nullptr && !state->text.empty() && state->places.contains(seen.patient)) {
        expected.emplace(state->version, state->text);
      }
    }
    EXPECT_EQ(seen.versions, expected) << seen.patient << " at t " << seen.t;
  }

  void judge(const SeenResource& seen) {
    std::vector<std::pair<uint32_t, T>> expected;
    for (const State& state : model_.versions(seen.resource)) {
      if (state.t <= seen.t) {
        expected.emplace(expected.begin(), state.version, state.t);
      }
    }
    EXPECT_EQ(seen.versions, expected) << seen.resource << " at t " << seen.t;
    const State* state = model_.at(seen.resource, seen.t);
    EXPECT_EQ(seen.text, state == nullptr ? "" : state->text);
  }

  // All of it, as one reader sees it who comes last.
  void expect_all_there() {
    auto view = store_->view();
    EXPECT_EQ(view->stable_t(), model_.last_t());
    Writer writer = store_.writer();
    for (size_t i = 0; i < model_.resources(); ++i) {
      auto key = writer.key(draws_[i]);
      ASSERT_EQ(key.has_value(), !model_.versions(i).empty());
      for (const State& state : model_.versions(i)) {
        auto item = view->read_version(*key, state.version);
        ASSERT_TRUE(item) << item.error().text();
        EXPECT_EQ(item->row.header.t, state.t);
        EXPECT_EQ(item->row.header.deleted, state.text.empty());
      }
    }
    auto ledger = view->ledger();
    ASSERT_TRUE(ledger);
    std::set<uint64_t> numbers;
    for (const Committed& commit : all_) {
      ASSERT_TRUE(commit.result.ledger_number);
      EXPECT_TRUE(numbers.insert(*commit.result.ledger_number).second);
      auto entry = ledger->entry(*commit.result.ledger_number);
      ASSERT_TRUE(entry) << entry.error().text();
      EXPECT_EQ(*entry, command_entry(commit.text).entry);
    }
    EXPECT_EQ(ledger->size(), all_.size());
    EXPECT_EQ(writer.findings(), std::vector<std::string>{});
  }

  TestStore store_{GetParam()};
  const std::vector<Draw> draws_ = all_draws();
  Model model_{draws_.size()};
  std::vector<Committed> all_;
  std::atomic<uint64_t> markers_{0};
  const uint64_t seed_ = seed();
  SeededRandom random_{seed_};
  static constexpr int kCommitsEach = 30;
  uint64_t conflicts_ = 0;
  uint64_t reads_ = 0;
};

TEST_P(ModelTest, WhatEachSeesIsWhatTheModelSays) {
  SCOPED_TRACE("CONTINUUM_SEED=" + std::to_string(seed_));
  const int rounds = is_long() ? 30 : 4;
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    run_round();
    expect_all_there();
    store_.reopen();
    expect_all_there();
  }
  std::printf("seed %lu: %zu commits, %lu conflicts, %lu reads\n", seed_, all_.size(), conflicts_,
              reads_);
  EXPECT_GT(conflicts_, 0U);
  EXPECT_GT(reads_, 0U);
}

INSTANTIATE_TEST_SUITE_P(Engines, ModelTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace continuum::record
