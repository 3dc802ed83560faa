// Somebody who has everything that is the operator's - data folder, key store, region key, and the
// key that signs checkpoints - changes the ledger. Whoever kept earlier checkpoints elsewhere finds
// it, with either verifier, and the server does not go on over it.
#include <algorithm>
#include <iostream>

#include "region_test.h"

namespace continuum::insider {
namespace {

using Lines = std::vector<std::string>;
using Expected = std::optional<Lines>;  // none: whatever it is, something

class InsiderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    base_ = fs::temp_directory_path() / ("continuum_insider." + std::to_string(getpid()));
    sound_ = std::make_unique<Region>(base_ / "sound");
    std::unique_ptr<Region> killed;
    for (int era = 0; era < kEras; ++era) {
      auto store = record::open_store(sound_->store_options());
      ASSERT_TRUE(store) << store.error().text();
      if (era == 0) {
        store_patients(**store);
      }
      auto checkpoints = service::Checkpoints::open(sound_->checkpoint_options(**store));
      ASSERT_TRUE(checkpoints) << checkpoints.error().text();
      visit(**store, era * kVisitsEach, kVisitsEach);
      ASSERT_TRUE((*checkpoints)->write());
      sizes_.push_back((*(*store)->view()->ledger()).size());
      if (era + 1 < kEras) {
        ASSERT_TRUE((*store)->flush());
      } else {  // as a kill would leave it: the last is in the write-ahead log alone
        killed = sound_->copy(base_ / "killed");
      }
      if (era == 0) {
        store->reset();
        old_ = sound_->copy(base_ / "old");
      }
    }
    sound_ = std::move(killed);
    // Of a copy: opening it once more would empty the write-ahead log.
    auto copy = sound_->copy(base_ / "read");
    copy->with_rows([](kv::Store& kv) { entries_ = read_ledger(*kv.snapshot()); });
    ASSERT_EQ(entries_.size(), sizes_.back());
    ASSERT_GT(entries_.size(), 3 * ledger::kTileWidth);
  }
  static void TearDownTestSuite() {
    sound_.reset();
    old_.reset();
    fs::remove_all(base_);
  }

  std::unique_ptr<Region> copy_of(const Region& region) {
    static int number = 0;
    return region.copy(base_ / ("copy" + std::to_string(++number)));
  }

  static bool is_command(uint64_t n) {
    return std::holds_alternative<ledger::CommandEntry>(*ledger::decode_entry(entries_[n].entry));
  }
  static bool is_request(uint64_t n) {
    return std::holds_alternative<ledger::RequestEntry>(*ledger::decode_entry(entries_[n].entry));
  }
  // The first command from `n` on: it stands by itself, in a row of its own.
  static uint64_t command_from(uint64_t n) {
    while (!is_command(n)) {
      ++n;
    }
    return n;
  }
  static uint64_t last_command() {
    uint64_t n = entries_.size() - 1;
    while (!is_command(n)) {
      --n;
    }
    return n;
  }
  static std::string edited(std::string entry) {
    entry.back() = entry.back() == '1' ? '2' : '1';
    return entry;
  }
  static std::string row_of(const std::string& entry) {
    std::string row;
    put_length_prefixed(row, entry);
    return row;
  }
  static std::string number(uint64_t n) { return std::to_string(n); }
  static Lines forked_after(size_t eras_that_agree) {
    Lines out;
    for (size_t era = eras_that_agree; era < kEras; ++era) {
      out.push_back("forked " + number(sizes_[era]));
    }
    out.push_back("rewritten " + number(eras_that_agree == 0 ? 0 : sizes_[eras_that_agree - 1]) +
                  " " + number(sizes_[eras_that_agree]));
    return out;
  }

