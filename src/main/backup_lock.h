// One command at a time in a backup folder.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace continuum::commands {

class BackupLock {
 public:
  // Held until it goes, or the process ends. kBusy: another command holds it.
  static Result<BackupLock> take(const std::string& folder);
  BackupLock(BackupLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  BackupLock& operator=(BackupLock&&) = delete;
  ~BackupLock();

 private:
  explicit BackupLock(int file) : file_(file) {}
  int file_;
};

}  // namespace continuum::commands
