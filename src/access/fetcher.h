// The seam through which an issuer is asked for its documents.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace continuum::access {

// Thread-safe.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  // The body of a 200 answer to a GET of an absolute http or https URL, at most `bytes_max` long
  // (kTooLarge). Redirects are not followed. Any other failure: kUnavailable or kDeadline.
  virtual Result<std::string> get(std::string_view url, size_t bytes_max) = 0;
};

}  // namespace continuum::access
