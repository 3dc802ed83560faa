#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file_system.h"

namespace continuum {
namespace {

tl::unexpected<Error> failed(const char* doing, const std::string& path) {
  int error = errno;
  ErrorCode code = ErrorCode::kUnavailable;
  if (error == ENOENT || error == ENOTDIR) {
    code = ErrorCode::kNotFound;
  } else if (error == EACCES || error == EPERM) {
    code = ErrorCode::kForbidden;
  }
  return fail(code, std::string("can't ") + doing + " " + path + ": " + std::strerror(error));
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(int fd, std::string path, uint64_t size)
      : fd_(fd), path_(std::move(path)), size_(size) {}
  ~PosixWritableFile() override { ::close(fd_); }

  Status append(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t wrote = ::write(fd_, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) {
        continue;
      }
      if (wrote < 0) {
        return failed("write", path_);
      }
      bytes.remove_prefix(static_cast<size_t>(wrote));
      size_ += static_cast<uint64_t>(wrote);
    }
    return {};
  }
  Status sync() override {
    if (::fdatasync(fd_) != 0) {
      return failed("sync", path_);
    }
    return {};
  }
  Status truncate(uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
      return failed("truncate", path_);
    }
    size_ = size;
    return {};
  }
  uint64_t size() const override { return size_; }

 private:
  int fd_;
  std::string path_;
  uint64_t size_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixReadableFile() override { ::close(fd_); }

  Result<std::string> read(uint64_t offset, size_t size) const override {
    std::string out(size, '\0');
    size_t have = 0;
    while (have < size) {
      ssize_t got = ::pread(fd_, out.data() + have, size - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return failed("read", path_);
      }
      if (got == 0) {
        break;
      }
      have += static_cast<size_t>(got);
    }
    out.resize(have);
    return out;
  }
  Result<uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) {
      return failed("look at", path_);
    }
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  int fd_;
  std::string path_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path,
                                                      OpenMode mode) override {
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND;
    if (mode == OpenMode::kTruncate) {
      flags |= O_TRUNC;
    }
    int fd = ::open(path.c_str(), flags, 0600);
    if (fd < 0) {
      return failed("open", path);
    }
    struct stat info {};
    if (::fstat(fd, &info) != 0) {
      auto error = failed("look at", path);
      ::close(fd);
      return error;
    }
    return std::make_unique<PosixWritableFile>(fd, path, static_cast<uint64_t>(info.st_size));
  }

  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    // Without O_NONBLOCK a pipe without a writer would hang the program.
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
      return failed("open", path);
    }
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
      ::close(fd);
      return fail(ErrorCode::kInvalid, path + " is not a regular file");
    }
    return std::make_unique<PosixReadableFile>(fd, path);
  }

  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  bool is_directory(const std::string& path) override {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    DIR* handle = ::opendir(directory.c_str());
    if (handle == nullptr) {
      return failed("list", directory);
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(handle)) {
      std::string name = entry->d_name;
      if (name != "." && name != "..") {
        names.push_back(std::move(name));
      }
    }
    ::closedir(handle);
    std::sort(names.begin(), names.end());
    return names;
  }

  Status make_directories(const std::string& path) override {
    if (path.empty() || is_directory(path)) {
      return {};
    }
    TRY(make_directories(parent_directory(path)));
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
      return failed("make folder", path);
    }
    return {};
  }

  Status remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) {
      return failed("remove", path);
    }
    return {};
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return failed("rename", from);
    }
    return {};
  }

  Status link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) {
      return {};
    }
    switch (errno) {
      case EXDEV:
      case EPERM:
      case EMLINK:
      case EOPNOTSUPP:
        return FileSystem::link(from, to);
      case EEXIST:
        return fail(ErrorCode::kConflict, "there is a file of that name: " + to);
      default:
        return failed("link", from);
    }
  }

  Status sync_directory(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
      return failed("open folder", path);
    }
    bool synced = ::fsync(fd) == 0;
    auto error = failed("sync folder", path);
    ::close(fd);
    if (!synced) {
      return error;
    }
    return {};
  }
};

Status remove_tree(FileSystem& files, const std::string& path, int depth) {
  if (!files.is_directory(path)) {
    return files.exists(path) ? files.remove(path) : Status();
  }
  if (depth == 0) {
    return fail(ErrorCode::kTooLarge, "folders lie too deep to be removed: " + path);
  }
  TRY(auto names, files.list(path));
  for (const std::string& name : names) {
    TRY(remove_tree(files, path + "/" + name, depth - 1));
  }
  return files.remove(path);
}

}  // namespace

Status FileSystem::link(const std::string& from, const std::string& /*to*/) {
  return fail(ErrorCode::kUnsupported, "no second name can be given to " + from);
}

Status remove_tree(FileSystem& files, const std::string& path) {
  return remove_tree(files, path, kTreeDepthMax);
}

std::string parent_directory(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::string> read_file(FileSystem& files, const std::string& path, uint64_t size_max) {
  TRY(auto file, files.open_readable(path));
  TRY(uint64_t size, file->size());
  if (size > size_max) {
    return fail(ErrorCode::kTooLarge, path + " is larger than " + std::to_string(size_max) +
                                          " bytes, the most that is read");
  }
  return file->read(0, size);
}

Status replace_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  std::string beside = path + ".new";
  {
    TRY(auto file, files.open_writable(beside, OpenMode::kTruncate));
    TRY(file->append(bytes));
    TRY(file->sync());
  }
  TRY(files.rename(beside, path));
  return files.sync_directory(parent_directory(path));
}

FileSystem& posix_files() {
  static PosixFileSystem files;
  return files;
}

}  // namespace continuum
