// How many requests one caller may make in one second. Each leaves entries in the ledger that
// nobody can ever take out again: without a bound one caller could fill the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace continuum::api {

// Thread-safe.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit RateLimit(uint64_t requests_per_second) : max_(requests_per_second) {}

  // Counts a request; false when the caller has had theirs in this second.
  bool admit(std::string_view caller, Time now);

 private:
  uint64_t max_;
  std::mutex mutex_;
  int64_t second_ = 0;
  std::unordered_map<std::string, uint64_t> counts_;  // of this second
};

}  // namespace continuum::api
