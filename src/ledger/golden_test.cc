// tests/ledger_golden/, made anew in memory and compared: bytes written once stay readable, and
// verifiers in other languages have something to read.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "base/bytes.h"
#include "json/writer.h"
#include "ledger/ledger_fixture_test.h"

namespace continuum::ledger {
namespace {

constexpr const char* kFolder = "tests/ledger_golden";
constexpr uint64_t kFileBytesMax = uint64_t{1} << 20;

struct Golden {
  MemoryFileSystem files;
  VerifierKey key;
  std::vector<std::string> notes;
};

// Path (below the folder) and bytes of every file but the README.
void list_files(FileSystem& files, const std::string& folder,
                std::map<std::string, std::string>& out) {
  const std::vector<std::string> names = *files.list(folder);
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    if (files.is_directory(path)) {
      list_files(files, path, out);
    } else if (name != "README.md") {
      out[path] = *read_file(files, path, kFileBytesMax);
    }
  }
}

std::string json_path(const std::vector<Hash>& path) {
  std::string out = "[";
  for (const Hash& hash : path) {
    out += (out.size() > 1 ? "," : "") + json::quoted(to_base64(crypto::view(hash)));
  }
  return out + "]";
}

void write(FileSystem& files, const std::string& name, std::string_view bytes) {
  const std::string path = std::string(kFolder) + "/" + name;
  ASSERT_TRUE(files.make_directories(parent_directory(path)));
  ASSERT_TRUE((*files.open_writable(path, OpenMode::kTruncate))->append(bytes));
}

void make(Golden& golden) {
  TestLedger ledger(20261122);
  SeededRandom random(300);
  const auto grow_to = [&](uint64_t size) {
    while (ledger.size() < size) {
      std::vector<Append> appends = random_appends(random);
      const bool short_one = random.below(3) > 0 || ledger.size() + appends.size() > size;
      ledger.append(short_one ? std::vector<Append>{ledger.command()} : appends);
    }
  };
  golden.key = ledger.verifier_key();
  write(golden.files, "verifier_key", encode(golden.key) + "\n");
  auto checkpoints =
      *CheckpointFile::open(golden.files, std::string(kFolder) + "/checkpoints", golden.key);
  for (const uint64_t size : std::initializer_list<uint64_t>{1, 100, 256, 257, 300}) {
    grow_to(size);
    golden.notes.push_back(ledger.note());
    ASSERT_TRUE(checkpoints.append(golden.notes.back()));
  }
  const auto snapshot = ledger.snapshot();
  const Reader reader = *Reader::open(*snapshot, kTestFamilies);
  ASSERT_TRUE(export_to(golden.files, reader, golden.notes.back(), std::string(kFolder) + "/export")
                  .has_value());

  uint64_t n = 120;
  std::optional<Entry> entry;
  for (;; ++n) {
    entry = *decode_entry(*reader.entry(n));
    if (std::holds_alternative<RequestEntry>(*entry)) {
      break;
    }
  }
  const RequestId id = std::get<RequestEntry>(*entry).id;
  const std::string receipt =
      std::to_string(n) + "-" +
      to_hex(std::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
  write(golden.files, "inclusion.json",
        "{\"receipt\":" + json::quoted(receipt) + ",\"number\":" + std::to_string(n) +
            ",\"leaf\":" + json::quoted(to_base64(crypto::view(leaf_hash(*reader.entry(n))))) +
            ",\"checkpoint\":" + json::quoted(golden.notes.back()) +
            ",\"path\":" + json_path(*inclusion_path(reader, n, 300)) + "}\n");
  write(golden.files, "consistency.json",
        "{\"from\":100,\"to\":300,\"path\":" + json_path(*consistency_path(reader, 100, 300)) +
            "}\n");
}

TEST(Golden, IsAsItWasWritten) {
  Golden golden;
  make(golden);
  std::map<std::string, std::string> made;
  list_files(golden.files, kFolder, made);
  if (std::getenv("CONTINUUM_WRITE_GOLDEN") != nullptr) {
    for (const auto& [path, bytes] : made) {
      write(posix_files(), path.substr(std::string_view(kFolder).size() + 1), bytes);
    }
  }
  std::map<std::string, std::string> kept;
  list_files(posix_files(), kFolder, kept);
  ASSERT_EQ(made.size(), kept.size());
  for (const auto& [path, bytes] : made) {
    EXPECT_TRUE(kept[path] == bytes) << path;
  }
}

TEST(Golden, Verifies) {
  Golden golden;
  make(golden);
  const std::string folder = kFolder;
  const auto key = parse_verifier_key(*read_file(posix_files(), folder + "/verifier_key", 1'000));
  ASSERT_TRUE(key.has_value());
  const Notes notes = *read_checkpoint_file(posix_files(), folder + "/checkpoints");
  EXPECT_EQ(notes.notes, golden.notes);
  EXPECT_EQ(notes.torn_bytes, 0U);
  const Report report = verify_folder(posix_files(), folder + "/export", notes.notes, *key);
  EXPECT_EQ(texts(report), std::vector<std::string>());
  EXPECT_EQ(report.entries, 300U);
  EXPECT_EQ(report.vouched, 300U);
}

}  // namespace
}  // namespace continuum::ledger
