// ByteBudget: how many bytes may be held at once, over all threads.
//
// The server takes request bodies and unwritten answers from one budget. A handler about to build a
// large answer reserves its size first, so that many large answers at once become "try again"
// rather than an exhausted machine, and hands the reservation over with the Response.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.h"

namespace continuum::http {

// Thread-safe. Must outlive every Reservation taken from it.
class ByteBudget {
 public:
  // Bytes held until destroyed, released or moved from. Movable; one thread at a time. A
  // default-constructed one holds nothing and belongs to no budget.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&& other) noexcept;
    ~Reservation() { release(); }

    uint64_t bytes() const { return bytes_; }
    // Holds `more` bytes on top; kBusy when they don't fit (what was held stays held). On a
    // reservation of no budget: kInternal.
    Status grow(uint64_t more);
    // Gives back all but `bytes`; nothing when it holds fewer.
    void shrink_to(uint64_t bytes);
    void release() { shrink_to(0); }

   private:
    friend class ByteBudget;
    Reservation(ByteBudget* budget, uint64_t bytes) : budget_(budget), bytes_(bytes) {}
    ByteBudget* budget_ = nullptr;
    uint64_t bytes_ = 0;
  };

  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // kBusy when `bytes` don't fit beside what is held. reserve(0) always succeeds.
  Result<Reservation> reserve(uint64_t bytes);
  // Holds bytes that exist already, over the limit if need be.
  Reservation charge(uint64_t bytes);

  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t bytes_max() const { return bytes_max_; }
  // No further byte fits.
  bool exhausted() const { return used() >= bytes_max_; }

 private:
  bool take(uint64_t bytes);
  void give_back(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  const uint64_t bytes_max_;
  std::atomic<uint64_t> used_{0};
};

}  // namespace continuum::http
