// Bounds of the access folder.
#pragma once

#include <cstddef>
#include <cstdint>

namespace continuum::access {

// Policies. The whole text goes into an entry of the ledger.
inline constexpr size_t kPolicyBytesMax = 60'000;
inline constexpr size_t kPolicyLinesMax = 2'000;
inline constexpr size_t kPolicyTokensPerLineMax = 200;
inline constexpr size_t kPolicyNameBytesMax = 100;
inline constexpr uint32_t kPolicyVersionMax = 1'000'000'000;
inline constexpr size_t kPolicyIdentifierBytesMax = 60;  // names of rules and sets
inline constexpr size_t kPolicyRulesMax = 64;            // a bit each in a 64-bit word
inline constexpr size_t kPolicySetsMax = 64;
inline constexpr size_t kPolicySetMembersMax = 500;
inline constexpr size_t kScopesKeptMax = 1'024;  // of one policy, for callers alike
inline constexpr uint32_t kPolicyWindowDaysMax = 3'660;
inline constexpr size_t kPolicyProblemsListedMax = 50;  // more are counted, not listed

// Case files of a policy.
inline constexpr size_t kPolicyCaseBytesMax = 1'000'000;
inline constexpr size_t kPolicyCaseLinesMax = 10'000;
inline constexpr size_t kPolicyCaseLineBytesMax = 4'000;
inline constexpr size_t kPolicyCasesOfRowMax = 2'000;  // what one row stands for
inline constexpr size_t kPolicyCasesMax = 100'000;     // what one file stands for
inline constexpr size_t kPolicyCaseWordsMax = 40;      // that describe a caller or a place

}  // namespace continuum::access
