// Bounds of the access folder. All are inclusive.
#pragma once

#include <cstddef>
#include <cstdint>

namespace continuum::access {

// Of a request, for the ledger, as written in JSON; longer is kept as its digest. With the most
// that a principal and the patients below take, an entry stays under its bound whatever was asked.
inline constexpr size_t kPathBytesMax = size_t{2} << 10;
inline constexpr size_t kQueryBytesMax = size_t{9} << 10;
inline constexpr size_t kFormBytesMax = size_t{9} << 10;
inline constexpr size_t kFieldBytesMax = 512;
inline constexpr size_t kPatientsListedMax = 512;

// Looked at in one search by identifier, of those found.
inline constexpr size_t kLookedAtMax = 20'000;

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

// Tokens.
inline constexpr size_t kTokenBytesMax = 8 * 1'024;
inline constexpr size_t kTokenDepthMax = 8;     // nesting of header and claims
inline constexpr size_t kNameBytesMax = 200;    // of sub, client_id, jti, kid and user ids
inline constexpr size_t kAudiencesMax = 16;     // members of an `aud` array
inline constexpr size_t kStaffRolesMax = 64;    // roles of one person
inline constexpr size_t kRoleCodesMax = 256;    // activities or workgroups of one role
inline constexpr size_t kRoleCodePartsMax = 8;  // "S8000:G8000:R8000" has three
inline constexpr size_t kCodeBytesMax = 40;     // of one such code
inline constexpr int64_t kLeewaySeconds = 60;   // by which clocks may differ
inline constexpr int64_t kTokenLifetimeSecondsMax = 12 * 3'600;  // exp - iat
inline constexpr size_t kNumericDateDigitsMax = 12;
inline constexpr size_t kVerifiedTokensMax = 20'000;  // remembered until they expire

// Key sets.
inline constexpr size_t kKeySetBytesMax = 256 * 1'024;
inline constexpr size_t kKeySetDepthMax = 8;
inline constexpr size_t kKeysMax = 64;         // members of `keys`
inline constexpr size_t kKeysOfOneKidMax = 4;  // tried for one token
inline constexpr size_t kDiscoveryBytesMax = 64 * 1'024;
inline constexpr size_t kUrlBytesMax = 1'000;

// Asking an issuer for its keys.
inline constexpr int64_t kKeysFreshSeconds = 10 * 60;    // older ones are asked for again
inline constexpr int64_t kKeysKeptSeconds = 24 * 3'600;  // while the issuer does not answer
inline constexpr int64_t kFetchIntervalSeconds = 30;     // between two fetches of one issuer
inline constexpr int64_t kKeyFileFreshSeconds = 30;      // a file of keys is read again
inline constexpr int64_t kKeyWaitMsMax = 1'000;          // a request waits for a key it lacks
inline constexpr int64_t kConnectMsMax = 2'000;
inline constexpr int64_t kAnswerMsMax = 4'000;

}  // namespace continuum::access
