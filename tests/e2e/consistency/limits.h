// How much is done, and the bounds of what is waited for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace continuum::consistency {

using std::chrono::milliseconds;

inline constexpr size_t kWriters = 32;
inline constexpr size_t kReaders = 6;
inline constexpr size_t kLookers = 16;  // after all rounds; what is gone is told after 5 ms
// Of a round, for each system; an Observation belongs to a Patient and stays there.
inline constexpr uint32_t kPatientsEach = 3;
inline constexpr uint32_t kObservationsEach = 6;
inline constexpr uint64_t kTransactionChangesMin = 3;
inline constexpr uint64_t kTransactionChangesMax = 6;

// Between a start and the next kill, and from the last start to the end of a round.
inline constexpr milliseconds kLifeMin{700};
inline constexpr milliseconds kLifeMax{2'000};
inline constexpr uint64_t kKillsMax = 2;  // of a round

inline constexpr milliseconds kRunTime{12'000};
inline constexpr milliseconds kRunTimeLong{600'000};

inline constexpr milliseconds kStartTimeMax{30'000};
inline constexpr milliseconds kStartPoll{10};
inline constexpr milliseconds kConnectPause{5};
inline constexpr milliseconds kAnswerTimeMax{30'000};
inline constexpr uint64_t kOutputBytesMax = 1 << 20;
inline constexpr uint64_t kTokenBytesMax = 16 << 10;
// Versions in one page of a history; a resource has fewer after a round.
inline constexpr size_t kPageMax = 1'000;
inline constexpr size_t kProblemsMax = 100;

}  // namespace continuum::consistency
