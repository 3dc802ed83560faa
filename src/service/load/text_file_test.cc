#include "service/load/text_file.h"

#include <bzlib.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "base/random.h"
#include "service/load/limits.h"

namespace continuum::service {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string bzip2(std::string_view text) {
  auto size = static_cast<unsigned>(text.size() + text.size() / 50 + 1000);
  std::string out(size, '\0');
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()),
                                     static_cast<unsigned>(text.size()), 9, 0, 0),
            BZ_OK);
  out.resize(size);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  EXPECT_FALSE(ZSTD_isError(size));
  out.resize(size);
  return out;
}

// Blocks end where the sender flushed, not where the reader's buffer does.
std::string zstd_flushed_after(std::string_view text, size_t flush_at) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::string out(ZSTD_compressBound(text.size()) + 1024, '\0');
  ZSTD_outBuffer output{out.data(), out.size(), 0};
  ZSTD_inBuffer first{text.data(), flush_at, 0};
  EXPECT_EQ(ZSTD_compressStream2(context, &output, &first, ZSTD_e_flush), 0U);
  ZSTD_inBuffer second{text.data() + flush_at, text.size() - flush_at, 0};
  EXPECT_EQ(ZSTD_compressStream2(context, &output, &second, ZSTD_e_end), 0U);
  ZSTD_freeCCtx(context);
  out.resize(output.pos);
  return out;
}

class TextFileTest : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view bytes) {
    auto file = files_.open_writable(path, OpenMode::kTruncate);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(bytes));
  }

  Result<std::string> read(const std::string& path, size_t size_max = 1 << 26) {
    TRY(auto file, TextFile::open(files_, path));
    return read_all(*file, size_max);
  }

  void expect_text(const std::string& path, std::string_view bytes, const std::string& text) {
    write(path, bytes);
    auto found = read(path);
    ASSERT_TRUE(found) << path << ": " << found.error().text();
    EXPECT_TRUE(*found == text) << path << ": " << found->size() << " for " << text.size();
  }

  void expect_damaged(const std::string& path, std::string_view bytes) {
    write(path, bytes);
    auto found = read(path);
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalid);
  }

  MemoryFileSystem files_;
};

using Compressor = std::string (*)(std::string_view);
constexpr std::pair<const char*, Compressor> kFormats[] = {
    {"/a.json.gz", gzip}, {"/a.json.bz2", bzip2}, {"/a.json.zst", zstd}};

// Neither all alike nor random, and longer than any buffer.
std::string long_text() {
  SeededRandom random(7);
  std::string text;
  while (text.size() < 1'500'000) {
    text += "line " + std::to_string(random.below(100'000)) + " of some text\n";
  }
  return text;
}

TEST_F(TextFileTest, ReadsEachFormat) {
  for (const std::string& text : {std::string("{}"), std::string(), long_text()}) {
    expect_text("/a.json", text, text);
    for (const auto& [path, compress] : kFormats) {
      expect_text(path, compress(text), text);
    }
  }
}

TEST_F(TextFileTest, ReadsWhatIsAllAlike) {
  std::string text(3'000'000, ' ');
  for (const auto& [path, compress] : kFormats) {
    expect_text(path, compress(text), text);
  }
}

TEST_F(TextFileTest, ReadsMembersOneAfterAnother) {
  for (const auto& [path, compress] : kFormats) {
    expect_text(path, compress("one ") + compress("") + compress("two"), "one two");
  }
}

TEST_F(TextFileTest, ReadsZstdWhoseLastBlockEndsPastTheBuffer) {
  std::string text = long_text().substr(0, 300'000);
  for (size_t flush_at : {size_t{1}, size_t{100'000}, size_t{140'000}, size_t{200'000}}) {
    expect_text("/a.zst", zstd_flushed_after(text, flush_at), text);
  }
}

TEST_F(TextFileTest, RefusesWhatIsCutShort) {
  for (const auto& [path, compress] : kFormats) {
    std::string bytes = compress(long_text().substr(0, 50'000));
    for (size_t size : {size_t{1}, size_t{5}, bytes.size() / 2, bytes.size() - 1}) {
      expect_damaged(path, bytes.substr(0, size));
    }
    expect_damaged(path, "");
    expect_damaged(path, bytes + bytes.substr(0, bytes.size() / 2));
  }
}

TEST_F(TextFileTest, RefusesWhatIsDamaged) {
  for (const auto& [path, compress] : kFormats) {
    std::string bytes = compress(long_text().substr(0, 50'000));
    bytes[0] ^= 0x55;
    expect_damaged(path, bytes);
    expect_damaged(path, "{\"resourceType\":\"Patient\"}");
  }
  std::string bytes = gzip(long_text().substr(0, 50'000));
  bytes[bytes.size() / 2] ^= 0x55;
  expect_damaged("/a.gz", bytes);
}

TEST_F(TextFileTest, RefusesMoreThanAsked) {
  write("/a.gz", gzip(std::string(1'000'000, 'a')));
  auto found = read("/a.gz", 999'999);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kTooLarge);
}

TEST_F(TextFileTest, NamesMissingFiles) {
  auto found = read("/absent.gz");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
}

TEST_F(TextFileTest, KnowsFormatsByTheEndOfTheName) {
  EXPECT_EQ(compression_of("a.json"), Compression::kNone);
  EXPECT_EQ(compression_of("a.ndjson.zst"), Compression::kZstd);
  EXPECT_EQ(without_compression("a.ndjson.bz2"), "a.ndjson");
  EXPECT_EQ(without_compression("a.gz.json"), "a.gz.json");
}

class Lines : public TextFileTest {
 protected:
  std::vector<std::string> lines(std::string_view text) {
    write("/l.ndjson", text);
    auto file = TextFile::open(files_, "/l.ndjson");
    EXPECT_TRUE(file);
    LineReader reader(**file);
    std::vector<std::string> out;
    std::string line;
    for (auto more = reader.next(line); more && *more; more = reader.next(line)) {
      out.push_back(line);
    }
    return out;
  }
  using Texts = std::vector<std::string>;
};

TEST_F(Lines, AreCutAtTheirEnds) {
  EXPECT_EQ(lines(""), Texts());
  EXPECT_EQ(lines("a"), Texts({"a"}));
  EXPECT_EQ(lines("a\nb\n"), Texts({"a", "b"}));
  EXPECT_EQ(lines("a\r\n\r\nb\r\n"), Texts({"a", "", "b"}));
  EXPECT_EQ(lines("\n\n"), Texts({"", ""}));
}

TEST_F(Lines, MayBeLongerThanTheBuffer) {
  std::string a(700'000, 'a');
  std::string b(300'000, 'b');
  EXPECT_EQ(lines(a + "\n" + b), Texts({a, b}));
}

TEST_F(Lines, HaveALimit) {
  write("/l.ndjson.gz", gzip("first\n" + std::string(kLoadLineBytesMax + 2, 'a') + "\nlast\n"));
  auto file = TextFile::open(files_, "/l.ndjson.gz");
  ASSERT_TRUE(file);
  LineReader reader(**file);
  std::string line;
  EXPECT_TRUE(*reader.next(line));
  EXPECT_EQ(line, "first");
  auto more = reader.next(line);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kTooLarge);
  // The lines after it are not lost with it.
  EXPECT_TRUE(*reader.next(line));
  EXPECT_EQ(line, "last");
  EXPECT_FALSE(*reader.next(line));
}

}  // namespace
}  // namespace continuum::service