  // The damage, then what each verifier says of it. `of_data`: which findings it must name in the
  // folder; `of_export`: in an export of it that the insider made and signed.
  void expect_named(const std::string& what, const std::function<void(kv::Store&)>& damage,
                    const Expected& of_data, const Expected& of_export) {
    SCOPED_TRACE(what);
    auto region = copy_of(*sound_);
    region->with_rows(damage);
    region->with_rows(
        [&](kv::Store& kv) { export_what_is_there(*kv.snapshot(), region->export_folder()); });
    expect_said(*region, of_data, of_export);
  }
  static Lines sorted(Lines lines) {
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  static Lines joined(Lines lines, const Lines& more) {
    lines.insert(lines.end(), more.begin(), more.end());
    return lines;
  }
  static void expect_said(const Region& region, const Expected& of_data,
                          const Expected& of_export) {
    expect_one_said(region.verify_data(), of_data);
    expect_one_said(region.verify_export(), of_export);
    expect_one_said(region.verify_export_independently(), of_export);
  }
  static void expect_one_said(const Said& said, const Expected& expected) {
    if (expected) {
      EXPECT_EQ(only_the_largest_cut(sorted(said.findings)), sorted(*expected)) << said.text;
    } else {
      ASSERT_FALSE(said.findings.empty()) << said.text;
      std::cout << "  named: " << said.findings.front() << ", " << said.findings.size()
                << " in all\n";
    }
    EXPECT_EQ(said.exit_code, expected && expected->empty() ? 0 : 1) << said.text;
  }
  // The others only follow from it: a verifier may name them too.
  static Lines only_the_largest_cut(Lines lines) {
    auto is_cut = [](const std::string& line) { return line.starts_with("cut "); };
    auto last = std::find_if(lines.rbegin(), lines.rend(), is_cut);
    if (last != lines.rend()) {
      std::string largest = *last;
      std::erase_if(lines,
                    [&](const std::string& line) { return is_cut(line) && line != largest; });
    }
    return lines;
  }

  // The ledger written anew with new tiles. Held against itself nothing is wrong with it: only what
  // was kept elsewhere tells.
  void expect_rewrite_named(const std::string& what, const std::vector<ledger::Append>& entries,
                            const Lines& findings, std::string_view why_serve_refuses) {
    SCOPED_TRACE(what);
    auto region = copy_of(*sound_);
    region->with_rows([&](kv::Store& kv) {
      rewrite(kv, entries);
      export_what_is_there(*kv.snapshot(), region->export_folder());
    });
    expect_said(*region, findings, findings);
    {
      auto store = record::open_store(region->store_options());
      ASSERT_TRUE(store) << store.error().text();
      auto checkpoints = service::Checkpoints::open(region->checkpoint_options(**store));
      ASSERT_FALSE(checkpoints);
      EXPECT_EQ(checkpoints.error().code, ErrorCode::kCorrupt);
    }
    Said served = region->serve();
    EXPECT_EQ(served.exit_code, 2) << served.text;
    EXPECT_NE(served.text.find(why_serve_refuses), std::string::npos) << served.text;

    fs::copy_file(region->export_folder() / "checkpoint", region->checkpoint_file(),
                  fs::copy_options::overwrite_existing);
    expect_said(*region, Lines{}, Lines{});
  }

  static constexpr int kEras = 3;
  static constexpr int kAborted = 128 + 6;
  static constexpr int kFlipsEach = 5;  // of a file
  static inline fs::path base_;
  static inline std::unique_ptr<Region> sound_;
  static inline std::unique_ptr<Region> old_;  // of the first checkpoint's time
  static inline std::vector<uint64_t> sizes_;  // of the checkpoints
  static inline std::vector<ledger::Append> entries_;
};

TEST_F(InsiderTest, NothingIsFoundInASoundLedger) {
  expect_named(
      "nothing", [](kv::Store&) {}, Lines{}, Lines{});
  auto region = copy_of(*sound_);
  Said said = region->verify_data();
  EXPECT_NE(said.text.find("verified " + number(entries_.size()) + " entries"), std::string::npos)
      << said.text;
}

TEST_F(InsiderTest, ChangesInPlaceAreNamed) {
  uint64_t early = command_from(sizes_[0] / 2);  // in a whole tile
  uint64_t later = command_from(early + 1);
  uint64_t last = last_command();  // after the last whole tile
  ASSERT_EQ(last / ledger::kTileWidth, entries_.size() / ledger::kTileWidth);
  auto put = [](kv::Store& kv, uint64_t n, const std::string& entry) {
    kv::Batch batch;
    batch.put(record::kLedger, ledger::entries_key(n), row_of(entry));
    ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
  };
  auto remove = [](kv::Store& kv, const std::string& key) {
    kv::Batch batch;
    batch.remove(record::kLedger, key);
    ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
  };
  expect_named(
      "an entry is changed", [&](kv::Store& kv) { put(kv, early, edited(entries_[early].entry)); },
      joined({"entry-changed " + number(early)}, forked_after(0)),
      joined({"entry-changed " + number(early)}, forked_after(0)));
  // Nothing stands over these but checkpoints.
  expect_named(
      "one of the last is changed",
      [&](kv::Store& kv) { put(kv, last, edited(entries_[last].entry)); }, forked_after(2),
      forked_after(2));
  Lines exchanged =
      joined({"entries-exchanged " + number(early) + " " + number(later)}, forked_after(0));
  expect_named(
      "two are exchanged",
      [&](kv::Store& kv) {
        put(kv, early, entries_[later].entry);
        put(kv, later, entries_[early].entry);
      },
      exchanged, exchanged);
  // An export has no gaps: those that follow stand one number too early, and one lacks at the end.
  Lines moved = joined({"entry-missing 255"}, forked_after(0));
  for (uint64_t n = early; n < ledger::kTileWidth - 1; ++n) {
    moved.push_back("entry-changed " + number(n));
  }
  expect_named(
      "one is dropped", [&](kv::Store& kv) { remove(kv, ledger::entries_key(early)); },
      Lines{"entry-missing " + number(early)}, moved);
  // Rows gone, and the size left as it was.
  expect_named(
      "all of a tile are dropped",
      [&](kv::Store& kv) {
        for (uint64_t n = 0; n < ledger::kTileWidth; ++n) {
          remove(kv, ledger::entries_key(n));
        }
      },
      std::nullopt, std::nullopt);
  expect_named(
      "the size alone is changed",
      [&](kv::Store& kv) {
        kv::Batch batch;
        batch.put(record::kLedger, ledger::size_key(), ledger::encode_number(sizes_[0]));
        ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
      },
      std::nullopt, std::nullopt);
}

TEST_F(InsiderTest, CutsAreNamed) {
  uint64_t size = command_from(sizes_[1]) + 1;
  std::vector<ledger::Append> first(entries_.begin(),
                                    entries_.begin() + static_cast<std::ptrdiff_t>(size));
  expect_rewrite_named("the tail is cut off", first,
                       {"cut " + number(sizes_[2]) + " " + number(size)}, "it was cut");
  expect_rewrite_named("all is gone", {}, {"cut " + number(sizes_[2]) + " 0"}, "it was cut");
}

TEST_F(InsiderTest, ForksAreNamed) {
  uint64_t early = command_from(sizes_[0] / 2);
  uint64_t later = command_from(sizes_[0] + 5);
  auto at = [](std::vector<ledger::Append>& entries, uint64_t n) {
    return entries.begin() + static_cast<std::ptrdiff_t>(n);
  };
  auto copy = entries_;
  copy[later].entry = edited(copy[later].entry);
  expect_rewrite_named("an entry is changed", copy, forked_after(1), "it was rewritten");

  copy = entries_;
  copy[early].entry = edited(copy[early].entry);
  expect_rewrite_named("an early one is changed", copy, forked_after(0), "it was rewritten");

  copy = entries_;
  std::swap(copy[early], copy[later]);
  expect_rewrite_named("two are exchanged", copy, forked_after(0), "it was rewritten");

  copy = entries_;
  copy.insert(at(copy, later), copy[early]);
  expect_rewrite_named("one is inserted", copy, forked_after(1), "it was rewritten");

  copy = entries_;
  copy.erase(at(copy, later));
  copy.push_back(entries_[early]);  // as many as there were
  expect_rewrite_named("one is dropped and another added", copy, forked_after(1),
                       "it was rewritten");

  copy = entries_;
  copy.erase(at(copy, early));
  Lines cut_and_forked{"cut " + number(sizes_[2]) + " " + number(copy.size()),
                       "forked " + number(sizes_[0]), "forked " + number(sizes_[1]),
                       "rewritten 0 " + number(sizes_[0])};
  expect_rewrite_named("one is dropped, all after it renumbered", copy, cut_and_forked,
                       "it was cut");
}

// ---- Without keys: files as they lie there

// The write-ahead log that is written to.
fs::path newest_log(const fs::path& folder) {
  fs::path newest;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".log" && file.path() > newest) {
      newest = file.path();
    }
  }
  return newest;
}

