#include "service/load/text_file.h"

#include <bzlib.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "service/load/limits.h"

namespace continuum::service {
namespace {

constexpr size_t kStep = size_t{1} << 18;

class FileBytes {
 public:
  explicit FileBytes(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}
  // False at the end.
  Result<bool> next(std::string& bytes) {
    TRY(bytes, file_->read(position_, kStep));
    position_ += bytes.size();
    return !bytes.empty();
  }
  uint64_t position() const { return position_; }

 private:
  std::unique_ptr<ReadableFile> file_;
  uint64_t position_ = 0;
};

tl::unexpected<Error> damaged(const std::string& path) {
  return fail(ErrorCode::kInvalid, path + ": the compressed data is damaged or cut short");
}

class PlainFile final : public TextFile {
 public:
  explicit PlainFile(FileBytes bytes) : bytes_(std::move(bytes)) {}
  Result<bool> read(std::string& out) override {
    TRY(bool more, bytes_.next(buffer_));
    out.append(buffer_);
    return more;
  }
  uint64_t position() const override { return bytes_.position(); }

 private:
  FileBytes bytes_;
  std::string buffer_;
};

// What the three formats have in common: take input when there is none left, until output appears.
// Decoder: ok() after construction; decode(in, in_size, out, out_size) -> {used, made, error,
// at_end}.
struct Step {
  size_t used = 0;
  size_t made = 0;
  bool failed = false;
  bool at_end = false;  // of a member; another may follow
};

template <typename Decoder>
class CompressedFile final : public TextFile {
 public:
  CompressedFile(FileBytes bytes, std::string path)
      : bytes_(std::move(bytes)), path_(std::move(path)), output_(kStep, '\0') {}

  Result<bool> read(std::string& out) override {
    while (true) {
      if (at_ == input_.size() && !has_more_output_) {
        TRY(bool more, bytes_.next(input_));
        at_ = 0;
        if (!more) {
          if (!at_member_end_) {
            return damaged(path_);
          }
          return false;
        }
      }
      Step step =
          decoder_.decode(input_.data() + at_, input_.size() - at_, output_.data(), output_.size());
      if (step.failed) {
        return damaged(path_);
      }
      at_ += step.used;
      at_member_end_ = step.at_end;
      has_more_output_ = !step.at_end && step.made == output_.size();
      if (step.made > 0) {
        out.append(output_, 0, step.made);
        return true;
      }
    }
  }
  uint64_t position() const override { return bytes_.position(); }

