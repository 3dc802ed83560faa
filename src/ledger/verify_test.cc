#include "ledger/verify.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "ledger/ledger_fixture_test.h"

namespace continuum::ledger {
namespace {

using Texts = std::vector<std::string>;

// 700 entries under checkpoints of 100, 300 and 600.
class VerifyRows : public testing::Test {
 protected:
  void SetUp() override {
    for (const uint64_t size : std::initializer_list<uint64_t>{100, 300, 600}) {
      ledger_.grow_to(size);
      notes_.push_back(ledger_.note());
    }
    ledger_.grow_to(700);
  }
  Texts found() { return texts(verify_rows(ledger_, notes_)); }

  TestLedger ledger_;
  std::vector<std::string> notes_;
};

TEST(Verify, CleanAtManySizes) {
  TestLedger ledger;
  std::vector<std::string> notes;
  for (const uint64_t size :
       std::initializer_list<uint64_t>{0, 1, 2, 255, 256, 257, 511, 512, 700}) {
    ledger.grow_to(size);
    notes.push_back(ledger.note());
    const Report report = verify_rows(ledger, notes);
    EXPECT_EQ(texts(report), Texts());
    EXPECT_TRUE(report.clean());
    EXPECT_EQ(report.entries, size);
    EXPECT_EQ(report.root, ledger.root());
    EXPECT_EQ(report.vouched, size);
  }
}

TEST(Verify, WithoutCheckpoints) {
  TestLedger ledger;
  ledger.grow_to(700);
  const Report report = verify_rows(ledger, {});
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.vouched, 0U);
}

TEST(Verify, ThreeLevels) {
  TestLedger ledger;
  while (ledger.size() < 66'000) {
    std::vector<Append> group(1'000, ledger.command());
    ledger.append(group);
  }
  const std::vector<std::string> notes = {ledger.note()};
  std::vector<uint64_t> progress;
  const auto snapshot = ledger.snapshot();
  KvSource source = *KvSource::open(*snapshot, kTestFamilies);
  const Report report = *verify(source, notes, ledger.verifier_key(),
                                [&](uint64_t done, uint64_t) { progress.push_back(done); });
  EXPECT_EQ(texts(report), Texts());
  EXPECT_EQ(progress, std::vector<uint64_t>{kProgressEntries});
  std::string tile = *ledger.row(tile_key(1, 0));
  tile[40] ^= 1;
  ledger.put_row(tile_key(1, 0), tile);
  EXPECT_EQ(texts(verify_rows(ledger, notes)), Texts{"tile-changed 1 0"});
  tile[40] ^= 1;
  ledger.put_row(tile_key(1, 0), tile);
  ledger.remove_row(tile_key(2, 0));
  EXPECT_EQ(texts(verify_rows(ledger, notes)), Texts{"tile-changed 2 0"});
}

TEST_F(VerifyRows, EntryChanged) {
  const uint64_t n = ledger_.command_from(120);
  ASSERT_LT(n, 256U);
  ledger_.change_entry(n);
  EXPECT_EQ(found(), (Texts{"entry-changed " + std::to_string(n), "forked 300", "forked 600",
                            "rewritten 100 300"}));
}

TEST_F(VerifyRows, EntryChangedAfterTheLastWholeTileContradictsACheckpoint) {
  ledger_.change_entry(ledger_.command_from(520));
  EXPECT_EQ(found(), (Texts{"forked 600", "rewritten 300 600"}));
}

TEST_F(VerifyRows, EntriesExchanged) {
  const uint64_t m = ledger_.command_from(10);
  const uint64_t n = ledger_.command_from(300);
  const std::string at_m = ledger_.entry(m);
  ledger_.replace_entry(m, ledger_.entry(n));
  ledger_.replace_entry(n, at_m);
  const uint64_t other = ledger_.command_from(n + 1);
  ASSERT_LT(other, 512U);
  ledger_.change_entry(other);
  EXPECT_EQ(found(), (Texts{"entry-changed " + std::to_string(other),
                            "entries-exchanged " + std::to_string(m) + " " + std::to_string(n),
                            "forked 100", "forked 300", "forked 600", "rewritten 0 100"}));
}

TEST_F(VerifyRows, EntryMissing) {
  // A row in the middle.
  const uint64_t first = ledger_.row_of(270);
  const size_t count = parse_entries(*ledger_.row(entries_key(first))).entries.size();
  ledger_.remove_row(entries_key(first));
  Texts expected;
  for (size_t i = 0; i < count; ++i) {
    expected.push_back("entry-missing " + std::to_string(first + i));
  }
  // The tile still says their hashes, so that all else can be seen to be right.
  EXPECT_EQ(found(), expected);
}

TEST_F(VerifyRows, AllEntriesOfSeveralTilesMissing) {
  TestLedger ledger;
  for (int i = 0; i < 1'500; ++i) {
    ledger.append({ledger.command()});
  }
  const std::vector<std::string> notes = {ledger.note()};
  for (uint64_t n = 200; n < 1'100; ++n) {
    ledger.remove_row(entries_key(n));
  }
  ledger.remove_row(tile_key(0, 2));
  const Report report = verify_rows(ledger, notes);
  EXPECT_EQ(report.findings_total, 901U);
  EXPECT_EQ(texts(report).front(), "entry-missing 200");
  EXPECT_EQ(texts(report).back(), "tile-changed 0 2");
  EXPECT_EQ(report.root, std::nullopt);
}

TEST_F(VerifyRows, MissingAtTheEnd) {
  ledger_.remove_row(entries_key(ledger_.row_of(699)));
  const Report report = verify_rows(ledger_, notes_);
  EXPECT_EQ(texts(report).front().substr(0, 14), "entry-missing ");
  EXPECT_EQ(texts(report).back(), "entry-missing 699");
}

TEST_F(VerifyRows, SizeLowered) {
  ledger_.put_row(size_key(), encode_number(590));
  const Report report = verify_rows(ledger_, notes_);
  EXPECT_EQ(report.findings_total, 111U);
  EXPECT_EQ(texts(report).front(), "entry-missing 590");
  EXPECT_EQ(texts(report).back(), "cut 600 590");
}

TEST_F(VerifyRows, SizeRaised) {
  ledger_.put_row(size_key(), encode_number(702));
  EXPECT_EQ(found(), (Texts{"entry-missing 700", "entry-missing 701"}));
  ledger_.put_row(size_key(), encode_number(UINT64_MAX));
  const Report report = verify_rows(ledger_, notes_);
  EXPECT_GE(report.findings_total, UINT64_MAX - 700);
  EXPECT_EQ(report.findings.size(), kFindingsKeptMax);
}

TEST_F(VerifyRows, SizeDamagedOrGone) {
  ledger_.put_row(size_key(), "x");
  EXPECT_EQ(found().front(), "entry-missing 0");
  EXPECT_EQ(found().back(), "cut 600 0");
  ledger_.remove_row(size_key());
  EXPECT_EQ(found().back(), "cut 600 0");
}

TEST_F(VerifyRows, RowsFarBeyondTheEnd) {
  ledger_.put_row(entries_key(uint64_t{1} << 60), "\x01x");
  EXPECT_EQ(found().front(), "entry-missing 700");
  ledger_.remove_row(entries_key(uint64_t{1} << 60));
  ledger_.put_row(tile_key(0, uint64_t{1} << 50), std::string(32, 'x'));
  EXPECT_EQ(found().front(), "entry-missing 700");
  ledger_.remove_row(tile_key(0, uint64_t{1} << 50));
  ledger_.put_row(tile_key(7, 200), std::string(8'192, 'x'));
  EXPECT_EQ(found().front(), "entry-missing 700");
}

TEST_F(VerifyRows, TileChangedOrGone) {
  std::string tile = *ledger_.row(tile_key(0, 1));
  tile[100] ^= 4;
  ledger_.put_row(tile_key(0, 1), tile);
  EXPECT_EQ(found(), Texts{"tile-changed 0 1"});
  ledger_.put_row(tile_key(0, 1), tile.substr(32));
  EXPECT_EQ(found(), Texts{"tile-changed 0 1"});
  ledger_.remove_row(tile_key(0, 1));
  EXPECT_EQ(found(), Texts{"tile-changed 0 1"});
}

TEST_F(VerifyRows, UpperTileChanged) {
  std::string tile = *ledger_.row(tile_key(1, 0));
  tile[33] ^= 4;
  ledger_.put_row(tile_key(1, 0), tile);
  EXPECT_EQ(found(), Texts{"tile-changed 1 0"});
  ledger_.remove_row(tile_key(1, 0));
  EXPECT_EQ(found(), Texts{"tile-changed 1 0"});
}

TEST_F(VerifyRows, TilesExchanged) {
  const std::string tile = *ledger_.row(tile_key(0, 0));
  ledger_.put_row(tile_key(0, 0), *ledger_.row(tile_key(0, 1)));
  ledger_.put_row(tile_key(0, 1), tile);
  EXPECT_EQ(found(), (Texts{"tile-changed 0 0", "tile-changed 0 1"}));
}

// Entry, leaf and every tile above made to fit: only a checkpoint from outside can tell.
TEST_F(VerifyRows, RewrittenConsistently) {
  TestLedger other;
  other.grow_to(300);
  other.grow_to(310);
  other.append({other.command()});
  other.grow_to(700);
  EXPECT_TRUE(verify_rows(other, {}).clean());
  EXPECT_EQ(texts(verify_rows(other, notes_)), (Texts{"forked 600", "rewritten 300 600"}));
  // With checkpoints of its own, signed by the same key.
  std::vector<std::string> notes = notes_;
  notes.push_back(other.note());
  EXPECT_EQ(texts(verify_rows(other, notes)), (Texts{"forked 600", "rewritten 300 600"}));
}

TEST_F(VerifyRows, Cut) {
  TestLedger shorter;
  shorter.grow_to(300);
  shorter.grow_to(420);
  EXPECT_TRUE(verify_rows(shorter, {}).clean());
  EXPECT_EQ(texts(verify_rows(shorter, notes_)), Texts{"cut 600 420"});
  TestLedger none;
  EXPECT_EQ(texts(verify_rows(none, notes_)), Texts{"cut 600 0"});
}

TEST(Verify, EntryMalformed) {
  SeededRandom random(5);
  const RequestEntry request = random_request(random, 2);
  const PersonEntry first = random_person(random, request.id, 1);
  const PersonEntry second = random_person(random, request.id, 2);
  const PersonEntry third = random_person(random, request.id, 3);
  const PersonEntry of_other = random_person(random, random_request_id(random), 2);
  const std::string r = *encode(request);
  const std::string p1 = *encode(first);
  const std::string p2 = *encode(second);
  const std::string p3 = *encode(third);
  const std::string other = *encode(of_other);
  const std::string command = *encode(CommandEntry{{1}, "load", "me", "done", "{}"});
  const struct {
    std::vector<std::string> entries;
    Texts expected;
  } rows[] = {
      {{r, p1, p2, command}, {}},
      {{r, p1, p2}, {}},
      {{"x", command}, {"entry-malformed 0"}},
      {{command, p1}, {"entry-malformed 1"}},
      {{r, p1, p2, p3, command}, {"entry-malformed 3"}},
      {{r, p1}, {"entry-malformed 0"}},
      {{r, p1, command}, {"entry-malformed 0"}},
      {{r, p2, p1, command}, {"entry-malformed 0"}},
      {{r, p1, other, command}, {"entry-malformed 0"}},
      {{r, p1, r, p1, p2}, {"entry-malformed 0"}},
      {{r, p1, "x", command, p1}, {"entry-malformed 2", "entry-malformed 4"}},
  };
  for (const auto& row : rows) {
    TestLedger ledger;
    std::vector<Append> appends;
    for (const std::string& entry : row.entries) {
      appends.push_back({.entry = entry});
    }
    ledger.append(appends);
    EXPECT_EQ(texts(verify_rows(ledger, {ledger.note()})), row.expected);
  }
}

TEST_F(VerifyRows, RowsThatAreNone) {
  const uint64_t first = ledger_.row_of(270);
  ledger_.put_row(entries_key(first), *ledger_.row(entries_key(first)) + "\x05x");
  const size_t count = parse_entries(*ledger_.row(entries_key(first))).entries.size();
  // The next row begins where the torn entry would: it is what readers see.
  EXPECT_EQ(found(), Texts());
  ledger_.put_row(entries_key(first), "\x05x");
  const Texts texts = found();
  ASSERT_FALSE(texts.empty());
  EXPECT_EQ(texts[0], "entry-malformed " + std::to_string(first));
  EXPECT_EQ(texts.size(), count);
}

// The true entry hidden at the end of the row before, another one where readers look.
TEST_F(VerifyRows, HiddenEntry) {
  TestLedger ledger;
  ledger.grow_to(20);
  ledger.append({ledger.command()});
  const std::vector<std::string> notes = {ledger.note()};
  const std::string before = entries_key(ledger.row_of(19));
  std::string row = *ledger.row(before);
  put_length_prefixed(row, ledger.entry(20));
  ledger.put_row(before, row);
  EXPECT_EQ(texts(verify_rows(ledger, notes)), Texts());
  ledger.change_entry(20);
  EXPECT_EQ(texts(verify_rows(ledger, notes)), (Texts{"forked 21", "rewritten 0 21"}));
}

TEST_F(VerifyRows, Checkpoints) {
  const std::vector<std::string> good = notes_;
  // Signed by another key.
  notes_[1] = sign(parse_note(good[1])->checkpoint, crypto::Ed25519Key::from_seed({9}));
  EXPECT_EQ(found(), Texts{"checkpoint-signature 1"});
  // Not one.
  notes_[1] = good[1].substr(1);
  EXPECT_EQ(found(), Texts{"checkpoint-malformed 1"});
  notes_[1] = "";
  EXPECT_EQ(found(), Texts{"checkpoint-malformed 1"});
  // Of another origin, signed by the key.
  Checkpoint elsewhere = parse_note(good[1])->checkpoint;
  elsewhere.origin = "elsewhere.example/ledger";
  notes_[1] = sign(elsewhere, ledger_.signing_key());
  EXPECT_EQ(found(), Texts{"checkpoint-malformed 1"});
  // Out of order.
  notes_ = {good[1], good[0], good[2]};
  EXPECT_EQ(found(), Texts{"checkpoint-order 1"});
  // Twice the same is no fault; of the same size with another root is.
  notes_ = {good[0], good[0], good[1]};
  EXPECT_EQ(found(), Texts());
  notes_ = {good[0], ledger_.note_of(100, empty_root()), good[1]};
  EXPECT_EQ(found(), (Texts{"forked 100", "rewritten 0 100", "checkpoint-order 1"}));
}

// Every row of a small ledger, its key and its value: changed or gone, it is found.
TEST(Verify, EveryRowCounts) {
  TestLedger ledger;
  ledger.grow_to(290);
  const std::vector<std::string> notes = {ledger.note()};
  std::vector<std::pair<std::string, std::string>> rows;
  const auto snapshot = ledger.snapshot();
  for (const auto cursor = snapshot->scan(kTestFamilies.ledger, {""}); cursor->next();) {
    if (cursor->key()[0] != 'p') {
      rows.emplace_back(cursor->key(), cursor->value());
    }
  }
  ASSERT_GT(rows.size(), 80U);
  SeededRandom random(6);
  for (const auto& [key, value] : rows) {
    ledger.remove_row(key);
    EXPECT_FALSE(verify_rows(ledger, notes).clean()) << "removed " << to_hex(key);
    std::string other_key = key;
    const size_t at = key.size() - 1;
    other_key[at] = static_cast<char>(key[at] ^ 1);
    if (!ledger.row(other_key)) {
      ledger.put_row(other_key, value);
      EXPECT_FALSE(verify_rows(ledger, notes).clean()) << "moved " << to_hex(key);
      ledger.remove_row(other_key);
    }
    for (int i = 0; i < 4; ++i) {
      std::string bad = value;
      const size_t bit = random.below(value.size() * 8);
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      ledger.put_row(key, bad);
      EXPECT_FALSE(verify_rows(ledger, notes).clean()) << to_hex(key) << " " << bit;
    }
    ledger.put_row(key, value);
  }
  EXPECT_TRUE(verify_rows(ledger, notes).clean());
}

// ---- Exports

class VerifyExport : public testing::Test {
 protected:
  void export_at(uint64_t size) {
    ledger_.grow_to(size);
    notes_.push_back(ledger_.note());
    const auto snapshot = ledger_.snapshot();
    const Reader reader = *Reader::open(*snapshot, kTestFamilies);
    const auto exported = export_to(files_, reader, notes_.back(), "out");
    ASSERT_TRUE(exported.has_value()) << exported.error().text();
    EXPECT_EQ(exported->entries, size);
  }
  Texts found() { return texts(verify_folder(files_, "out", notes_, ledger_.verifier_key())); }
  void list_files(const std::string& folder, std::vector<std::string>& out) {
    const std::vector<std::string> names = *files_.list(folder);
    for (const std::string& name : names) {
      const std::string path = folder + "/" + name;
      if (files_.is_directory(path)) {
        list_files(path, out);
      } else {
        out.push_back(path);
      }
    }
  }
  std::vector<std::string> all_files() {
    std::vector<std::string> out;
    list_files("out", out);
    return out;
  }
  std::string read(const std::string& path) { return *read_file(files_, path, UINT64_MAX); }
  void write(const std::string& path, std::string_view bytes) {
    auto file = *files_.open_writable(path, OpenMode::kTruncate);
    ASSERT_TRUE(file->append(bytes));
  }

  MemoryFileSystem files_;
  TestLedger ledger_;
  std::vector<std::string> notes_;
};

TEST_F(VerifyExport, GrowsStepByStep) {
  std::string first_tile;
  for (const uint64_t size :
       std::initializer_list<uint64_t>{0, 1, 3, 255, 256, 256, 257, 512, 600, 700}) {
    export_at(size);
    EXPECT_EQ(found(), Texts()) << size;
    const Report report = verify_folder(files_, "out", notes_, ledger_.verifier_key());
    EXPECT_EQ(report.entries, size);
    EXPECT_EQ(report.vouched, size);
  }
  EXPECT_EQ(all_files(), (std::vector<std::string>{
                             "out/checkpoint", "out/tile/0/000", "out/tile/0/001",
                             "out/tile/0/002.p/188", "out/tile/1/000.p/2", "out/tile/entries/000",
                             "out/tile/entries/001", "out/tile/entries/002.p/188"}));
  // Tiles are those of the rows, and whole ones are never written again.
  EXPECT_EQ(read("out/tile/0/000"), *ledger_.row(tile_key(0, 0)));
  EXPECT_EQ(read("out/tile/1/000.p/2"), *ledger_.row(tile_key(1, 0)));
  write("out/tile/0/000", "damaged");
  export_at(701);
  EXPECT_EQ(read("out/tile/0/000"), "damaged");
  EXPECT_EQ(found(), Texts{"tile-changed 0 0"});
}

TEST_F(VerifyExport, RefusesWhatIsNotItsOwn) {
  ledger_.grow_to(200);
  export_at(300);
  TestLedger other(2);
  other.grow_to(400);
  const auto snapshot = other.snapshot();
  const Reader reader = *Reader::open(*snapshot, kTestFamilies);
  const auto refused = [&](const std::string& note, const std::string& folder) {
    return export_to(files_, reader, note, folder).error().code;
  };
  EXPECT_EQ(refused(other.note(), "out"), ErrorCode::kConflict);  // another ledger's folder
  EXPECT_EQ(refused(notes_[0], "new"), ErrorCode::kConflict);     // another ledger's checkpoint
  EXPECT_EQ(refused("nonsense", "new"), ErrorCode::kInvalid);
  EXPECT_EQ(refused(other.note_of(401, other.root()), "new"), ErrorCode::kConflict);
  EXPECT_FALSE(files_.exists("new"));
  write("out/checkpoint", "nonsense");
  EXPECT_EQ(refused(other.note(), "out"), ErrorCode::kInvalid);
  // An older checkpoint over a newer export.
  const auto own_snapshot = ledger_.snapshot();
  const Reader own = *Reader::open(*own_snapshot, kTestFamilies);
  write("out/checkpoint", notes_[0]);
  const std::string older = ledger_.note_of(200, *root_at(own, 200));
  EXPECT_EQ(export_to(files_, own, older, "out").error().code, ErrorCode::kConflict);
  EXPECT_TRUE(export_to(files_, own, older, "older").has_value());
  EXPECT_EQ(texts(verify_folder(files_, "older", {older}, ledger_.verifier_key())), Texts());
}

TEST_F(VerifyExport, SurvivesAPowerCutAtEveryStep) {
  for (uint64_t cut = 0;; ++cut) {
    MemoryFileSystem files;
    TestLedger ledger;
    std::vector<std::string> notes;
    ledger.grow_to(250);
    notes.push_back(ledger.note());
    const auto old_snapshot = ledger.snapshot();
    ASSERT_TRUE(export_to(files, *Reader::open(*old_snapshot, kTestFamilies), notes[0], "out"));
    ledger.grow_to(520);
    notes.push_back(ledger.note());
    const auto snapshot = ledger.snapshot();
    const Reader reader = *Reader::open(*snapshot, kTestFamilies);
    files.cut_after(cut);
    const bool done = export_to(files, reader, notes[1], "out").has_value();
    files.cut_power();
    files.restore_power();
    const Report report = verify_folder(files, "out", {notes[0]}, ledger.verifier_key());
    EXPECT_EQ(texts(report), Texts()) << cut;
    EXPECT_TRUE(report.entries == 520 || (!done && report.entries == 250)) << cut;
    ASSERT_TRUE(export_to(files, reader, notes[1], "out").has_value()) << cut;
    EXPECT_EQ(texts(verify_folder(files, "out", notes, ledger.verifier_key())), Texts()) << cut;
    if (done) {
      EXPECT_GT(cut, 20U);
      break;
    }
  }
}

// One bit of every so many-th byte of each file: changed, it is found.
TEST_F(VerifyExport, EveryByteCounts) {
  const struct {
    uint64_t entries;
    size_t step;
  } exports[] = {{9, 1}, {300, 397}};
  for (const auto& [entries, step] : exports) {
    export_at(entries);
    for (const std::string& path : all_files()) {
      const std::string good = read(path);
      for (size_t i = 0; i < good.size(); i += step) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
        write(path, bad);
        ASSERT_FALSE(found().empty()) << path << " " << i;
      }
      write(path, good);
    }
    EXPECT_EQ(found(), Texts());
  }
}

TEST_F(VerifyExport, EveryFileCounts) {
  export_at(600);
  const std::vector<std::string> paths = all_files();
  ASSERT_EQ(paths.size(), 8U);
  for (const std::string& path : paths) {
    const std::string good = read(path);
    ASSERT_TRUE(files_.remove(path));
    EXPECT_FALSE(found().empty()) << "removed " << path;
    for (const size_t size : {size_t{0}, size_t{1}, good.size() / 2, good.size() - 1}) {
      write(path, good.substr(0, size));
      EXPECT_FALSE(found().empty()) << "cut " << path << " to " << size;
    }
    for (const char* more : {"x", "xyz"}) {
      write(path, good + more);
      EXPECT_FALSE(found().empty()) << "longer " << path;
    }
    for (const std::string& other : paths) {
      if (other != path) {
        write(path, read(other));
        EXPECT_FALSE(found().empty()) << other << " in the place of " << path;
      }
    }
    write(path, good);
  }
  EXPECT_EQ(found(), Texts());
}

TEST_F(VerifyExport, NamesWhatIsWrong) {
  export_at(600);
  const auto with = [&](const std::string& path, const std::string& bytes) {
    const std::string good = read(path);
    write(path, bytes);
    Texts out = found();
    write(path, good);
    return out;
  };
  std::string tile = read("out/tile/0/001");
  tile[0] ^= 1;
  EXPECT_EQ(with("out/tile/0/001", tile), Texts{"tile-changed 0 1"});
  EXPECT_EQ(with("out/tile/0/001", ""), Texts{"tile-changed 0 1"});
  tile = read("out/tile/1/000.p/2");
  tile[0] ^= 1;
  EXPECT_EQ(with("out/tile/1/000.p/2", tile), Texts{"tile-changed 1 0"});
  EXPECT_EQ(with("out/checkpoint", "nonsense"), Texts{"checkpoint-malformed 1"});
  EXPECT_EQ(with("out/checkpoint",
                 sign(parse_note(notes_[0])->checkpoint, crypto::Ed25519Key::from_seed({9}))),
            Texts{"checkpoint-signature 1"});
  // No tile above vouches for a partial tile: its entries are taken to have changed.
  tile = read("out/tile/0/002.p/88");
  tile[32] ^= 1;
  EXPECT_EQ(with("out/tile/0/002.p/88", tile), Texts{"entry-changed 513"});
  const Texts none = with("out/tile/entries/002.p/88", "");
  ASSERT_EQ(none.size(), 89U);
  EXPECT_EQ(none.front(), "entry-missing 512");
  EXPECT_EQ(none.back(), "cut 600 512");
}

TEST_F(VerifyExport, Rewritten) {
  export_at(600);
  TestLedger other(2);
  other.grow_to(640);
  const auto snapshot = other.snapshot();
  const Reader reader = *Reader::open(*snapshot, kTestFamilies);
  ASSERT_TRUE(export_to(files_, reader, other.note(), "other").has_value());
  const auto key = ledger_.verifier_key();
  EXPECT_EQ(texts(verify_folder(files_, "other", {}, key)), Texts());
  EXPECT_EQ(texts(verify_folder(files_, "other", notes_, key)),
            (Texts{"forked 600", "rewritten 0 600"}));
}

TEST_F(VerifyExport, OlderThanTheCheckpoints) {
  export_at(300);
  ledger_.grow_to(400);
  notes_.push_back(ledger_.note());
  EXPECT_EQ(found(), Texts{"cut 400 300"});
}

TEST_F(VerifyExport, OnTheDisk) {
  const std::string folder =
      testing::TempDir() + "/continuum_ledger_" + std::to_string(getpid()) + "/a/b";
  for (const uint64_t size : std::initializer_list<uint64_t>{250, 600}) {
    ledger_.grow_to(size);
    notes_.push_back(ledger_.note());
    const auto snapshot = ledger_.snapshot();
    const Reader reader = *Reader::open(*snapshot, kTestFamilies);
    const auto exported = export_to(posix_files(), reader, notes_.back(), folder);
    ASSERT_TRUE(exported.has_value()) << exported.error().text();
    EXPECT_EQ(texts(verify_folder(posix_files(), folder, notes_, ledger_.verifier_key())), Texts());
  }
  EXPECT_FALSE(posix_files().exists(folder + "/tile/0/000.p"));
  std::filesystem::remove_all(parent_directory(parent_directory(folder)));
}

TEST_F(VerifyExport, NoFolder) {
  EXPECT_EQ(ExportFolder::open(files_, "nowhere").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace continuum::ledger
