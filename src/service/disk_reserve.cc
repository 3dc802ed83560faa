#include "service/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace continuum::service {
namespace {

constexpr uint64_t kStatBlockBytes = 512;  // of st_blocks, whatever the file system's own are

tl::unexpected<Error> failed(const char* doing, const std::string& path, int error) {
  return fail(ErrorCode::kUnavailable,
              std::string("can't ") + doing + " the reserve: " + std::strerror(error),
              {{path, "look after the disk"}});
}

class PosixReserveFile final : public ReserveFile {
 public:
  explicit PosixReserveFile(std::string path) : path_(std::move(path)) {}

  Result<uint64_t> free_bytes() override {
    size_t slash = path_.rfind('/');
    std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    struct statvfs disk = {};
    if (::statvfs(folder.c_str(), &disk) != 0) {
      return failed("look at the disk of", path_, errno);
    }
    return static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  }
  // A file that is long and sparse holds nothing.
  Result<uint64_t> held_bytes() override {
    struct stat file = {};
    if (::stat(path_.c_str(), &file) != 0) {
      return errno == ENOENT ? Result<uint64_t>(uint64_t{0})
                             : Result<uint64_t>(failed("look at", path_, errno));
    }
    return std::min(static_cast<uint64_t>(file.st_size),
                    static_cast<uint64_t>(file.st_blocks) * kStatBlockBytes);
  }
  Status hold(uint64_t bytes) override {
    int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) {
      return failed("make", path_, errno);
    }
    int error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
    ::close(file);
    if (error == 0) {
      return {};
    }
    TRY(give_up());
    return failed("make", path_, error);
  }
  Status give_up() override {
    if (::truncate(path_.c_str(), 0) != 0 && errno != ENOENT) {
      return failed("give up", path_, errno);
    }
    return {};
  }

 private:
  std::string path_;
};

}  // namespace

std::unique_ptr<ReserveFile> posix_reserve_file(std::string path) {
  return std::make_unique<PosixReserveFile>(std::move(path));
}

Result<DiskReserve::Event> DiskReserve::look() {
  Event event = Event::kNone;
  Status done;
  TRY(uint64_t free, file_->free_bytes());
  TRY(uint64_t held, file_->held_bytes());
  if (held > 0 && free < bytes_) {
    done = file_->give_up();
    event = Event::kGivenUp;
  } else if (held < bytes_ && free / kReserveRoomFactor >= bytes_) {
    done = file_->hold(bytes_);
    event = Event::kMade;
  }
  if (event != Event::kNone) {
    TRY(free, file_->free_bytes());
    TRY(held, file_->held_bytes());
  }
  {
    std::lock_guard lock(mutex_);
    numbers_ = {free, held, held < bytes_ || free < bytes_};
  }
  TRY(std::move(done));
  return event;
}

DiskNumbers DiskReserve::numbers() const {
  std::lock_guard lock(mutex_);
  return numbers_;
}

}  // namespace continuum::service
