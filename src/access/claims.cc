#include "access/claims.h"

#include <algorithm>
#include <charconv>

#include "access/limits.h"
#include "json/document.h"

namespace continuum::access {
namespace {

bool is_visible(char c) {
  return c > ' ' && c < 0x7F;
}
bool is_capital_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}
bool is_organisation(std::string_view text) {
  return text.size() >= 3 && text.size() <= 10 &&
         std::all_of(text.begin(), text.end(), is_capital_or_digit);
}
bool is_name(std::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max &&
         std::none_of(text.begin(), text.end(), is_control);
}
bool is_code(std::string_view text, size_t bytes_max) {
  return is_name(text, bytes_max) && std::all_of(text.begin(), text.end(), is_visible);
}

// Reads members of one object; after the first that is wrong, `good` is false for ever.
class ObjectReader {
 public:
  ObjectReader(const json::Node& object, bool& good) : object_(object), good_(good) {
    require(object.is_object());
  }

  std::string name(std::string_view member, size_t bytes_max) {
    const std::string_view text = object_.string(member);
    require(is_name(text, bytes_max));
    return std::string(text);
  }

  std::string code(std::string_view member, size_t bytes_max) {
    const std::string_view text = object_.string(member);
    require(is_code(text, bytes_max));
    return std::string(text);
  }

  // Any text; empty when absent.
  std::optional<std::string> optional_text(std::string_view member) {
    const json::Node* node = object_.find(member);
    if (node == nullptr) {
      return std::nullopt;
    }
    require(node->is_string());
    return std::string(node->text);
  }

  std::vector<std::string> codes(std::string_view member) {
    std::vector<std::string> out;
    const json::Node* array = object_.find(member);
    if (array == nullptr || !require(array->is_array() && array->child_count() <= kRoleCodesMax)) {
      return out;
    }
    for (const json::Node& each : json::children(*array)) {
      require(each.is_string() && is_code(each.text, kCodeBytesMax));
      out.emplace_back(each.text);
    }
    return out;
  }

  // NumericDate (RFC 7519 section 2) without a fraction.
  int64_t seconds(std::string_view member) {
    const json::Node* node = object_.find(member);
    if (!require(node != nullptr && node->is_number() &&
                 node->text.size() <= kNumericDateDigitsMax)) {
      return 0;
    }
    int64_t value = 0;
    const char* end = node->text.data() + node->text.size();
    const auto read = std::from_chars(node->text.data(), end, value);
    require(read.ec == std::errc() && read.ptr == end && value >= 0);
    return value;
  }

  bool has(std::string_view member) const { return object_.find(member) != nullptr; }

  // Returns `holds`.
  bool require(bool holds) {
    good_ = good_ && holds;
    return holds;
  }

 private:
  const json::Node& object_;
  bool& good_;
};

std::vector<std::string> read_audiences(const json::Node& claims, bool& good) {
  std::vector<std::string> out;
  const json::Node* audience = claims.find("aud");
  ObjectReader reader(claims, good);
  if (!reader.require(audience != nullptr)) {
    return out;
  }
  if (audience->is_string()) {
    out.emplace_back(audience->text);
    return out;
  }
  const size_t count = audience->is_array() ? audience->child_count() : 0;
  if (reader.require(count >= 1 && count <= kAudiencesMax)) {
    for (const json::Node& each : json::children(*audience)) {
      reader.require(each.is_string());
      out.emplace_back(each.text);
    }
  }
  return out;
}

// "S8000:G8000:R8000".
std::vector<std::string> split_role_code(std::string_view text, bool& good) {
  std::vector<std::string> parts;
  while (good) {
    const size_t end = std::min(text.find(':'), text.size());
    const std::string_view part = text.substr(0, end);
    good = parts.size() < kRoleCodePartsMax && is_code(part, kCodeBytesMax);
    parts.emplace_back(part);
    if (end == text.size()) {
      break;
    }
    text.remove_prefix(end + 1);
  }
  return parts;
}

StaffRole read_role(const json::Node& node, bool& good) {
  ObjectReader reader(node, good);
  StaffRole role;
  role.id = reader.code("person_roleid", kNameBytesMax);
  role.organisation = reader.code("org_code", kCodeBytesMax);
  reader.require(is_organisation(role.organisation));
  if (const auto code = reader.optional_text("role_code")) {
    role.codes = split_role_code(*code, good);
  }
  role.activities = reader.codes("activity_codes");
  role.workgroups = reader.codes("workgroups_codes");
  return role;
}

std::vector<StaffRole> read_roles(const json::Node& claims, bool& good) {
  std::vector<StaffRole> roles;
  const json::Node* array = claims.find("nhsid_nrbac_roles");
  ObjectReader reader(claims, good);
  if (array == nullptr ||
      !reader.require(array->is_array() && array->child_count() <= kStaffRolesMax)) {
    return roles;
  }
  for (const json::Node& each : json::children(*array)) {
    StaffRole role = read_role(each, good);
    // Two roles of one id would leave open which was chosen.
    reader.require(std::none_of(roles.begin(), roles.end(),
                                [&](const StaffRole& other) { return other.id == role.id; }));
    roles.push_back(std::move(role));
  }
  return roles;
}

StaffClaims read_staff(const json::Node& claims, bool& good) {
  ObjectReader reader(claims, good);
  StaffClaims staff;
  staff.user_id = reader.code("nhsid_useruid", kNameBytesMax);
  staff.roles = read_roles(claims, good);
  staff.selected_role = reader.optional_text("selected_roleid");
  return staff;
}

CitizenClaims read_citizen(const json::Node& claims, bool& good) {
  ObjectReader reader(claims, good);
  return {reader.optional_text("nhs_number").value_or(std::string()),
          reader.optional_text("identity_proofing_level").value_or(std::string()),
          reader.optional_text("birthdate").value_or(std::string())};
}

}  // namespace

Checked<Claims> read_claims(std::string_view json) {
  json::Document document;
  if (!document.parse(json, {.depth_max = kTokenDepthMax, .bytes_max = kTokenBytesMax})) {
    return refuse(TokenFault::kMalformedClaims);
  }
  const json::Node& root = *document.root();
  bool good = true;
  ObjectReader reader(root, good);
  Claims claims;
  claims.issuer = reader.code("iss", kUrlBytesMax);
  claims.subject = reader.name("sub", kNameBytesMax);
  claims.client_id = reader.code("client_id", kNameBytesMax);
  reader.name("jti", kNameBytesMax);
  claims.audiences = read_audiences(root, good);
  claims.expires = reader.seconds("exp");
  claims.issued = reader.seconds("iat");
  if (reader.has("nbf")) {
    claims.not_before = reader.seconds("nbf");
  }
  if (reader.has("nhsid_useruid") || reader.has("nhsid_nrbac_roles") ||
      reader.has("selected_roleid")) {
    claims.staff = read_staff(root, good);
  }
  if (reader.has("nhs_number") || reader.has("identity_proofing_level")) {
    claims.citizen = read_citizen(root, good);
  }
  if (!good) {
    return refuse(TokenFault::kMalformedClaims);
  }
  return claims;
}

}  // namespace continuum::access
