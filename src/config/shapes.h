// The shapes that values of a region.toml must have: pure checks of text, each with the words an
// error uses for it.
#pragma once

#include <string_view>

namespace continuum::config {

struct Shape {
  bool (*accepts)(std::string_view);
  std::string_view expected;  // completes "expected ..."
};

// 1 to 200 printable characters (UTF-8), no space at either end.
bool is_display_name(std::string_view text);
// 3 to 10 capital letters and digits.
bool is_ods_code(std::string_view text);
// 1 to 40 of a-z, 0-9 and hyphen, not starting with a hyphen.
bool is_source_name(std::string_view text);
// A capital letter, and 1 to 9 digits.
bool is_role_code(std::string_view text);
// 1 to 200 visible ASCII characters.
bool is_client_id(std::string_view text);
// http or https, a host name or address, an optional port, a path that ends with /fhir; nothing
// else.
bool is_fhir_base_url(std::string_view text);
// http or https, a host name or address, an optional port, and a path or none; nothing else. Over
// http the host is localhost or a loopback address.
bool is_issuer_url(std::string_view text);
// 1 to 1000 bytes without control characters.
bool is_file_path(std::string_view text);
// 127.0.0.0/8 or ::1, written as an address.
bool is_loopback_address(std::string_view text);

constexpr Shape kDisplayName{is_display_name, "1 to 200 printable characters"};
constexpr Shape kOdsCode{is_ods_code, "an ODS code: 3 to 10 capital letters and digits"};
constexpr Shape kSourceName{is_source_name, "1 to 40 lower-case letters, digits and hyphens"};
constexpr Shape kRoleCode{is_role_code, "a role code such as R8000"};
constexpr Shape kClientId{is_client_id, "1 to 200 visible ASCII characters"};
constexpr Shape kFhirBaseUrl{is_fhir_base_url,
                             "an absolute http or https URL that ends with /fhir"};
constexpr Shape kIssuerUrl{is_issuer_url, "an https URL, or an http URL of a loopback host"};
constexpr Shape kFilePath{is_file_path, "a path of 1 to 1000 bytes"};
constexpr Shape kLoopbackAddress{is_loopback_address, "a loopback address such as 127.0.0.1"};

}  // namespace continuum::config
