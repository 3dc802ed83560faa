#include "main/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace continuum::commands {
namespace {

constexpr auto kBarInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(5);
constexpr int kBarWidth = 30;

}  // namespace

Progress::Progress(std::string unit)
    : unit_(std::move(unit)), terminal_(isatty(STDERR_FILENO) != 0) {}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void Progress::show(const std::string& stage, uint64_t done, uint64_t total, uint64_t count) {
  std::lock_guard lock(mutex_);
  auto now = Clock::now();
  bool first = shown_ == Clock::time_point::min();
  auto since = first ? now - start_ : now - shown_;
  if (since < (terminal_ ? Clock::duration(kBarInterval) : Clock::duration(kLineInterval))) {
    return;
  }
  shown_ = now;
  double share = total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
  double left = share > 0 ? seconds() * (1 - share) / share : 0;
  if (terminal_) {
    draw_bar(stage, share, count, left);
  } else {
    std::fprintf(stderr, "%s: %.0f %%, %lu %s, %.0f/s, about %.0f s left\n", stage.c_str(),
                 share * 100, count, unit_.c_str(), static_cast<double>(count) / seconds(), left);
  }
}

void Progress::draw_bar(const std::string& stage, double share, uint64_t count, double left) {
  int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  std::string bar(static_cast<size_t>(filled), '#');
  bar.resize(kBarWidth, '.');
  std::fprintf(stderr, "\r%-8s [%s] %3.0f %%  %lu  %.0f/s  %.0f s left \x1B[K", stage.c_str(),
               bar.c_str(), share * 100, count, static_cast<double>(count) / seconds(), left);
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() {
  std::lock_guard lock(mutex_);
  if (drawn_) {
    std::fprintf(stderr, "\r\x1B[K");
    drawn_ = false;
  }
}

}  // namespace continuum::commands
