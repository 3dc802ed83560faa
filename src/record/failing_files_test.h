// For tests: files of which an operation fails, or whose disk is full.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/file_system.h"

namespace continuum::record {

// Over another file system, whose files it shares. Thread-safe.
class FailingFiles final : public FileSystem {
 public:
  explicit FailingFiles(FileSystem& below) : below_(below) {}

  // The n-th operation from now fails, once: of all, or of a file that is written. 0: the next.
  void fail_after(uint64_t operations) { left_ = static_cast<int64_t>(operations); }
  bool has_failed() const { return left_ < 0; }
  // From the n-th append or new file on all of them fail, until there is room.
  void fill_after(uint64_t writes) { room_ = static_cast<int64_t>(writes); }
  bool is_full() const { return room_ < 0; }
  // None fails any more, and there is room.
  void mend() {
    left_ = INT64_MAX;
    room_ = INT64_MAX;
  }

  Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path,
                                                      OpenMode mode) override {
    TRY(spend());
    TRY(take_room());
    TRY(auto file, below_.open_writable(path, mode));
    return std::make_unique<Writable>(*this, std::move(file));
  }
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    TRY(spend());
    TRY(auto file, below_.open_readable(path));
    return std::make_unique<Readable>(*this, std::move(file));
  }
  bool exists(const std::string& path) override { return below_.exists(path); }
  bool is_directory(const std::string& path) override { return below_.is_directory(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    TRY(spend());
    return below_.list(path);
  }
  Status make_directories(const std::string& path) override {
    TRY(spend());
    return below_.make_directories(path);
  }
  Status remove(const std::string& path) override {
    TRY(spend());
    return below_.remove(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    TRY(spend());
    return below_.rename(from, to);
  }
  Status sync_directory(const std::string& path) override {
    TRY(spend());
    return below_.sync_directory(path);
  }

 private:
  class Writable final : public WritableFile {
   public:
    Writable(FailingFiles& files, std::unique_ptr<WritableFile> below)
        : files_(files), below_(std::move(below)) {}
    Status append(std::string_view bytes) override {
      TRY(files_.spend());
      if (Status room = files_.take_room(); !room) {
        // What still fits is written.
        static_cast<void>(below_->append(bytes.substr(0, bytes.size() / 2)));
        return room;
      }
      return below_->append(bytes);
    }
    Status sync() override {
      TRY(files_.spend());
      return below_->sync();
    }
    Status truncate(uint64_t size) override {
      TRY(files_.spend());
      return below_->truncate(size);
    }
    uint64_t size() const override { return below_->size(); }

   private:
    FailingFiles& files_;
    std::unique_ptr<WritableFile> below_;
  };
  class Readable final : public ReadableFile {
   public:
    Readable(FailingFiles& files, std::unique_ptr<ReadableFile> below)
        : files_(files), below_(std::move(below)) {}
    Result<std::string> read(uint64_t offset, size_t size) const override {
      TRY(files_.spend());
      return below_->read(offset, size);
    }
    Result<uint64_t> size() const override {
      TRY(files_.spend());
      return below_->size();
    }

   private:
    FailingFiles& files_;
    std::unique_ptr<ReadableFile> below_;
  };

  Status spend() {
    return left_.fetch_sub(left_ < 0 ? 0 : 1) == 0
               ? fail(ErrorCode::kUnavailable, "this operation fails")
               : Status();
  }
  Status take_room() {
    return room_ < 0 || room_.fetch_sub(1) == 0
               ? fail(ErrorCode::kUnavailable, "no space left on the disk")
               : Status();
  }

  FileSystem& below_;
  std::atomic<int64_t> left_{INT64_MAX};
  std::atomic<int64_t> room_{INT64_MAX};
};

}  // namespace continuum::record