 private:
  FileBytes bytes_;
  std::string path_;
  std::string input_;
  size_t at_ = 0;
  std::string output_;
  bool at_member_end_ = false;    // an empty file has no member, and is no compressed file
  bool has_more_output_ = false;  // the decoder may hold output that found no room
  Decoder decoder_;
};

class GzipDecoder {
 public:
  GzipDecoder() { inflateInit2(&stream_, 15 + 16); }
  ~GzipDecoder() { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Step decode(char* in, size_t in_size, char* out, size_t out_size) {
    if (restart_) {
      inflateReset(&stream_);
      restart_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(in);
    stream_.avail_in = static_cast<uInt>(in_size);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(out_size);
    int result = inflate(&stream_, Z_NO_FLUSH);
    Step step{in_size - stream_.avail_in, out_size - stream_.avail_out};
    step.at_end = result == Z_STREAM_END;
    restart_ = step.at_end;
    step.failed = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
    return step;
  }

 private:
  z_stream stream_{};
  bool restart_ = false;
};

class Bzip2Decoder {
 public:
  Bzip2Decoder() { BZ2_bzDecompressInit(&stream_, 0, 0); }
  ~Bzip2Decoder() { BZ2_bzDecompressEnd(&stream_); }
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

  Step decode(char* in, size_t in_size, char* out, size_t out_size) {
    if (restart_) {
      BZ2_bzDecompressEnd(&stream_);
      stream_ = {};
      BZ2_bzDecompressInit(&stream_, 0, 0);
      restart_ = false;
    }
    stream_.next_in = in;
    stream_.avail_in = static_cast<unsigned>(in_size);
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(out_size);
    int result = BZ2_bzDecompress(&stream_);
    Step step{in_size - stream_.avail_in, out_size - stream_.avail_out};
    step.at_end = result == BZ_STREAM_END;
    restart_ = step.at_end;
    step.failed = result != BZ_OK && result != BZ_STREAM_END;
    return step;
  }

 private:
  bz_stream stream_{};
  bool restart_ = false;
};

class ZstdDecoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) {}
  ~ZstdDecoder() { ZSTD_freeDStream(stream_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Step decode(char* in, size_t in_size, char* out, size_t out_size) {
    ZSTD_inBuffer input{in, in_size, 0};
    ZSTD_outBuffer output{out, out_size, 0};
    size_t result = ZSTD_decompressStream(stream_, &output, &input);
    return {input.pos, output.pos, ZSTD_isError(result) != 0, result == 0};
  }

 private:
  ZSTD_DStream* stream_;
};

bool ends_with(std::string_view text, std::string_view end) {
  return text.ends_with(end);
}

}  // namespace

Compression compression_of(std::string_view path) {
  if (ends_with(path, ".gz")) {
    return Compression::kGzip;
  }
  if (ends_with(path, ".bz2")) {
    return Compression::kBzip2;
  }
  return ends_with(path, ".zst") ? Compression::kZstd : Compression::kNone;
}

std::string_view without_compression(std::string_view path) {
  return compression_of(path) == Compression::kNone ? path : path.substr(0, path.rfind('.'));
}

Result<std::unique_ptr<TextFile>> TextFile::open(FileSystem& files, const std::string& path) {
  TRY(auto file, files.open_readable(path));
  FileBytes bytes(std::move(file));
  switch (compression_of(path)) {
    case Compression::kNone:
      return std::make_unique<PlainFile>(std::move(bytes));
    case Compression::kGzip:
      return std::make_unique<CompressedFile<GzipDecoder>>(std::move(bytes), path);
    case Compression::kBzip2:
      return std::make_unique<CompressedFile<Bzip2Decoder>>(std::move(bytes), path);
    case Compression::kZstd:
      return std::make_unique<CompressedFile<ZstdDecoder>>(std::move(bytes), path);
  }
  return fail(ErrorCode::kInternal, "unknown compression");
}

Result<std::string> read_all(TextFile& file, size_t size_max) {
  std::string out;
  bool more = true;
  while (more) {
    TRY(more, file.read(out));
    if (out.size() > size_max) {
      return fail(ErrorCode::kTooLarge, "the file holds more than " + std::to_string(size_max) +
                                            " bytes: split it, or use NDJSON");
    }
  }
  return out;
}

Result<bool> LineReader::next(std::string& line) {
  line.clear();
  bool too_long = false;
  auto refuse = [] {
    return fail(ErrorCode::kTooLarge,
                "a line is longer than " + std::to_string(kLoadLineBytesMax) + " bytes");
  };
  while (true) {
    size_t end = buffer_.find('\n', at_);
    if (end != std::string::npos) {
      line.append(buffer_, at_, end - at_);
      at_ = end + 1;
      if (too_long || line.size() > kLoadLineBytesMax) {
        return refuse();
      }
      if (!line.empty() && line.back() == '\r') {
        line.pop_back();
      }
      return true;
    }
    line.append(buffer_, at_);
    buffer_.clear();
    at_ = 0;
    if (line.size() > kLoadLineBytesMax) {
      too_long = true;
      line.clear();
    }
    TRY(bool more, file_.read(buffer_));
    if (!more && too_long) {
      return refuse();
    }
    if (!more) {
      return !line.empty();
    }
  }
}

}  // namespace continuum::service
