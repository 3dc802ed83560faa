// The floor of a durable append: one file whose blocks are there already; whoever comes first
// writes and syncs for all that wait.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace continuum::bench {

// Thread-safe. Its file is removed with it.
class GroupFile {
 public:
  static Result<std::unique_ptr<GroupFile>> create(const std::string& path);
  GroupFile(const GroupFile&) = delete;
  GroupFile& operator=(const GroupFile&) = delete;
  ~GroupFile();

  // Durable when it returns true.
  bool append(std::string_view bytes);

 private:
  struct Waiter {
    std::condition_variable moved;
    bool done = false;
  };

  GroupFile(std::string path, int file) : path_(std::move(path)), file_(file) {}
  bool write(const std::string& bytes);

  std::string path_;
  int file_;
  uint64_t at_ = 0;
  std::mutex mutex_;
  std::vector<Waiter*> queue_;
  std::string waiting_;  // bytes of those in the queue
  bool writing_ = false;
  bool good_ = true;
};

}  // namespace continuum::bench
