#include "ledger/checkpoint.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "ledger/limits.h"
#include "ledger/naive_tree_test.h"

namespace continuum::ledger {
namespace {

const crypto::Key kSeed = [] {
  crypto::Key seed{};
  for (uint8_t i = 0; i < seed.size(); ++i) {
    seed[i] = i;
  }
  return seed;
}();

crypto::Ed25519Key signing_key() {
  return crypto::Ed25519Key::from_seed(kSeed);
}

VerifierKey verifier_key() {
  return {"record.example/ledger", signing_key().public_key()};
}

Checkpoint checkpoint(uint64_t size) {
  return {"record.example/ledger", size, leaf_hash(std::to_string(size)),
          *parse_fhir_instant("2026-11-22T14:00:00.123Z")};
}

std::string note(uint64_t size) {
  return sign(checkpoint(size), signing_key());
}

TEST(Checkpoint, IsAsThePageSays) {
  const std::string text = note(258);
  const std::string root = to_base64(crypto::view(leaf_hash("258")));
  const std::string start = "record.example/ledger\n258\n" + root +
                            "\ninstant 2026-11-22T14:00:00.123Z\n\n\xE2\x80\x94 "
                            "record.example/ledger ";
  ASSERT_EQ(text.substr(0, start.size()), start);
  EXPECT_EQ(text.back(), '\n');
  const auto signature = from_base64(text.substr(start.size(), text.size() - start.size() - 1));
  ASSERT_EQ(signature->size(), 68U);
  std::string id_of = "record.example/ledger\n\x01";
  id_of.append(crypto::view(verifier_key().public_key));
  EXPECT_EQ(signature->substr(0, 4), crypto::view(crypto::sha256(id_of)).substr(0, 4));
  const auto parsed = parse_note(text);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->checkpoint, checkpoint(258));
  EXPECT_EQ(parsed->text + "\n", text.substr(0, text.find('\xE2')));
  EXPECT_TRUE(is_signed_by(*parsed, verifier_key()));
}

TEST(Checkpoint, OtherKeysAndOriginsDoNotVerify) {
  const Note parsed = *parse_note(note(3));
  VerifierKey key = verifier_key();
  key.name = "other.example/ledger";
  EXPECT_FALSE(is_signed_by(parsed, key));
  key = {"record.example/ledger", crypto::Ed25519Key::from_seed({1}).public_key()};
  EXPECT_FALSE(is_signed_by(parsed, key));
}

TEST(Checkpoint, WitnessesArePassedOver) {
  const std::string witness = "\xE2\x80\x94 witness.example AAAAAAAA\n";
  const std::string more = note(3) + witness;
  ASSERT_TRUE(parse_note(more).has_value());
  EXPECT_TRUE(is_signed_by(*parse_note(more), verifier_key()));
  const std::string text = parse_note(more)->text;
  EXPECT_FALSE(is_signed_by(*parse_note(text + "\n" + witness), verifier_key()));
  // A second signature under our name and id that is wrong.
  std::string wrong = more.substr(text.size() + 1);
  wrong[wrong.find("ledger ") + 7 + 60] ^= 1;
  EXPECT_FALSE(is_signed_by(*parse_note(note(3) + wrong), verifier_key()));
}

TEST(Checkpoint, EveryChangedBitIsRefused) {
  const std::string good = note(1'234'567);
  for (size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    const auto parsed = parse_note(bad);
    EXPECT_FALSE(parsed && is_signed_by(*parsed, verifier_key())) << i;
  }
}

TEST(Checkpoint, MalformedIsRefused) {
  const std::string root = to_base64(crypto::view(empty_root()));
  const std::string instant = "instant 2026-11-22T14:00:00.123Z\n";
  const std::string line = "\xE2\x80\x94 record.example/ledger AAAAAAAA\n";
  const std::string good = "o/ledger\n1\n" + root + "\n" + instant + "\n" + line;
  ASSERT_TRUE(parse_note(good).has_value());
  std::string many = good;
  for (size_t i = 0; i < kSignatureLinesMax; ++i) {
    many += line;
  }
  for (const std::string& bad : {
           std::string(),
           std::string("\n\n"),
           "o/ledger\n01\n" + root + "\n" + instant + "\n" + line,
           "o/ledger\n-1\n" + root + "\n" + instant + "\n" + line,
           "o/ledger\n+1\n" + root + "\n" + instant + "\n" + line,
           "o/ledger\n18446744073709551616\n" + root + "\n" + instant + "\n" + line,
           "o/ledger\n\n" + root + "\n" + instant + "\n" + line,
           "\n1\n" + root + "\n" + instant + "\n" + line,
           "o ledger\n1\n" + root + "\n" + instant + "\n" + line,
           "o+ledger\n1\n" + root + "\n" + instant + "\n" + line,
           "o/ledger\n1\nAAAA\n" + instant + "\n" + line,
           "o/ledger\n1\n" + root.substr(1) + "\n" + instant + "\n" + line,
           "o/ledger\n1\n" + root + "\n\n" + line,
           "o/ledger\n1\n" + root + "\ninstant 2026-11-22T14:00:00Z\n\n" + line,
           "o/ledger\n1\n" + root + "\ninstant 2026-11-22T15:00:00.000+01:00\n\n" + line,
           "o/ledger\n1\n" + root + "\n" + instant + "more\n\n" + line,
           "o/ledger\n1\n" + root + "\n" + instant + "\n",
           "o/ledger\n1\n" + root + "\n" + instant + "\n- name AAAAAAAA\n",
           "o/ledger\n1\n" + root + "\n" + instant + "\n\xE2\x80\x94 name\n",
           "o/ledger\n1\n" + root + "\n" + instant + "\n\xE2\x80\x94 name AAAA\n",
           "o/ledger\n1\n" + root + "\n" + instant + "\n\xE2\x80\x94 name AAAAAA\n",
           good + "\n",
           good + "x",
           good.substr(0, good.size() - 1),
           many,
           std::string(kCheckpointBytesMax + 1, 'x'),
       }) {
    EXPECT_EQ(parse_note(bad).error().code, ErrorCode::kInvalid) << bad;
  }
}

TEST(Checkpoint, Origins) {
  EXPECT_EQ(*origin_of("https://record.example/fhir/"), "record.example/fhir/ledger");
  EXPECT_EQ(*origin_of("http://localhost:8080"), "localhost:8080/ledger");
  EXPECT_FALSE(origin_of("https://"));
  EXPECT_FALSE(origin_of("https://a b"));
  EXPECT_FALSE(origin_of("https://" + std::string(kOriginBytesMax, 'a')));
}

TEST(VerifierKey, IsAsThePageSays) {
  const VerifierKey key = verifier_key();
  const std::string text = encode(key);
  std::string typed = "\x01";
  typed.append(crypto::view(key.public_key));
  const std::string id =
      to_hex(crypto::view(crypto::sha256("record.example/ledger\n" + typed)).substr(0, 4));
  EXPECT_EQ(text, "record.example/ledger+" + id + "+" + to_base64(typed));
  EXPECT_EQ(*parse_verifier_key(text), key);
  EXPECT_EQ(*parse_verifier_key(text + "\n"), key);
  for (size_t i = 0; i < text.size() * 8; ++i) {
    std::string bad = text;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(parse_verifier_key(bad).has_value()) << i;
  }
  for (const std::string& bad : {std::string(), std::string("a"), std::string("a+b"),
                                 std::string("a+00000000+AQ=="), text + "\n\n", " " + text}) {
    EXPECT_FALSE(parse_verifier_key(bad).has_value()) << bad;
  }
}

TEST(Checkpoint, IsOfOneLedger) {
  const naive::Tiles tiles = naive::tiles(300);
  Checkpoint of = checkpoint(0);
  for (const uint64_t size : std::initializer_list<uint64_t>{0, 1, 256, 299, 300}) {
    of.size = size;
    of.root = *root_at(tiles, size);
    EXPECT_TRUE(check_against(tiles, of).has_value()) << size;
    of.root[3] ^= 1;
    EXPECT_EQ(check_against(tiles, of).error().code, ErrorCode::kConflict) << size;
  }
  of.size = 301;
  EXPECT_EQ(check_against(tiles, of).error().code, ErrorCode::kConflict);
}

TEST(Notes, AreCutApart) {
  const std::string witness = "\xE2\x80\x94 witness.example AAAAAAAA\n";
  const std::vector<std::string> notes = {note(1), note(2) + witness, note(3)};
  const std::string all = notes[0] + notes[1] + notes[2];
  EXPECT_EQ(split_notes(all).notes, notes);
  EXPECT_EQ(split_notes(all).torn_bytes, 0U);
  EXPECT_TRUE(split_notes("").notes.empty());
  // Every way the last can be torn.
  for (size_t size = 1; size < notes[2].size(); ++size) {
    const Notes torn = split_notes(all.substr(0, all.size() - notes[2].size() + size));
    ASSERT_EQ(torn.notes.size(), 2U) << size;
    ASSERT_EQ(torn.torn_bytes, size);
  }
  // Lines that never come to a signature.
  std::string lines;
  while (lines.size() <= kCheckpointBytesMax) {
    lines += "line\n";
  }
  const Notes split = split_notes(lines + notes[0]);
  ASSERT_EQ(split.notes.size(), 2U);
  EXPECT_EQ(split.notes[0], lines);
  EXPECT_EQ(split.notes[1], notes[0]);
}

TEST(CheckpointFile, KeepsAnOrder) {
  MemoryFileSystem files;
  auto file = *CheckpointFile::open(files, "out", verifier_key());
  EXPECT_FALSE(file.last());
  ASSERT_TRUE(file.append(note(5)));
  EXPECT_EQ(file.last()->size, 5U);
  EXPECT_TRUE(file.append(note(5)));
  EXPECT_EQ(file.append(note(4)).error().code, ErrorCode::kConflict);
  Checkpoint other = checkpoint(5);
  other.root = empty_root();
  EXPECT_EQ(file.append(sign(other, signing_key())).error().code, ErrorCode::kConflict);
  EXPECT_EQ(file.append(sign(checkpoint(9), crypto::Ed25519Key::from_seed({1}))).error().code,
            ErrorCode::kInvalid);
  EXPECT_EQ(file.append("nonsense").error().code, ErrorCode::kInvalid);
  ASSERT_TRUE(file.append(note(6)));
  EXPECT_EQ(*read_file(files, "out", UINT64_MAX), note(5) + note(6));

  auto again = *CheckpointFile::open(files, "out", verifier_key());
  EXPECT_EQ(again.last(), checkpoint(6));
  EXPECT_EQ(again.append(note(5)).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(again.append(note(7)));
  const Notes all = *read_checkpoint_file(files, "out");
  EXPECT_EQ(all.notes, (std::vector<std::string>{note(5), note(6), note(7)}));
}

TEST(CheckpointFile, FindsTheLastOfMany) {
  MemoryFileSystem files;
  auto file = *CheckpointFile::open(files, "out", verifier_key());
  for (uint64_t size = 1; size <= 4'500; ++size) {
    ASSERT_TRUE(file.append(note(size)));
  }
  EXPECT_EQ(CheckpointFile::open(files, "out", verifier_key())->last()->size, 4'500U);
  const Notes all = *read_checkpoint_file(files, "out");  // in more than one piece
  ASSERT_EQ(all.notes.size(), 4'500U);
  EXPECT_EQ(all.notes[4'321], note(4'322));
}

TEST(CheckpointFile, OtherFilesAreRefused) {
  MemoryFileSystem files;
  const auto write = [&](const std::string& bytes) {
    ASSERT_TRUE((*files.open_writable("out", OpenMode::kTruncate))->append(bytes));
  };
  const auto refused = [&] {
    return CheckpointFile::open(files, "out", verifier_key()).error().code;
  };
  write(sign(checkpoint(9), crypto::Ed25519Key::from_seed({1})));
  EXPECT_EQ(refused(), ErrorCode::kCorrupt);
  std::string damaged = note(1) + note(2);
  damaged[note(1).size() + 30] ^= 1;
  write(damaged);
  EXPECT_EQ(refused(), ErrorCode::kCorrupt);
  std::string lines;
  while (lines.size() < 10 * kCheckpointBytesMax) {
    lines += "line\n";
  }
  write(lines);
  EXPECT_EQ(refused(), ErrorCode::kCorrupt);
  write(std::string(10 * kCheckpointBytesMax, 'x'));
  EXPECT_EQ(refused(), ErrorCode::kCorrupt);
  EXPECT_EQ(*read_file(files, "out", UINT64_MAX), std::string(10 * kCheckpointBytesMax, 'x'));
}

TEST(CheckpointFile, TornEndIsCutOff) {
  for (size_t size = 1; size < note(2).size(); ++size) {
    MemoryFileSystem files;
    ASSERT_TRUE((*files.open_writable("out", OpenMode::kTruncate))
                    ->append(note(1) + note(2).substr(0, size)));
    auto file = *CheckpointFile::open(files, "out", verifier_key());
    EXPECT_EQ(file.torn_bytes(), size);
    EXPECT_EQ(file.last()->size, 1U);
    ASSERT_TRUE(file.append(note(2)));
    EXPECT_EQ(*read_file(files, "out", UINT64_MAX), note(1) + note(2));
  }
}

// Whenever the power goes: what append() promised is there, and the file goes on.
TEST(CheckpointFile, SurvivesAPowerCutAtEveryStep) {
  for (uint64_t cut = 0; cut < 40; ++cut) {
    MemoryFileSystem files;
    files.cut_after(cut);
    uint64_t promised = 0;
    if (auto file = CheckpointFile::open(files, "out", verifier_key())) {
      for (uint64_t size = 1; size <= 10; ++size) {
        if (file->append(note(size))) {
          promised = size;
        }
      }
    }
    files.cut_power();
    files.restore_power();
    auto file = CheckpointFile::open(files, "out", verifier_key());
    ASSERT_TRUE(file.has_value());
    const uint64_t kept = file->last() ? file->last()->size : 0;
    EXPECT_GE(kept, promised) << cut;
    EXPECT_LE(kept, promised + 1) << cut;
    ASSERT_TRUE(file->append(note(11)));
    const Notes all = *read_checkpoint_file(files, "out");
    EXPECT_EQ(all.torn_bytes, 0U);
    for (const std::string& each : all.notes) {
      EXPECT_TRUE(is_signed_by(*parse_note(each), verifier_key()));
    }
  }
}

// A disk that refuses once, and comes back.
TEST(CheckpointFile, GoesOnAfterAFailedWrite) {
  class Stubborn final : public WritableFile {
   public:
    Stubborn(std::unique_ptr<WritableFile> file, int& failures)
        : file_(std::move(file)), failures_(failures) {}
    Status append(std::string_view bytes) override {
      if (failures_ > 0) {
        --failures_;
        ignore_error(file_->append(bytes.substr(0, bytes.size() / 2)), "a torn write");
        return fail(ErrorCode::kUnavailable, "disk full");
      }
      return file_->append(bytes);
    }
    Status sync() override { return file_->sync(); }
    Status truncate(uint64_t size) override { return file_->truncate(size); }
    uint64_t size() const override { return file_->size(); }

   private:
    std::unique_ptr<WritableFile> file_;
    int& failures_;
  };
  class StubbornFiles final : public FileSystem {
   public:
    Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path,
                                                        OpenMode mode) override {
      TRY(auto file, memory.open_writable(path, mode));
      return std::make_unique<Stubborn>(std::move(file), failures);
    }
    Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
      return memory.open_readable(path);
    }
    bool exists(const std::string& path) override { return memory.exists(path); }
    bool is_directory(const std::string& path) override { return memory.is_directory(path); }
    Result<std::vector<std::string>> list(const std::string& path) override {
      return memory.list(path);
    }
    Status make_directories(const std::string& path) override {
      return memory.make_directories(path);
    }
    Status remove(const std::string& path) override { return memory.remove(path); }
    Status rename(const std::string& from, const std::string& to) override {
      return memory.rename(from, to);
    }
    Status sync_directory(const std::string& path) override { return memory.sync_directory(path); }

    MemoryFileSystem memory;
    int failures = 0;
  };
  StubbornFiles files;
  auto file = *CheckpointFile::open(files, "out", verifier_key());
  ASSERT_TRUE(file.append(note(1)));
  files.failures = 1;
  EXPECT_EQ(file.append(note(2)).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(file.last()->size, 1U);
  ASSERT_TRUE(file.append(note(3)));
  EXPECT_EQ(*read_file(files, "out", UINT64_MAX), note(1) + note(3));
}

}  // namespace
}  // namespace continuum::ledger
