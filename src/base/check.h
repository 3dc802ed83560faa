// CHECK: a promise inside the program, on in every build. Input must never trip one.
#pragma once

namespace continuum {
// Prints the broken promise and its place, then aborts. Holds no values, so no patient data.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace continuum

#define CHECK(condition)                               \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::continuum::check_failed(#condition, __FILE__, __LINE__))

// DCHECK: the same where it costs too much for release builds.
#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(0)
#else
#define DCHECK(condition) CHECK(condition)
#endif