TEST_F(InsiderTest, DamagedFilesAreNamedOrDoNotMatter) {
  size_t unreadable = 0;
  size_t named = 0;
  size_t harmless = 0;
  auto judge = [&](const Region& region, const std::string& what) {
    Said said = region.verify_data();
    if (said.exit_code == 0) {
      // What was damaged was no part of the ledger: all of it is there.
      EXPECT_NE(said.text.find("verified " + number(entries_.size()) + " entries"),
                std::string::npos)
          << what << ": " << said.text;
      ++harmless;
    } else if (said.exit_code == 1) {
      EXPECT_FALSE(said.findings.empty()) << what << ": " << said.text;
      ++named;
    } else {
      // RocksDB's own assertions end the program at some bytes of its small files.
      EXPECT_TRUE(said.exit_code == 2 || said.exit_code == kAborted) << what << ": " << said.text;
      ++unreadable;
    }
    return said.exit_code;
  };
  for (const auto& entry : fs::directory_iterator(sound_->data())) {
    fs::path name = entry.path().filename();
    if (!entry.is_regular_file() || fs::file_size(entry.path()) == 0) {
      continue;
    }
    auto without = copy_of(*sound_);
    fs::remove(without->data() / name);
    int code = judge(*without, name.string() + " is gone");
    bool is_needed = name == newest_log(sound_->data()).filename() ||
                     name.string().starts_with("MANIFEST") || name == "CURRENT";
    EXPECT_TRUE(!is_needed || code != 0) << name;

    for (int part = 0; part < kFlipsEach; ++part) {
      auto flipped = copy_of(*sound_);
      std::string bytes = text_of(flipped->data() / name);
      size_t at = bytes.size() * static_cast<size_t>(part) / kFlipsEach;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
      write_file(flipped->data() / name, bytes);
      judge(*flipped, name.string() + " byte " + number(at));
    }
  }
  std::cout << "  unreadable " << unreadable << ", named " << named << ", harmless " << harmless
            << "\n";
  EXPECT_GT(unreadable, 10U);
  EXPECT_GT(named, 0U);
}

