// Progress of long work: a bar with rate and time left on a terminal, now and then a line
// elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace continuum::commands {

// Writes to standard error. Thread-safe.
class Progress {
 public:
  // `unit`: what is counted, in the plural.
  explicit Progress(std::string unit = "resources");
  // `done` of `total` in any one unit; `count` things so far ("resources").
  void show(const std::string& stage, uint64_t done, uint64_t total, uint64_t count);
  // Removes the bar.
  void clear();
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  void draw_bar(const std::string& stage, double share, uint64_t count, double left);

  std::mutex mutex_;
  std::string unit_;
  bool terminal_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = Clock::time_point::min();
  bool drawn_ = false;
};

}  // namespace continuum::commands
