// Lets one file operation fail, and fills the disk, at every step of a whole life of a store: what
// was acknowledged is there, what failed was refused with a reason, nothing is torn, and when the
// fault is gone it goes on.
#include "record/failing_files_test.h"
#include "record/ledger_fixture_test.h"
#include "record/power_cut_test.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

Draw patient(const std::string& own_id) {
  return {"Patient", own_id, own_id, R"("name":[{"family":"F"}])", "999|1980-01-31"};
}
Draw observation(const std::string& own_id, const std::string& home, int change = 0) {
  return {"Observation", own_id, home,
          "\"note\":[{\"text\":\"" + std::to_string(change) + std::string(600, 'x') + "\"}]"};
}

// One step of the script. Done twice, or after it was cut short, it comes to the same.
struct Step {
  std::string name;
  std::function<Status(Store&)> act;
  std::function<void(Store&)> expect;  // once it was acknowledged
};

template <typename Value>
Status status_of(const Result<Value>& result) {
  return result ? Status() : Status(fail(result.error()));
}

void expect_holds(Store& store, const Draw& draw) {
  auto read = Writer(store).read(draw);
  ASSERT_TRUE(read) << draw.own_id << ": " << read.error().text();
  EXPECT_NE(read->find(draw.members), std::string::npos) << *read;
}

Step put(std::vector<Draw> draws, bool stays = true) {
  return {"put " + draws.front().own_id,
          [draws](Store& store) { return status_of(Writer(store).put(draws)); },
          [draws, stays](Store& store) {
            for (size_t i = 0; stays && i < draws.size(); ++i) {
              expect_holds(store, draws[i]);
            }
          }};
}

Status erase(Store& store, const std::string& own_id) {
  auto key = Writer(store).key(patient(own_id));
  if (!key && key.error().code == ErrorCode::kNotFound) {
    return {};  // it was done
  }
  TRY(auto at, std::move(key));
  TRY(auto plan, store.plan_erasure(at.ord));
  return status_of(store.erase({at.ord, plan.state, "test", "asked for"}, {}));
}

std::vector<Step> script() {
  std::vector<Step> steps;
  steps.push_back({"load",
                   [](Store& store) {
                     std::vector<Draw> draws{patient("p1"), patient("p2"), patient("gone")};
                     for (int i = 0; i < 20; ++i) {
                       draws.push_back(observation("l" + std::to_string(i), "p1"));
                     }
                     draws.push_back(observation("og", "gone"));
                     bool is_first = store.view()->stable_t() == 0;
                     return is_first ? Writer(store).load(draws)
                                     : status_of(Writer(store).put(draws));
                   },
                   [](Store& store) { expect_holds(store, observation("l7", "p1")); }});
  steps.push_back(put({patient("p3"), observation("o3", "p3")}));
  steps.push_back(put({observation("o4", "p1")}, false));
  steps.push_back(put({observation("o4", "p2", 1)}));  // with another patient
  steps.push_back(
      {"ledger",
       [](Store& store) {
         auto key = Writer(store).key(patient("p1"));
         return key ? status_of(store.append_ledger(request_entries(store, 7, {key->ord.value()})))
                    : Status(fail(key.error()));
       },
       [](Store&) {}});
  steps.push_back({"flush", [](Store& store) { return store.flush(); }, [](Store&) {}});
  steps.push_back({"erase", [](Store& store) { return erase(store, "gone"); },
                   [](Store& store) {
                     auto read = Writer(store).read(observation("og", "gone"));
                     ASSERT_FALSE(read);
                     EXPECT_EQ(read.error().code, ErrorCode::kNotFound);
                   }});
  steps.push_back(put({observation("o5", "p1")}));
  steps.push_back({"scrub", [](Store& store) { return store.scrub({}); }, [](Store&) {}});
  steps.push_back(
      {"moment", [](Store& store) { return status_of(store.freeze()); }, [](Store&) {}});
  steps.push_back({"region key",
                   [](Store& store) { return store.change_region_key(region_key(), {}); },
                   [](Store&) {}});
  steps.push_back(put({patient("p4"), observation("o6", "p4")}));
  return steps;
}

class FaultTest : public testing::Test {
 protected:
  static StoreOptions options(FileSystem& files, const Clock& clock) {
    StoreOptions options;
    options.data_folder = "/data";
    options.region_key = region_key();
    options.cache_bytes = 1 << 20;
    options.files = &files;
    options.clock = &clock;
    options.tiny = true;
    return options;
  }

  static void expect_acknowledged(Store& store, size_t acknowledged) {
    const std::vector<Step> steps = script();
    for (size_t i = 0; i < acknowledged; ++i) {
      SCOPED_TRACE("of " + steps[i].name);
      steps[i].expect(store);
    }
  }

