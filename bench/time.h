// Stop-watches, and what a list of times comes to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace continuum::bench {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start);
// User and system, of the calling thread; of this process.
double thread_cpu_seconds();
double process_cpu_seconds();

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
};
// Of at least one value.
Percentiles percentiles(std::vector<double> values);

// Makes sure that what was worked out is not left out by the compiler.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

// Calls `pass`, which does `count` operations, until the time is over: CPU us of one.
template <typename Pass>
double cpu_us_of(double seconds, size_t count, const Pass& pass) {
  const auto start = SteadyClock::now();
  const double before = thread_cpu_seconds();
  uint64_t done = 0;
  while (seconds_since(start) < seconds) {
    pass();
    done += count;
  }
  return (thread_cpu_seconds() - before) * 1e6 / static_cast<double>(done);
}

}  // namespace continuum::bench
