#include "service/load/input.h"

#include <gtest/gtest.h>

namespace continuum::service {
namespace {

class InputTest : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(files_.make_directories(parent_directory(path)));
    auto file = files_.open_writable(path, OpenMode::kTruncate);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(text));
  }

  InputFiles find(const std::vector<std::string>& paths) {
    auto found = find_input_files(files_, paths);
    EXPECT_TRUE(found);
    return found ? std::move(*found) : InputFiles();
  }

  std::vector<std::string> paths_of(const std::vector<std::string>& paths) {
    std::vector<std::string> out;
    for (const InputFile& file : find(paths).files) {
      out.push_back(file.path);
    }
    return out;
  }

  // "file:line text" for each unit, or "file:line !code".
  std::vector<std::string> units(const std::vector<std::string>& paths) {
    InputFiles input = find(paths);
    UnitReader reader(files_, input);
    std::vector<std::string> out;
    Unit unit;
    while (reader.next(unit)) {
      EXPECT_EQ(unit.number, out.size());
      std::string what =
          unit.status ? unit.text : "!" + std::string(to_string(unit.status.error().code));
      out.push_back(std::to_string(unit.file) + ":" + std::to_string(unit.line) + " " + what);
    }
    EXPECT_EQ(reader.position(), input.bytes);
    return out;
  }

  using Texts = std::vector<std::string>;
  MemoryFileSystem files_;
};

TEST_F(InputTest, FoldersGiveTheirJsonFilesInOrder) {
  write("/in/b.json", "{}");
  write("/in/a.ndjson.gz", "");
  write("/in/deep/er/c.json.zst", "");
  write("/in/.hidden.json", "{}");
  write("/in/.git/d.json", "{}");
  write("/in/readme.md", "");
  write("/in/e.json.zip", "");
  EXPECT_EQ(paths_of({"/in"}), Texts({"/in/a.ndjson.gz", "/in/b.json", "/in/deep/er/c.json.zst"}));
  EXPECT_EQ(find({"/in/"}).skipped, Texts({"/in/e.json.zip", "/in/readme.md"}));
  EXPECT_EQ(find({"/in", "/in"}).skipped.size(), 2U);
}

TEST_F(InputTest, EachFileIsReadOnceHoweverItIsNamed) {
  write("/in/a.json", "{}");
  write("/in/b.json", "{}");
  EXPECT_EQ(paths_of({"/in/b.json", "/in", "/in/a.json", "/in//b.json", "/in/./a.json"}),
            Texts({"/in/a.json", "/in/b.json"}));
  EXPECT_EQ(find({"/in", "/in/a.json"}).bytes, 4U);
}

TEST_F(InputTest, NamesAreTheSameWhereverTheInputLies) {
  write("/one/set/a.json", "{}");
  write("/two/set/a.json", "{}");
  EXPECT_EQ(find({"/one/set"}).files[0].name, "set/a.json");
  EXPECT_EQ(find({"/two/set/"}).files[0].name, "set/a.json");
  EXPECT_EQ(find({"/two/set/a.json"}).files[0].name, "a.json");
}

TEST_F(InputTest, FilesNamedThemselvesNeedNoEnding) {
  write("/in/bundle", "{}");
  write("/in/.hidden.json", "{}");
  EXPECT_EQ(paths_of({"/in/bundle", "/in/.hidden.json"}).size(), 2U);
}

TEST_F(InputTest, MissingPathsAreNamed) {
  write("/in/a.json", "{}");
  auto found = find_input_files(files_, {"/in", "/absent"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
  EXPECT_NE(found.error().message.find("/absent"), std::string::npos);
}

TEST_F(InputTest, FoldersMayNotNestForever) {
  std::string path = "/in";
  for (int i = 0; i < 40; ++i) {
    path += "/d";
  }
  write(path + "/a.json", "{}");
  auto found = find_input_files(files_, {"/in"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kTooLarge);
}

TEST_F(InputTest, UnitsAreFilesAndLines) {
  write("/in/a.json", "{\n}");
  write("/in/b.ndjson", "{1}\n\n \t\r\n{4}\r\n{5}");
  write("/in/c.ndjson", "\n\n");
  write("/in/d.json", "");
  write("/in/e.ndjson", "{1}\n");
  EXPECT_EQ(units({"/in"}),
            Texts({"0:0 {\n}", "1:1 {1}", "1:4 {4}", "1:5 {5}", "3:0 ", "4:1 {1}"}));
  EXPECT_EQ(units({}), Texts());
}

TEST_F(InputTest, FilesThatCannotBeReadAreUnits) {
  write("/in/a.json.gz", "no gzip");
  write("/in/b.ndjson.gz", "no gzip");
  write("/in/c.json", "{}");
  EXPECT_EQ(units({"/in"}), Texts({"0:0 !invalid", "1:1 !invalid", "2:0 {}"}));
}

}  // namespace
}  // namespace continuum::service