  // The script with a fault that `arm` sets; completed: it did not happen.
  template <typename Arm, typename Happened>
  void live(const Arm& arm, const Happened& happened, bool& completed) {
    const std::vector<Step> steps = script();
    MemoryFileSystem disk;
    FailingFiles files(disk);
    arm(files);
    size_t acknowledged = 0;
    if (auto store = open_store(options(files, clock_))) {
      Status done;
      while (acknowledged < steps.size() && (done = steps[acknowledged].act(**store))) {
        ++acknowledged;
      }
      completed = !happened(files);
      if (!done) {
        SCOPED_TRACE(steps[acknowledged].name + " failed: " + done.error().text());
        EXPECT_TRUE(done.error().code == ErrorCode::kUnavailable ||
                    done.error().code == ErrorCode::kCorrupt)
            << to_string(done.error().code);
        EXPECT_TRUE(happened(files));
      }
      files.mend();
      // It can be read on, also where it takes nothing any more; and says so, or goes on.
      expect_acknowledged(**store, acknowledged);
      if (acknowledged < steps.size() && steps[acknowledged].act(**store)) {
        ++acknowledged;
      }
    } else {
      EXPECT_TRUE(happened(files)) << store.error().text();
      files.mend();
    }
    ASSERT_TRUE(!completed || acknowledged == steps.size());

    auto store = open_store(options(files, clock_));
    ASSERT_TRUE(store) << store.error().text();
    expect_acknowledged(**store, acknowledged);
    ASSERT_EQ(Writer(**store).findings(), std::vector<std::string>{});
    for (; acknowledged < steps.size(); ++acknowledged) {
      Status done = steps[acknowledged].act(**store);
      ASSERT_TRUE(done) << steps[acknowledged].name << ": " << done.error().text();
    }
    expect_acknowledged(**store, acknowledged);
    EXPECT_EQ(Writer(**store).findings(), std::vector<std::string>{});
  }

