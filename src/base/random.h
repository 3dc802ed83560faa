// The randomness seam. Keys, nonces and tokens come from SecureRandom; tests and the synthetic
// region use SeededRandom, which gives the same sequence on every machine.
#pragma once

#include <cstdint>
#include <string>

namespace continuum {

class Random {
 public:
  virtual ~Random() = default;
  // Fills `size` bytes. Never fails: without randomness the program cannot go on safely.
  virtual void fill(char* out, size_t size) = 0;

  std::string bytes(size_t size);
  uint64_t u64();
};

// The kernel's generator. Thread-safe.
class SecureRandom final : public Random {
 public:
  void fill(char* out, size_t size) override;
};

// SplitMix64: deterministic, not for secrets. One thread at a time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void fill(char* out, size_t size) override;
  uint64_t next();
  // Uniform in [0, bound); bound > 0.
  uint64_t below(uint64_t bound);
  // Uniform in [low, high], both included.
  int64_t between(int64_t low, int64_t high);
  // Uniform in [0, 1).
  double unit();

 private:
  uint64_t state_;
};

}  // namespace continuum
