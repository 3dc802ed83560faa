#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/instant.h"
#include "base/random.h"
#include "base/result.h"

namespace continuum {
namespace {

TEST(Bytes, RoundTrip) {
  std::string out;
  put_u8(out, 7);
  put_u16(out, 0xABCD);
  put_u32(out, 0xDEADBEEF);
  put_u48(out, 0x0000FFFFFFFFFFFFULL);
  put_u64(out, UINT64_MAX);
  put_varint(out, 0);
  put_varint(out, 127);
  put_varint(out, 128);
  put_varint(out, UINT64_MAX);
  put_length_prefixed(out, "abc");
  ByteReader reader(out);
  EXPECT_EQ(*reader.u8(), 7);
  EXPECT_EQ(*reader.u16(), 0xABCD);
  EXPECT_EQ(*reader.u32(), 0xDEADBEEF);
  EXPECT_EQ(*reader.u48(), 0x0000FFFFFFFFFFFFULL);
  EXPECT_EQ(*reader.u64(), UINT64_MAX);
  EXPECT_EQ(*reader.varint(), 0U);
  EXPECT_EQ(*reader.varint(), 127U);
  EXPECT_EQ(*reader.varint(), 128U);
  EXPECT_EQ(*reader.varint(), UINT64_MAX);
  EXPECT_EQ(*reader.length_prefixed(), "abc");
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(reader.u8().error().code, ErrorCode::kCorrupt);
}

TEST(Bytes, Base64UrlIsStrict) {
  // RFC 4648 section 10, without padding, and bytes that need the two last characters.
  const std::pair<std::string, const char*> rows[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(to_base64url(bytes), text);
    EXPECT_EQ(from_base64url(text).value(), bytes);
  }
  for (const char* bad : {"Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm9v\n", "Zm9vY"}) {
    EXPECT_FALSE(from_base64url(bad).has_value()) << bad;
  }
}

TEST(Bytes, Base64IsStrict) {
  const std::pair<std::string, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"},
                                                      {"\xfb\xff", "+/8="}};
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text).value(), bytes);
  }
  for (const char* bad : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm-v", "Zm9v\n", "Zm9v=", "Zm9v====",
                          "=", "==", "====", "Z===", "Zg==Zg==", "Zm8 ", "\xC3\xA9=="}) {
    EXPECT_FALSE(from_base64(bad).has_value()) << bad;
  }
  for (size_t size = 0; size < 100; ++size) {
    const std::string bytes = SeededRandom(size).bytes(size);
    EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
  }
}

TEST(Bytes, Utf8IsStrict) {
  using namespace std::string_view_literals;
  for (std::string_view good : {""sv, "a\0b"sv, "\xC2\x80"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv,
                                "\xEE\x80\x80"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv}) {
    EXPECT_TRUE(is_utf8(good)) << to_hex(good);
  }
  for (std::string_view bad :
       {"\x80"sv, "\xC1\xBF"sv, "\xC2"sv, "\xC2\x41"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv,
        "\xE2\x82"sv, "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv,
        "a\xE2\x82\xC0"sv}) {
    EXPECT_FALSE(is_utf8(bad)) << to_hex(bad);
  }
}

TEST(Bytes, HexIsStrict) {
  EXPECT_EQ(*from_hex(to_hex("\x01\xFFz")), "\x01\xFFz");
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("zz"));
}

TEST(Instant, Table) {
  struct Row {
    const char* text;
    const char* same_as;
  };
  for (const Row& row : {Row{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
                         Row{"2024-02-29T23:59:59.9999999Z", "2024-02-29T23:59:59.999Z"},
                         Row{"2026-11-22T07:49:00+01:00", "2026-11-22T06:49:00.000Z"},
                         Row{"0999-03-01T00:00:00.5-05:30", "0999-03-01T05:30:00.500Z"},
                         Row{"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"}}) {
    auto parsed = parse_fhir_instant(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(to_fhir_instant(*parsed), row.same_as);
  }
  for (const char* bad : {"", "2026", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
                          "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01 00:00:00Z",
                          "2026-01-01T00:00:00+15:00", "2026-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(parse_fhir_instant(bad)) << bad;
  }
  EXPECT_EQ(to_http_date(*parse_fhir_instant("1994-11-06T08:49:37Z")),
            "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Instant, CivilDatesRoundTrip) {
  for (int64_t day = -800'000; day < 800'000; day += 37) {
    CivilDate date = civil_from_days(day);
    ASSERT_EQ(days_from_civil(date.year, date.month, date.day), day);
  }
}

TEST(SeededRandom, IsTheSameEverywhere) {
  SeededRandom random(42);
  EXPECT_EQ(random.next(), 13679457532755275413ULL);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_LT(random.below(7), 7U);
  }
}

Status write_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  TRY(auto file, files.open_writable(path, OpenMode::kTruncate));
  TRY(file->append(bytes));
  return file->sync();
}

TEST(MemoryFileSystem, KeepsOnlyWhatWasSynced) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.make_directories("/d"));
  ASSERT_TRUE(write_file(files, "/d/named", "one"));
  ASSERT_TRUE(files.sync_directory("/d"));
  ASSERT_TRUE(write_file(files, "/d/unnamed", "two"));
  {
    auto file = files.open_writable("/d/named", OpenMode::kAppend);
    ASSERT_TRUE((*file)->append("lost"));
  }
  files.cut_power();
  EXPECT_FALSE(files.open_readable("/d/named"));
  files.restore_power();
  EXPECT_EQ(*read_file(files, "/d/named", 100), "one");
  EXPECT_FALSE(files.exists("/d/unnamed"));
}