  FakeClock clock_{Instant{1'700'000'000'000'000}};
};

TEST_F(FaultTest, AnyOperationMayFail) {
  uint64_t next = live_with_every_cut(cut_stride(13), [this](uint64_t step, bool& completed) {
    SCOPED_TRACE("fails at " + std::to_string(step));
    live([step](FailingFiles& files) { files.fail_after(step); },
         [](const FailingFiles& files) { return files.has_failed(); }, completed);
  });
  std::cout << next << " operations\n";
  EXPECT_GT(next, 500U);
}

TEST_F(FaultTest, TheDiskMayFillUpAtAnyWrite) {
  uint64_t next = live_with_every_cut(cut_stride(7), [this](uint64_t step, bool& completed) {
    SCOPED_TRACE("full at " + std::to_string(step));
    live([step](FailingFiles& files) { files.fill_after(step); },
         [](const FailingFiles& files) { return files.is_full(); }, completed);
  });
  std::cout << next << " writes\n";
  EXPECT_GT(next, 200U);
}

// Damage to any file of a closed store: whatever is read is right, or an error; and that something
// is wrong is said, by who opens it or by a check.
TEST_F(FaultTest, NothingWrongIsReadFromDamagedFiles) {
  const std::vector<Draw> draws{patient("p1"), patient("p2"), observation("o1", "p1"),
                                observation("o2", "p2", 2)};
  const Draw changed = observation("o2", "p2", 3);
  const Draw added = observation("o3", "p2", 4);
  auto fill = [&](MemoryFileSystem& disk) {
    auto store = open_store(options(disk, clock_));
    ASSERT_TRUE(store) << store.error().text();
    ASSERT_TRUE(Writer(**store).put(draws));
    ASSERT_TRUE((*store)->flush());
    ASSERT_TRUE(Writer(**store).put(changed));  // in the log
    ASSERT_TRUE(Writer(**store).put(added));
  };
  auto names_in = [](MemoryFileSystem& disk, const std::string& folder) {
    std::vector<std::string> paths;
    auto names = disk.list(folder);
    EXPECT_TRUE(names);
    for (const std::string& name : *names) {
      if (!disk.is_directory(folder + "/" + name) && name != "LOCK" &&
          !name.starts_with("OPTIONS-")) {  // which nobody reads
        paths.push_back(folder + "/" + name);
      }
    }
    return paths;
  };
  MemoryFileSystem original;
  fill(original);
  std::vector<std::string> paths = names_in(original, "/data");
  for (const std::string& path : names_in(original, "/data.keys")) {
    paths.push_back(path);
  }
  ASSERT_GT(paths.size(), 8U);
  std::map<std::string, std::string> bytes;
  for (const std::string& path : paths) {
    bytes[path] = *read_file(original, path, UINT64_MAX);
  }
  size_t refused = 0;
  size_t found = 0;
  size_t harmless = 0;
  for (const std::string& path : paths) {
    const std::string& whole = bytes[path];
    const bool is_log = path.ends_with(".log") && path.starts_with("/data/");
    for (size_t part = 0; part < 12; ++part) {
      for (const char* how : {"flipped", "zeroed", "cut"}) {
        const size_t at = whole.size() * part / 12;
        std::string damaged = whole;
        if (how[0] == 'f' && at < damaged.size()) {
          damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        } else if (how[0] == 'z') {
          std::fill(
              damaged.begin() + static_cast<std::ptrdiff_t>(at),
              damaged.begin() + static_cast<std::ptrdiff_t>(std::min(damaged.size(), at + 512)),
              '\0');
        } else {
          damaged.resize(at);
        }
        if (damaged == whole) {
          continue;
        }
        SCOPED_TRACE(path + " " + how + " at " + std::to_string(at));
        MemoryFileSystem disk;
        for (const auto& [name, content] : bytes) {
          ASSERT_TRUE(disk.make_directories(parent_directory(name)));
          auto file = disk.open_writable(name, OpenMode::kTruncate);
          ASSERT_TRUE(file && (*file)->append(name == path ? damaged : content) && (*file)->sync());
        }
        auto store = open_store(options(disk, clock_));
        if (!store) {
          ++refused;
          EXPECT_FALSE(store.error().message.empty());
          continue;
        }
        for (const Draw& draw : draws) {
          auto read = Writer(**store).read(draw);
          const bool is_changed = draw.own_id == "o2";
          EXPECT_TRUE(!read ||
                      (is_changed ? read->find(changed.members) != std::string::npos
                                  : read->find(draw.members) != std::string::npos) ||
                      // The end of a log can't be told from a torn one.
                      (is_log && read->find(draw.members) != std::string::npos))
              << draw.own_id << " " << *read;
        }
        auto last = Writer(**store).read(added);
        EXPECT_TRUE(!last || last->find(added.members) != std::string::npos) << *last;
        auto report = (*store)->check({});
        const bool is_found = !report || !report->findings.empty();
        ++(is_found ? found : harmless);
        const bool is_unused = how[0] != 'c' && at >= 40 && at + (how[0] == 'z' ? 512 : 0) < 4096;
        EXPECT_TRUE(is_found || is_log || is_unused || path.ends_with("/IDENTITY"))
            << "nobody notices";
      }
    }
  }
  std::cout << refused << " refused, " << found << " found, " << harmless << " without effect\n";
  EXPECT_GT(refused, 20U);
  EXPECT_GT(found, 10U);
}

// A log that others follow ends early, as its last record was damaged: that is no torn end.
TEST_F(FaultTest, ALogThatOthersFollowLosesNothingInSilence) {
  constexpr int kPuts = 300;
  auto numbered = [](int i) { return observation("o" + std::to_string(i), "p1", i); };
  MemoryFileSystem original;
  {
    auto store = open_store(options(original, clock_));
    ASSERT_TRUE(store) << store.error().text();
    ASSERT_TRUE(Writer(**store).put(patient("p1")));
    for (int i = 0; i < kPuts; ++i) {
      ASSERT_TRUE(Writer(**store).put(numbered(i)));
    }
  }
  std::map<std::string, std::string> bytes;
  std::vector<std::string> logs;
  for (const std::string folder : {"/data", "/data.keys"}) {
    auto names = original.list(folder);
    ASSERT_TRUE(names);
    for (const std::string& name : *names) {
      const std::string path = folder + "/" + name;
      if (original.is_directory(path) || name == "LOCK") {
        continue;
      }
      bytes[path] = *read_file(original, path, UINT64_MAX);
      if (folder == "/data" && name.ends_with(".log")) {
        logs.push_back(path);
      }
    }
  }
  ASSERT_GT(logs.size(), 1U);
  std::sort(logs.begin(), logs.end());
  logs.pop_back();
  size_t refused = 0;
  for (const std::string& log : logs) {
    for (size_t lost : {size_t{1}, size_t{300}}) {
      SCOPED_TRACE(log + " without its last " + std::to_string(lost));
      MemoryFileSystem disk;
      for (const auto& [path, content] : bytes) {
        const size_t size = content.size() - (path == log ? std::min(content.size(), lost) : 0);
        ASSERT_TRUE(disk.make_directories(parent_directory(path)));
        auto file = disk.open_writable(path, OpenMode::kTruncate);
        ASSERT_TRUE(file && (*file)->append(content.substr(0, size)) && (*file)->sync());
      }
      auto store = open_store(options(disk, clock_));
      if (!store) {
        ++refused;
        EXPECT_EQ(store.error().code, ErrorCode::kCorrupt) << store.error().text();
        continue;
      }
      for (int i = 0; i < kPuts; ++i) {
        expect_holds(**store, numbered(i));
      }
    }
  }
  std::cout << logs.size() << " logs, " << refused << " refused\n";
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace continuum::record
