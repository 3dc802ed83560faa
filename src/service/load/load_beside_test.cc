// Loads while others write: nothing of either is lost, nothing is there twice.
#include <fmt/format.h>

#include <thread>

#include "base/random.h"
#include "service/load/load_fixture.h"

namespace continuum::service {
namespace {

class LoadBesideTest : public LoadFixture {
 protected:
  LoadBesideTest() { beside_writers_ = true; }

  // `meanwhile` is done once, when all is read and nothing of this load is stored.
  Result<LoadReport> load_while(const std::vector<std::string>& paths,
                                const std::function<void()>& meanwhile) {
    LoadOptions options;
    options.paths = paths;
    options.source = "gp";
    options.clock = &clock_;
    options.beside_writers = true;
    options.stop = &stop_;
    std::atomic<bool> done{false};
    return load(*store_, input_, options, [&](const LoadProgress& at) {
      if (at.storing && !done.exchange(true)) {
        meanwhile();
      }
    });
  }

  static std::string organization(std::string_view id, std::string_view name) {
    return fmt::format(
        R"({{"resourceType":"Organization","id":"{}","name":"{}","identifier":[{{"system":"ods","value":"A81"}}]}})",
        id, name);
  }
  static std::string asked_for_once(std::string_view id, std::string_view name) {
    return entry(organization(id, name), {},
                 R"({"method":"POST","url":"Organization","ifNoneExist":"identifier=ods|A81"})");
  }

  std::atomic<bool> stop_{false};
};

TEST_F(LoadBesideTest, WhatAnotherMadeMeanwhileGetsAVersion) {
  write("/in/a.ndjson", patient("p1") + "\n" + observation("o1", "Patient/p1", "final") + "\n" +
                            observation("o2", "Patient/p1", "final") + "\n");
  write("/other/a.ndjson",
        patient("p1") + "\n" + observation("o1", "Patient/p1", "preliminary") + "\n");
  auto report = load_while({"/in"}, [&] { load_paths({"/other"}); });
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->counts.created, 1U);
  EXPECT_EQ(report->counts.updated, 1U);
  EXPECT_EQ(report->counts.unchanged, 1U);
  EXPECT_EQ(statuses("Observation/o1"), (Texts{"preliminary", "final"}));
  EXPECT_TRUE(is_with("Observation/o2", "Patient/p1"));
  expect_sound();
}

TEST_F(LoadBesideTest, WhatIsAskedForOnceIsMadeOnce) {
  write("/in/a.json", bundle("transaction", {entry(patient("p1")), asked_for_once("x", "Ours")}));
  write("/other/a.json", organization("y", "Theirs"));
  auto report = load_while({"/in"}, [&] { load_paths({"/other"}); });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kConflict);
  EXPECT_NE(report.error().text().find("load again"), std::string::npos);
  EXPECT_EQ(body("Patient/p1"), "(nothing)") << "the transaction is taken whole";
  EXPECT_EQ(body("Organization/x"), "(nothing)");

  auto again = load_while({"/in"}, [] {});
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->counts.same, 1U);
  EXPECT_EQ(again->counts.created, 1U);
  EXPECT_EQ(member("Organization/y", "name"), "Theirs");
  EXPECT_EQ(body("Organization/x"), "(nothing)");
  expect_sound();
}

TEST_F(LoadBesideTest, OthersOfAnotherSourceAreNotAsked) {
  write("/in/a.json", bundle("transaction", {asked_for_once("x", "Ours")}));
  write("/other/a.json", organization("y", "Theirs"));
  auto report = load_while({"/in"}, [&] { load_paths({"/other"}, "trust"); });
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->counts.created, 1U);
  EXPECT_EQ(member("Organization/x", "name"), "Ours");
}

TEST_F(LoadBesideTest, StopsWhenAsked) {
  std::string lines = patient("p1") + "\n";
  for (int i = 0; i < 2'000; ++i) {
    lines += observation("o" + std::to_string(i), "Patient/p1") + "\n";
  }
  write("/in/a.ndjson", lines);
  auto report = load_while({"/in"}, [&] { stop_ = true; });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  expect_sound();
  stop_ = false;
  auto again = load_while({"/in"}, [] {});
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->counts.taken(), 2'001U);
  EXPECT_EQ(count_with("Patient/p1", "Observation"), 2'000U);
}

// Two feeds of one source and its loads at once. Each writer says its own status, so that whoever
// was lost would be missed in the histories.
TEST_F(LoadBesideTest, ManyAtOnceLoseNothing) {
  constexpr int kWriters = 4;
  constexpr int kResources = 300;
  for (int writer = 0; writer < kWriters; ++writer) {
    std::vector<std::string> texts;
    for (int i = 0; i < kResources; ++i) {
      texts.push_back(observation("o" + std::to_string(i), "Patient/p" + std::to_string(i % 7),
                                  "w" + std::to_string(writer)));
    }
    SeededRandom random(static_cast<uint64_t>(writer) + 1);
    for (size_t i = texts.size(); i > 1; --i) {
      std::swap(texts[i - 1], texts[random.below(i)]);
    }
    std::string lines;
    for (int i = 0; i < 7; ++i) {
      lines += patient("p" + std::to_string(i)) + "\n";
    }
    for (const std::string& text : texts) {
      lines += text + "\n";
    }
    write(fmt::format("/in{}/a.ndjson", writer), lines);
  }
  std::atomic<int> overtaken{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int tries = 0; tries < 200; ++tries) {
        auto report = load_while({fmt::format("/in{}", writer)}, [] {});
        if (report) {
          EXPECT_EQ(report->counts.taken(), 7U + kResources);
          EXPECT_TRUE(report->refusals.empty());
          return;
        }
        EXPECT_EQ(report.error().code, ErrorCode::kConflict) << report.error().text();
        ++overtaken;
      }
      ADD_FAILURE() << "never done";
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (int i = 0; i < kResources; ++i) {
    Texts versions = statuses("Observation/o" + std::to_string(i));
    for (int writer = 0; writer < kWriters; ++writer) {
      EXPECT_GE(std::count(versions.begin(), versions.end(), "w" + std::to_string(writer)), 1)
          << i << " of " << writer;
    }
  }
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(bodies("Patient/p" + std::to_string(i)).size(), 1U);
  }
  EXPECT_EQ(state().size(), 7U + kResources);
  expect_sound();
}

}  // namespace
}  // namespace continuum::service
