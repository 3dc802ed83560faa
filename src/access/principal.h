// Who is asking, as a verified access token says it. Nothing here was taken from anything but a
// token whose signature, issuer, audience and times were checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace continuum::access {

enum class PrincipalKind : uint8_t {
  kStaff = 1,     // health and care staff in one role of one organisation (CIS2 claims)
  kCitizen = 2,   // a person with their own NHS number, proofed to P9 (NHS login claims)
  kSystem = 3,    // a system that sends as one source
  kOperator = 4,  // a system that watches the server; sees no records
};
std::string_view to_string(PrincipalKind kind);
std::optional<PrincipalKind> parse_principal_kind(std::string_view name);

// Members that the kind has no use for are empty.
struct Principal {
  PrincipalKind kind = PrincipalKind::kStaff;
  std::string issuer;
  std::string subject;    // staff: nhsid_useruid; citizen: the token's sub; else: client_id
  std::string client_id;  // the application the token was given to

  // Staff: of the one role they chose (selected_roleid).
  std::string role_id;
  std::vector<std::string> role_codes;  // "S8000:G8000:R8000" gives S8000, G8000 and R8000
  std::string organisation;             // ODS code
  std::vector<std::string> activities;  // B-codes
  std::vector<std::string> workgroups;  // codes

  std::string nhs_number;  // citizens: 10 digits, check digit right
  std::string birth_date;  // citizens: YYYY-MM-DD; without it no record is known to be theirs
  std::string source;      // systems: name of a source in region.toml

  // What the access is for, a code of http://terminology.hl7.org/CodeSystem/v3-ActReason:
  // staff TREAT, citizens PATRQT, systems and operators HOPERAT.
  std::string purpose;

  bool operator==(const Principal&) const = default;
};

}  // namespace continuum::access
