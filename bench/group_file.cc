#include "bench/group_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace continuum::bench {
namespace {

constexpr uint64_t kFileBytes = uint64_t{256} << 20;

}  // namespace

Result<std::unique_ptr<GroupFile>> GroupFile::create(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(ErrorCode::kUnavailable, "the floor's file could not be made", {{path, "open"}});
  }
  std::unique_ptr<GroupFile> made(new GroupFile(path, file));
  const std::string zeros(size_t{1} << 20, '\0');
  for (uint64_t at = 0; at < kFileBytes; at += zeros.size()) {
    if (::pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(at)) < 0) {
      return fail(ErrorCode::kUnavailable, "the floor's file could not be written");
    }
  }
  ::fsync(file);
  return made;
}

GroupFile::~GroupFile() {
  ::close(file_);
  std::remove(path_.c_str());
}

bool GroupFile::append(std::string_view bytes) {
  Waiter waiter;
  std::unique_lock lock(mutex_);
  queue_.push_back(&waiter);
  waiting_ += bytes;
  while (!waiter.done) {
    if (writing_ || queue_.front() != &waiter) {
      waiter.moved.wait(lock);
      continue;
    }
    writing_ = true;
    const std::vector<Waiter*> group = std::exchange(queue_, {});
    const std::string together = std::exchange(waiting_, {});
    lock.unlock();
    const bool good = write(together);
    lock.lock();
    good_ = good_ && good;
    writing_ = false;
    if (!queue_.empty()) {
      queue_.front()->moved.notify_one();
    }
    for (Waiter* each : group) {
      each->done = true;
      each->moved.notify_one();
    }
  }
  return good_;
}

bool GroupFile::write(const std::string& bytes) {
  at_ = at_ + bytes.size() > kFileBytes ? 0 : at_;
  const ssize_t count = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at_));
  at_ += bytes.size();
  return count == static_cast<ssize_t>(bytes.size()) && ::fdatasync(file_) == 0;
}

}  // namespace continuum::bench