// A store opens without the end of its write-ahead log: that is what power cuts leave. Here it was
// vouched for.
TEST_F(InsiderTest, TheLostEndOfTheWriteAheadLogIsACut) {
  auto region = copy_of(*sound_);
  fs::path log = newest_log(region->data());
  ASSERT_FALSE(log.empty());
  fs::resize_file(log, fs::file_size(log) - 100);
  Said said = region->verify_data();
  EXPECT_EQ(said.exit_code, 1) << said.text;
  ASSERT_EQ(said.findings.size(), 1U) << said.text;
  EXPECT_TRUE(said.findings.front().starts_with("cut " + number(sizes_[2]) + " ")) << said.text;
  region->with_rows(
      [&](kv::Store& kv) { export_what_is_there(*kv.snapshot(), region->export_folder()); });
  expect_said(*region, said.findings, said.findings);
  Said served = region->serve();
  EXPECT_EQ(served.exit_code, 2) << served.text;
  EXPECT_NE(served.text.find("it was cut"), std::string::npos) << served.text;
}

TEST_F(InsiderTest, AnOlderCopyPutBackIsACut) {
  auto region = copy_of(*sound_);
  fs::remove_all(region->data());
  fs::copy(old_->data(), region->data(), fs::copy_options::recursive);
  region->with_rows(
      [&](kv::Store& kv) { export_what_is_there(*kv.snapshot(), region->export_folder()); });
  Lines cut{"cut " + number(sizes_[2]) + " " + number(sizes_[0])};
  expect_said(*region, cut, cut);
  Said served = region->serve();
  EXPECT_EQ(served.exit_code, 2) << served.text;
  EXPECT_NE(served.text.find("it was cut"), std::string::npos) << served.text;
}

TEST_F(InsiderTest, AnotherRegionsFolderIsNotTaken) {
  auto here = copy_of(*sound_);
  Region there(base_ / "there", 2);
  {
    auto store = record::open_store(there.store_options());
    ASSERT_TRUE(store);
    store_patients(**store);
    visit(**store, 0, 2 * kVisitsEach);
  }
  fs::remove_all(here->data());
  fs::copy(there.data(), here->data(), fs::copy_options::recursive);
  Said said = here->verify_data();
  EXPECT_EQ(said.exit_code, 2) << said.text;  // its files are enciphered under another key
  // With its keys, made readable to this region, it is a ledger: another one.
  std::vector<ledger::Append> others;
  there.with_rows([&](kv::Store& kv) { others = read_ledger(*kv.snapshot()); });
  auto taken = copy_of(*sound_);
  taken->with_rows([&](kv::Store& kv) {
    rewrite(kv, others);
    export_what_is_there(*kv.snapshot(), taken->export_folder());
  });
  Lines findings{"cut " + number(sizes_[2]) + " " + number(others.size()),
                 "forked " + number(sizes_[0]), "rewritten 0 " + number(sizes_[0])};
  ASSERT_GT(others.size(), sizes_[0]);
  if (others.size() >= sizes_[1]) {
    findings.push_back("forked " + number(sizes_[1]));
  }
  expect_said(*taken, findings, findings);
}

