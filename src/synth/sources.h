// The region's five sources, their staff and sites.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "synth/vocabulary.h"

namespace continuum::synth {

enum class SourceKind : uint8_t { kGpPractice, kAcuteTrust, kSocialCare };
// As in region.toml: "gp-practice", "acute-trust", "social-care".
std::string_view to_string(SourceKind kind);

inline constexpr size_t kSourceCount = 5;
enum SourceNumber : uint8_t { kGpOne, kGpTwo, kTrustOne, kTrustTwo, kSocialCareOne };

struct Source {
  std::string_view name;  // of the source, and of its folder
  std::string_view ods_code;
  std::string_view organisation;
  SourceKind kind;
  bool sends_ids;  // whether its resources carry an id beside the fullUrl
  std::string_view town;
  uint16_t staff;
};

std::span<const Source, kSourceCount> sources();

struct Staff {
  std::string user_id;  // SDS user id: 12 digits
  std::string given;
  std::string family;
  std::string display;
  Code role;
};

// The staff of one source. The same seed gives the same people.
std::vector<Staff> draw_staff(uint64_t seed, size_t source);

}  // namespace continuum::synth
