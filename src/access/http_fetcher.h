// Issuers asked over the network: https with the system's authorities, or http on loopback.
#pragma once

#include "access/fetcher.h"

namespace continuum::access {

// A connection for each document, given up after kConnectMsMax and kAnswerMsMax (looking a name up
// takes the system's time). kInvalid for a URL that parse_url refuses. Any status but 200 is
// kUnavailable.
class HttpFetcher final : public Fetcher {
 public:
  Result<std::string> get(std::string_view url, size_t bytes_max) override;
};

}  // namespace continuum::access
