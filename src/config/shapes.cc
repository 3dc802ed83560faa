#include "config/shapes.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "config/limits.h"

namespace continuum::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool all_of(std::string_view text, bool (*accepts)(char)) {
  return std::all_of(text.begin(), text.end(), accepts);
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// UTF-8 continuation bytes don't start a character.
size_t count_characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 &&
         port <= kPortMax && text.front() != '0';
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.front() != '-' && text.back() != '-' &&
         text.find("..") == std::string_view::npos &&
         all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.'; });
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

// host, host:port, [ipv6] or [ipv6]:port.
bool is_authority(std::string_view text) {
  std::string_view after_host;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) {
      return false;
    }
    after_host = text.substr(end + 1);
  } else {
    const size_t end = std::min(text.find(':'), text.size());
    if (!is_host_name(text.substr(0, end))) {
      return false;
    }
    after_host = text.substr(end);
  }
  return after_host.empty() ||
         (after_host.size() > 1 && after_host.front() == ':' && is_port(after_host.substr(1)));
}

bool is_path(std::string_view text) {
  return text.find("//") == std::string_view::npos && all_of(text, [](char c) {
           return is_lower(c) || is_upper(c) || is_digit(c) ||
                  std::string_view("/-._~").find(c) != std::string_view::npos;
         });
}

struct UrlParts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;  // may be empty
};

// An absolute http or https URL of at most kUrlBytesMax without user, query or fragment.
std::optional<UrlParts> split_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) {
    return std::nullopt;
  }
  const size_t scheme_end = text.find("://");
  const std::string_view scheme = text.substr(0, std::min(scheme_end, text.size()));
  if (scheme != "http" && scheme != "https") {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(scheme_end + 3);
  const size_t path = std::min(rest.find('/'), rest.size());
  const UrlParts parts{scheme, rest.substr(0, path), rest.substr(path)};
  if (!is_authority(parts.authority) || !is_path(parts.path)) {
    return std::nullopt;
  }
  return parts;
}

// Of an authority that is one; without the brackets of IPv6.
std::string_view host_of(std::string_view authority) {
  return authority.starts_with('[') ? authority.substr(1, authority.find(']') - 1)
                                    : authority.substr(0, authority.find(':'));
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || is_loopback_address(host);
}

}  // namespace

bool is_display_name(std::string_view text) {
  return !text.empty() && count_characters(text) <= kRegionNameCharactersMax &&
         text.front() != ' ' && text.back() != ' ' &&
         std::none_of(text.begin(), text.end(), is_control);
}

bool is_ods_code(std::string_view text) {
  return text.size() >= kOdsCodeLengthMin && text.size() <= kOdsCodeLengthMax &&
         all_of(text, [](char c) { return is_upper(c) || is_digit(c); });
}

bool is_source_name(std::string_view text) {
  return !text.empty() && text.size() <= kSourceNameLengthMax && text.front() != '-' &&
         all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_role_code(std::string_view text) {
  return text.size() >= 2 && text.size() <= 10 && is_upper(text.front()) &&
         all_of(text.substr(1), is_digit);
}

bool is_client_id(std::string_view text) {
  return !text.empty() && text.size() <= kClientIdLengthMax &&
         all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

bool is_fhir_base_url(std::string_view text) {
  const auto url = split_url(text);
  return url && url->path.ends_with("/fhir");
}

bool is_issuer_url(std::string_view text) {
  const auto url = split_url(text);
  return url && (url->scheme == "https" || is_loopback_host(host_of(url->authority)));
}

bool is_file_path(std::string_view text) {
  return !text.empty() && text.size() <= kFilePathBytesMax &&
         std::none_of(text.begin(), text.end(), is_control);
}

bool is_loopback_address(std::string_view text) {
  const std::string copy(text);
  std::array<unsigned char, 4> v4{};
  if (inet_pton(AF_INET, copy.c_str(), v4.data()) == 1) {
    return v4[0] == 127;
  }
  return copy == "::1";
}

}  // namespace continuum::config
