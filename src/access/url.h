// The absolute URLs that an issuer's documents stand at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace continuum::access {

struct Url {
  bool tls = false;  // https
  std::string host;  // lower-case name, IPv4, or IPv6 without brackets
  uint16_t port = 0;
  std::string target;  // path and query; "/" at least

  // localhost, 127.0.0.0/8 or ::1.
  bool is_loopback() const;
};

// http or https in lower case, a host, an optional port, then path and query in visible ASCII; no
// user, no fragment; at most kUrlBytesMax bytes. kInvalid otherwise, and for http with a host that
// is not loopback: nothing that keys are read from goes over a network in the clear.
Result<Url> parse_url(std::string_view text);

}  // namespace continuum::access
