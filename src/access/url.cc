#include "access/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "access/limits.h"

namespace continuum::access {
namespace {

tl::unexpected<Error> bad_url(const char* expected) {
  return fail(ErrorCode::kInvalid, "not a URL that keys may be fetched from", {{"", expected}});
}

bool is_host_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < 0x7F &&
                  std::string_view("#\"<>\\^`{|}").find(c) == std::string::npos;
         });
}

// ":8443"; empty leaves the default.
bool read_port(std::string_view text, uint16_t& port) {
  if (text.empty()) {
    return true;
  }
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + 1, end, port);
  return text.front() == ':' && read.ec == std::errc() && read.ptr == end && port != 0;
}

}  // namespace

bool Url::is_loopback() const {
  std::array<unsigned char, 4> v4{};
  if (inet_pton(AF_INET, host.c_str(), v4.data()) == 1) {
    return v4[0] == 127;
  }
  return host == "localhost" || host == "::1";
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  if (text.size() > kUrlBytesMax) {
    return bad_url("a shorter one");
  }
  url.tls = text.starts_with("https://");
  if (!url.tls && !text.starts_with("http://")) {
    return bad_url("http or https");
  }
  url.port = url.tls ? 443 : 80;
  const std::string_view rest = text.substr(url.tls ? 8 : 7);
  const size_t path = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, path);
  const bool bracketed = authority.starts_with('[');
  const size_t end =
      bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (end == std::string_view::npos) {
    return bad_url("a host");
  }
  url.host = authority.substr(bracketed ? 1 : 0, end - (bracketed ? 1 : 0));
  if (bracketed ? !is_ipv6(url.host) : !is_host_name(url.host)) {
    return bad_url("a host");
  }
  if (!read_port(authority.substr(end + (bracketed ? 1 : 0)), url.port)) {
    return bad_url("a port");
  }
  url.target = rest.substr(path);
  if (!url.target.starts_with('/')) {
    url.target.insert(0, "/");
  }
  if (!is_target(url.target)) {
    return bad_url("a path and query in visible ASCII");
  }
  if (!url.tls && !url.is_loopback()) {
    return bad_url("https, but for a loopback host");
  }
  return url;
}

}  // namespace continuum::access
