// Sorted rows put aside in a temporary file: what a bulk load can't hold in memory. Enciphered
// under a key that lives as long as the process, so that what a crash leaves behind is unreadable.
//
// File: rows one after another, each: how many bytes of the key it shares with the row before
// (varint), size of the rest of the key (varint), size of the value (varint), rest of the key,
// value.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace continuum::record {

// Rows in ascending order of keys. One thread at a time.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // Moves to the next row (the first, at the start); false at the end.
  virtual Result<bool> next() = 0;
  // Valid after true from next(), until the next move.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
};

// Where a run is kept. The file goes when this does.
class RowRun {
 public:
  // `number` tells apart the runs under one key: it is the iv.
  RowRun(FileSystem& files, std::string path, const crypto::Key& key, uint64_t number)
      : files_(files), path_(std::move(path)), key_(key), number_(number) {}
  RowRun(const RowRun&) = delete;
  RowRun& operator=(const RowRun&) = delete;
  ~RowRun();

  class Writer;
  // The run must outlive both.
  Result<std::unique_ptr<Writer>> write();
  Result<std::unique_ptr<RowSource>> read() const;

 private:
  FileSystem& files_;
  std::string path_;
  crypto::Key key_;
  uint64_t number_;
  uint64_t sum_ = 0;  // over all rows: what is read must be what was written
};

// Errors are of the file system; reading a file that was damaged is kCorrupt. Not synced: a run
// does not outlive its process.
class RowRun::Writer {
 public:
  Writer(RowRun& run, std::unique_ptr<WritableFile> file) : run_(run), file_(std::move(file)) {}
  Status put(std::string_view key, std::string_view value);
  Status close();

 private:
  Status append_buffer();

  RowRun& run_;
  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
  std::string last_key_;
};

// Merges sources into one. Of equal keys the row of the last source that has it stands.
class RowMerge final : public RowSource {
 public:
  explicit RowMerge(std::vector<std::unique_ptr<RowSource>> sources);
  Result<bool> next() override;
  std::string_view key() const override { return sources_[heap_.front()]->key(); }
  std::string_view value() const override { return sources_[heap_.front()]->value(); }

 private:
  bool comes_before(size_t a, size_t b) const;
  void sift_down(size_t at);
  Status advance_first();

  std::vector<std::unique_ptr<RowSource>> sources_;
  std::vector<size_t> heap_;  // sources with a row, the least key first
  bool started_ = false;
  std::string last_key_;
};

}  // namespace continuum::record
