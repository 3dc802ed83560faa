// A file that keeps room on the disk for the ledger. When the disk runs full it is given up, so
// that answers can still be written down for a while, and somebody has the time to act. When that
// room is used up too, the ledger's write fails and nothing is answered.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace continuum::service {

// Made again when so many times its size is free.
inline constexpr uint64_t kReserveRoomFactor = 3;

// The seam: the file, and the file system it lies in. One thread at a time.
class ReserveFile {
 public:
  virtual ~ReserveFile() = default;
  // Of the file system, for this process.
  virtual Result<uint64_t> free_bytes() = 0;
  // Of the file; 0 when it is not there.
  virtual Result<uint64_t> held_bytes() = 0;
  // Makes the file so large, its blocks taken. After an error nothing is held.
  virtual Status hold(uint64_t bytes) = 0;
  // Frees its blocks.
  virtual Status give_up() = 0;
};
// The folder must be there.
std::unique_ptr<ReserveFile> posix_reserve_file(std::string path);

struct DiskNumbers {
  uint64_t free_bytes = 0;
  uint64_t reserve_bytes = 0;  // 0 when it is given up
  bool low = false;            // the reserve is not whole, or less than its size is free besides
};

// Thread-safe.
class DiskReserve {
 public:
  // `bytes` 0: no reserve is kept.
  DiskReserve(std::unique_ptr<ReserveFile> file, uint64_t bytes)
      : file_(std::move(file)), bytes_(bytes) {}

  enum class Event : uint8_t { kNone, kMade, kGivenUp };
  // Looks at the disk, and makes the reserve or gives it up. To be called every second or so.
  Result<Event> look();
  // As of the last look.
  DiskNumbers numbers() const;

 private:
  std::unique_ptr<ReserveFile> file_;  // of who calls look()
  uint64_t bytes_;
  mutable std::mutex mutex_;
  DiskNumbers numbers_;
};

}  // namespace continuum::service
