#include "synth/sources.h"

#include "base/random.h"
#include "synth/draw.h"

namespace continuum::synth {
namespace {

constexpr std::array<Source, kSourceCount> kSources = {{
    {"gp-quarry-hill", "Q99001", "Quarry Hill Surgery", SourceKind::kGpPractice, true, "Stanmarch",
     9},
    {"gp-mill-lane", "Q99002", "Mill Lane Medical Centre", SourceKind::kGpPractice, false,
     "Ellerbeck", 7},
    {"trust-castle-weir", "QX1", "Castle Weir Hospitals NHS Trust", SourceKind::kAcuteTrust, false,
     "Castle Weir", 40},
    {"trust-overmere", "QX2", "Overmere University Hospitals NHS Trust", SourceKind::kAcuteTrust,
     true, "Overmere", 55},
    {"social-care-millhaven", "Q99", "Millhaven Council Adult and Children's Services",
     SourceKind::kSocialCare, true, "Millhaven", 16},
}};

constexpr Code kGpRoles[] = {{"R0260", "General Medical Practitioner"},
                             {"R0600", "Nurse Access Role"},
                             {"R1290", "Pharmacist"}};
constexpr Code kTrustRoles[] = {{"R0050", "Consultant"},
                                {"R0100", "Specialist Registrar"},
                                {"R0600", "Nurse Access Role"},
                                {"R0700", "Health Professional Access Role"}};
constexpr Code kSocialRoles[] = {{"R0760", "Social Worker"}, {"R0770", "Social Care Assessor"}};

std::span<const Code> roles_of(SourceKind kind) {
  switch (kind) {
    case SourceKind::kGpPractice:
      return kGpRoles;
    case SourceKind::kAcuteTrust:
      return kTrustRoles;
    case SourceKind::kSocialCare:
      break;
  }
  return kSocialRoles;
}

}  // namespace

std::string_view to_string(SourceKind kind) {
  switch (kind) {
    case SourceKind::kGpPractice:
      return "gp-practice";
    case SourceKind::kAcuteTrust:
      return "acute-trust";
    case SourceKind::kSocialCare:
      break;
  }
  return "social-care";
}

std::span<const Source, kSourceCount> sources() {
  return kSources;
}

std::vector<Staff> draw_staff(uint64_t seed, size_t source) {
  SeededRandom random(seed ^ (0x57AFF000 + source));
  std::vector<Staff> staff(kSources[source].staff);
  for (size_t i = 0; i < staff.size(); ++i) {
    Staff& member = staff[i];
    const NamePool& pool = pick(random, name_pools());
    bool woman = chance(random, 600);
    member.given = pick(random, woman ? pool.women : pool.men);
    member.family = pick(random, pool.families);
    // The first of a source always leads it: a doctor or a social worker.
    auto roles = roles_of(kSources[source].kind);
    member.role = i == 0 ? roles[0] : pick(random, roles);
    bool doctor = member.role.code == "R0260" || member.role.code == "R0050";
    member.display = (doctor ? "Dr " : "") + member.given + " " + member.family;
    member.user_id = std::to_string(555000000000 + static_cast<int64_t>(source) * 1000000 +
                                    static_cast<int64_t>(i) * 7919 + random.between(0, 7918));
  }
  return staff;
}

}  // namespace continuum::synth
