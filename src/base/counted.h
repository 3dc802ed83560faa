// How many of something there are now.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace continuum {

// Adds one while it lives.
class Counted {
 public:
  Counted() = default;
  explicit Counted(std::atomic<uint32_t>& count) : count_(&count) { ++count; }
  Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Counted& operator=(Counted&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~Counted() { reset(); }
  void reset() {
    if (count_ != nullptr) {
      --*std::exchange(count_, nullptr);
    }
  }

 private:
  std::atomic<uint32_t>* count_ = nullptr;
};

}  // namespace continuum
