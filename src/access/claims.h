// The claims of an access token, read into their shapes and not yet believed.
//
//   iss, sub, client_id, jti   text of 1 to kNameBytesMax bytes (iss: kUrlBytesMax)
//   aud                        text, or an array of 1 to kAudiencesMax of them
//   exp, iat, nbf              whole seconds since 1970; nbf may be absent
//   nhsid_useruid              staff: visible ASCII
//   nhsid_nrbac_roles          staff: [{person_roleid, org_code, role_code, activity_codes[],
//                              workgroups_codes[]}], the last three may be absent
//   selected_roleid            staff: one of the person_roleid; may be absent
//   nhs_number, identity_proofing_level   citizens: text
//   birthdate                             citizens, optional: YYYY-MM-DD
//
// All but the staff's and citizens' are demanded by RFC 9068 section 2.2. Other claims are ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/token_fault.h"

namespace continuum::access {

struct StaffRole {
  std::string id;                  // person_roleid, unique within the token
  std::string organisation;        // 3 to 10 capital letters and digits
  std::vector<std::string> codes;  // the parts of role_code
  std::vector<std::string> activities;
  std::vector<std::string> workgroups;
};

struct StaffClaims {
  std::string user_id;
  std::vector<StaffRole> roles;  // may be empty
  std::optional<std::string> selected_role;
};

struct CitizenClaims {
  std::string nhs_number;  // as sent
  std::string proofing_level;
  std::string birth_date;  // as sent, or empty
};

struct Claims {
  std::string issuer;
  std::string subject;
  std::string client_id;
  std::vector<std::string> audiences;
  int64_t expires = 0;  // seconds since 1970, never negative
  int64_t issued = 0;
  int64_t not_before = 0;                // 0 when absent
  std::optional<StaffClaims> staff;      // when there is any claim of staff
  std::optional<CitizenClaims> citizen;  // when there is any claim of citizens
};

// kMalformedClaims for anything else, and when a name is there twice.
Checked<Claims> read_claims(std::string_view json);

}  // namespace continuum::access