// ---- What a power cut does is told from a cut

TEST(TornTail, APowerCutBetweenAppendAndSyncIsNoCut) {
  for (uint64_t operations = 0; operations < 4; ++operations) {
    SCOPED_TRACE(operations);
    MemoryFileSystem disk;
    MemoryFileSystem elsewhere;
    ASSERT_TRUE(elsewhere.make_directories("/elsewhere"));
    record::StoreOptions options;
    options.data_folder = "/data";
    options.region_key = record::region_key();
    options.cache_bytes = 1 << 20;
    options.files = &disk;
    options.clock = &Region::clock();
    options.tiny = true;
    auto checkpoints_of = [&](record::Store& store) {
      return service::Checkpoints::open({.store = store,
                                         .files = elsewhere,
                                         .clock = Region::clock(),
                                         .path = "/elsewhere/checkpoints",
                                         .origin = kOrigin,
                                         .key = signing_key()});
    };
    auto append = [](record::Store& store) {
      ledger::Append command;
      command.entry =
          *ledger::encode(ledger::CommandEntry{Region::clock().now(), "load", "me", "done", "1"});
      return store.append_ledger({&command, 1});
    };
    auto verify = [&](record::Store& store) {
      auto notes = ledger::read_checkpoint_file(elsewhere, "/elsewhere/checkpoints");
      auto view = store.view();
      auto source = view->ledger_source();
      Lines out;
      auto report = ledger::verify(*source, notes->notes, verifier_key());
      for (const ledger::Finding& finding : report->findings) {
        out.push_back(ledger::to_string(finding));
      }
      return out;
    };
    uint64_t acknowledged = 0;
    {
      auto store = record::open_store(options);
      ASSERT_TRUE(store) << store.error().text();
      auto checkpoints = checkpoints_of(**store);
      for (; acknowledged < 20; ++acknowledged) {
        ASSERT_TRUE(append(**store));
      }
      ASSERT_TRUE((*checkpoints)->write());
      disk.cut_after(operations);
      bool was_cut = false;
      while (!was_cut) {
        was_cut = !append(**store);
        acknowledged += was_cut ? 0 : 1;
      }
    }
    disk.restore_power();
    auto store = record::open_store(options);
    ASSERT_TRUE(store) << store.error().text();
    EXPECT_GE((*store)->view()->ledger()->size(), acknowledged);
    EXPECT_EQ(verify(**store), Lines{});
    ASSERT_TRUE(checkpoints_of(**store)) << "the server goes on";

    // And the same store with a disk that forgot what it had said was synced.
    Region::clock().advance_micros(1'000'000);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(append(**store));
    }
    uint64_t size = (*store)->view()->ledger()->size();
    {
      auto checkpoints = checkpoints_of(**store);
      ASSERT_TRUE(checkpoints);
      ASSERT_TRUE((*checkpoints)->write());
    }
    store->reset();
    auto names = disk.list("/data");
    for (const std::string& name : *names) {
      if (name.ends_with(".log")) {
        std::string path = "/data/" + name;
        uint64_t bytes = *(*disk.open_readable(path))->size();
        auto log = disk.open_writable(path, OpenMode::kAppend);
        ASSERT_TRUE((*log)->truncate(bytes - std::min<uint64_t>(bytes, 40)));
      }
    }
    store = record::open_store(options);
    ASSERT_TRUE(store) << store.error().text();
    uint64_t left = (*store)->view()->ledger()->size();
    ASSERT_LT(left, size);
    EXPECT_EQ(verify(**store), Lines{"cut " + std::to_string(size) + " " + std::to_string(left)});
    auto refused = checkpoints_of(**store);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace continuum::insider
