#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace continuum {

std::string Random::bytes(size_t size) {
  std::string out(size, '\0');
  fill(out.data(), size);
  return out;
}

uint64_t Random::u64() {
  uint64_t value = 0;
  char buffer[sizeof value];
  fill(buffer, sizeof buffer);
  std::memcpy(&value, buffer, sizeof value);
  return value;
}

void SecureRandom::fill(char* out, size_t size) {
  while (size > 0) {
    ssize_t got = getrandom(out, size, 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    CHECK(got > 0);
    out += got;
    size -= static_cast<size_t>(got);
  }
}

uint64_t SeededRandom::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

void SeededRandom::fill(char* out, size_t size) {
  while (size > 0) {
    uint64_t value = next();
    for (size_t i = 0; i < sizeof value && size > 0; ++i, --size) {
      *out++ = static_cast<char>(static_cast<uint8_t>(value >> (8 * i)));
    }
  }
}

uint64_t SeededRandom::below(uint64_t bound) {
  CHECK(bound > 0);
  uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t value = next();
  while (value >= limit) {
    value = next();
  }
  return value % bound;
}

int64_t SeededRandom::between(int64_t low, int64_t high) {
  CHECK(low <= high);
  return low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
}

double SeededRandom::unit() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

}  // namespace continuum