TEST(MemoryFileSystem, CutsAtTheGivenOperation) {
  for (uint64_t cut = 0; cut < 10; ++cut) {
    MemoryFileSystem files;
    ASSERT_TRUE(files.make_directories("/d"));
    ASSERT_TRUE(replace_file(files, "/d/f", "old"));
    files.cut_after(cut);
    Status replaced = replace_file(files, "/d/f", "new");
    files.cut_power();
    files.restore_power();
    std::string found = *read_file(files, "/d/f", 100);
    EXPECT_TRUE(found == "old" || found == "new");
    if (replaced) {
      EXPECT_EQ(found, "new");
    }
  }
}

Status write(FileSystem& files, const std::string& path, std::string_view bytes) {
  TRY(auto file, files.open_writable(path, OpenMode::kTruncate));
  TRY(file->append(bytes));
  return file->sync();
}

TEST(MemoryFileSystem, ANewPlaceOfAFolderIsDurableOnceItsParentIsSynced) {
  for (bool synced : {false, true}) {
    MemoryFileSystem files;
    ASSERT_TRUE(files.make_directories("/a/b"));
    ASSERT_TRUE(files.make_directories("/old"));
    ASSERT_TRUE(write(files, "/a/b/x", "1"));
    ASSERT_TRUE(files.sync_directory("/a/b"));
    ASSERT_TRUE(files.rename("/a", "/c"));
    EXPECT_FALSE(files.exists("/a"));
    EXPECT_EQ(*files.list("/c/b"), std::vector<std::string>{"x"});
    if (synced) {
      ASSERT_TRUE(files.sync_directory("/"));
    }
    files.cut_power();
    files.restore_power();
    EXPECT_EQ(files.exists("/c/b/x"), synced);
    EXPECT_EQ(files.exists("/a/b/x"), !synced);
    EXPECT_EQ(files.is_directory("/c"), synced);
    ASSERT_TRUE(write(files, "/old/y", "2"));
    EXPECT_FALSE(files.rename(synced ? "/c" : "/a", "/old")) << "it is not empty";
    ASSERT_TRUE(files.remove("/old/y"));
    EXPECT_TRUE(files.rename(synced ? "/c" : "/a", "/old"));
    EXPECT_EQ(*read_file(files, "/old/b/x", 9), "1");
  }
}

TEST(MemoryFileSystem, ASecondNameIsTheSameFile) {
  MemoryFileSystem files;
  ASSERT_TRUE(write(files, "/x", "1"));
  ASSERT_TRUE(files.link("/x", "/y"));
  EXPECT_EQ(files.link("/x", "/y").error().code, ErrorCode::kConflict);
  EXPECT_EQ(files.link("/z", "/w").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files.sync_directory("/"));
  ASSERT_TRUE(files.remove("/x"));
  EXPECT_EQ(*read_file(files, "/y", 9), "1");
  files.cut_power();
  files.restore_power();
  EXPECT_EQ(*read_file(files, "/x", 9), "1") << "the removal was not durable";
  EXPECT_EQ(*read_file(files, "/y", 9), "1");
}

TEST(PosixFileSystem, LinksMovesAndRemovesFolders) {
  FileSystem& files = posix_files();
  std::string folder = testing::TempDir() + "/continuum_links_" + std::to_string(getpid());
  ASSERT_TRUE(files.make_directories(folder + "/a/b"));
  ASSERT_TRUE(write(files, folder + "/a/b/x", "1"));
  ASSERT_TRUE(files.link(folder + "/a/b/x", folder + "/y"));
  EXPECT_EQ(files.link(folder + "/a/b/x", folder + "/y").error().code, ErrorCode::kConflict);
  EXPECT_EQ(files.link(folder + "/z", folder + "/w").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files.make_directories(folder + "/c"));
  ASSERT_TRUE(files.rename(folder + "/a", folder + "/c"));
  ASSERT_TRUE(remove_tree(files, folder + "/c"));
  EXPECT_EQ(*read_file(files, folder + "/y", 9), "1");
  std::string deep = folder;
  for (int depth = 0; depth < kTreeDepthMax; ++depth) {
    deep += "/d";
  }
  ASSERT_TRUE(files.make_directories(deep));
  EXPECT_EQ(remove_tree(files, folder).error().code, ErrorCode::kTooLarge);
  ASSERT_TRUE(files.remove(deep));
  ASSERT_TRUE(remove_tree(files, folder));
  EXPECT_FALSE(files.exists(folder));
  EXPECT_TRUE(remove_tree(files, folder)) << "nothing is there";
}

TEST(PosixFileSystem, ReplacesAndLists) {
  FileSystem& files = posix_files();
  std::string dir = testing::TempDir() + "/continuum_base_test";
  ASSERT_TRUE(files.make_directories(dir + "/x/y"));
  ASSERT_TRUE(replace_file(files, dir + "/x/file", "abc"));
  EXPECT_EQ(*read_file(files, dir + "/x/file", 3), "abc");
  EXPECT_EQ(read_file(files, dir + "/x/file", 2).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(*files.list(dir + "/x"), (std::vector<std::string>{"file", "y"}));
  EXPECT_EQ(files.open_readable(dir + "/none").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files.remove(dir + "/x/file"));
}

TEST(PosixFileSystem, RefusesAPipeAndDoesNotWait) {
  std::string path = testing::TempDir() + "/continuum_base_test.pipe";
  ::unlink(path.c_str());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(posix_files().open_readable(path).error().code, ErrorCode::kInvalid);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace continuum
