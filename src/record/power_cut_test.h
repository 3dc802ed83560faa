// For tests: many lives of a store, each with the power cut one operation later than the one
// before.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace continuum::record {

// Each life costs tens of milliseconds: CONTINUUM_LONG=1 cuts everywhere, otherwise every so often.
inline uint64_t cut_stride(uint64_t otherwise) {
  const char* value = std::getenv("CONTINUUM_LONG");
  return value != nullptr && std::string_view(value) == "1" ? 1 : otherwise;
}

// Calls live(cut, power_stayed_on) with cut = 0, stride, 2 * stride... until one life ends with the
// power on; from several threads, since much of a life is waiting. The first cut that was not
// tried.
template <typename Live>
uint64_t live_with_every_cut(uint64_t stride, const Live& live) {
  constexpr int kSideBySide = 4;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> completed{false};
  std::vector<std::thread> lives;
  for (int i = 0; i < kSideBySide; ++i) {
    lives.emplace_back([&] {
      while (!completed && !testing::Test::HasFailure()) {
        bool power_stayed_on = false;
        live(next.fetch_add(stride), power_stayed_on);
        completed = completed || power_stayed_on;
      }
    });
  }
  for (std::thread& life : lives) {
    life.join();
  }
  return next;
}

}  // namespace continuum::record
