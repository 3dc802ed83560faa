#include "rocks/seam_file_system.h"

#include <rocksdb/env.h>

#include <cstring>
#include <set>

namespace continuum::rocks {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus to_io_status(const Status& status) {
  if (status) {
    return IOStatus::OK();
  }
  const Error& error = status.error();
  return error.code == ErrorCode::kNotFound ? IOStatus::NotFound(error.message)
                                            : IOStatus::IOError(error.message);
}

class SeamSequentialFile final : public rocksdb::FSSequentialFile {
 public:
  explicit SeamSequentialFile(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}
  IOStatus Read(size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    auto bytes = file_->read(at_, n);
    if (!bytes) {
      return to_io_status(fail(bytes.error()));
    }
    std::memcpy(scratch, bytes->data(), bytes->size());
    at_ += bytes->size();
    *result = Slice(scratch, bytes->size());
    return IOStatus::OK();
  }
  IOStatus Skip(uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  uint64_t at_ = 0;
};

class SeamRandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  explicit SeamRandomAccessFile(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}
  IOStatus Read(uint64_t offset, size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    auto bytes = file_->read(offset, n);
    if (!bytes) {
      return to_io_status(fail(bytes.error()));
    }
    std::memcpy(scratch, bytes->data(), bytes->size());
    *result = Slice(scratch, bytes->size());
    return IOStatus::OK();
  }

 private:
  std::unique_ptr<ReadableFile> file_;
};

class SeamWritableFile final : public rocksdb::FSWritableFile {
 public:
  explicit SeamWritableFile(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return to_io_status(file_->append({data.data(), data.size()}));
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    return size == file_->size() ? IOStatus::OK() : to_io_status(file_->truncate(size));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return to_io_status(file_->sync()); }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return file_->size(); }

 private:
  std::unique_ptr<WritableFile> file_;
};

class SeamDirectory final : public rocksdb::FSDirectory {
 public:
  SeamDirectory(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return to_io_status(files_.sync_directory(path_));
  }

 private:
  FileSystem& files_;
  std::string path_;
};

class SeamLock final : public rocksdb::FileLock {
 public:
  explicit SeamLock(std::string path) : path(std::move(path)) {}
  std::string path;
};

class NoLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

std::string plain(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

class SeamFileSystem final : public rocksdb::FileSystem {
 public:
  explicit SeamFileSystem(continuum::FileSystem& files) : files_(files) {}
  const char* Name() const override { return "continuum-seam"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext*) override {
    return open_for_reading<SeamSequentialFile>(path, result);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext*) override {
    return open_for_reading<SeamRandomAccessFile>(path, result);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext*) override {
    return open_for_writing(path, OpenMode::kTruncate, result);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext*) override {
    return open_for_writing(path, OpenMode::kAppend, result);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) override {
    if (!files_.is_directory(plain(path))) {
      return IOStatus::NotFound(path);
    }
    *result = std::make_unique<SeamDirectory>(files_, plain(path));
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    return files_.exists(plain(path)) ? IOStatus::OK() : IOStatus::NotFound(path);
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    auto names = files_.list(plain(path));
    if (!names) {
      return to_io_status(fail(names.error()));
    }
    *result = std::move(*names);
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return to_io_status(files_.remove(plain(path)));
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return to_io_status(files_.make_directories(plain(path)));
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return to_io_status(files_.make_directories(plain(path)));
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return to_io_status(files_.remove(plain(path)));
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* size,
                       IODebugContext*) override {
    auto file = files_.open_readable(plain(path));
    if (!file) {
      return to_io_status(fail(file.error()));
    }
    *size = (*file)->size().value_or(0);
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    return to_io_status(files_.rename(plain(from), plain(to)));
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&,
                    IODebugContext*) override {
    Status linked = files_.link(plain(from), plain(to));
    return !linked && linked.error().code == ErrorCode::kUnsupported
               ? IOStatus::NotSupported(linked.error().message)
               : to_io_status(linked);
  }
  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock,
                    IODebugContext*) override {
    *lock = new SeamLock(path);
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    delete lock;
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string* path, IODebugContext*) override {
    *path = "/test";
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext*) override {
    *result = std::make_shared<NoLogger>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* result,
                           IODebugContext*) override {
    *result = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is,
                       IODebugContext*) override {
    *is = files_.is_directory(plain(path));
    return IOStatus::OK();
  }

 private:
  template <typename File, typename Result>
  IOStatus open_for_reading(const std::string& path, Result* result) {
    auto file = files_.open_readable(plain(path));
    if (!file) {
      return to_io_status(fail(file.error()));
    }
    *result = std::make_unique<File>(std::move(*file));
    return IOStatus::OK();
  }
  IOStatus open_for_writing(const std::string& path, OpenMode mode,
                            std::unique_ptr<rocksdb::FSWritableFile>* result) {
    auto file = files_.open_writable(plain(path), mode);
    if (!file) {
      return to_io_status(fail(file.error()));
    }
    *result = std::make_unique<SeamWritableFile>(std::move(*file));
    return IOStatus::OK();
  }

  continuum::FileSystem& files_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> on_seam(continuum::FileSystem& files) {
  return std::make_shared<SeamFileSystem>(files);
}

}  // namespace continuum::rocks
