// Reading text files, compressed or not, without holding more than asked for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace continuum::service {

enum class Compression : uint8_t { kNone, kGzip, kBzip2, kZstd };

// By the end of the name: .gz, .bz2, .zst.
Compression compression_of(std::string_view path);
// The name without that end.
std::string_view without_compression(std::string_view path);

// A stream of decompressed bytes. One thread at a time.
class TextFile {
 public:
  virtual ~TextFile() = default;
  // kNotFound and such; kInvalid, at read, for damaged compressed data.
  static Result<std::unique_ptr<TextFile>> open(FileSystem& files, const std::string& path);

  // Appends the next bytes, at least one unless the end is reached (then false).
  virtual Result<bool> read(std::string& out) = 0;
  // Bytes of the file itself read so far, for progress.
  virtual uint64_t position() const = 0;
};

// All of it; over `size_max` is kTooLarge.
Result<std::string> read_all(TextFile& file, size_t size_max);

// Lines of a TextFile, without their ends.
class LineReader {
 public:
  explicit LineReader(TextFile& file) : file_(file) {}
  // False at the end. kTooLarge: a line over kLoadLineBytesMax, which is passed over: the next call
  // gives the line after it. After any other error there is no more.
  Result<bool> next(std::string& line);

 private:
  TextFile& file_;
  std::string buffer_;
  size_t at_ = 0;
};

}  // namespace continuum::service
