// What every interaction is given. Interactions know neither HTTP nor who is asking: what they read
// through the visit was decided on there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/visit.h"
#include "config/region.h"
#include "crypto/digest.h"
#include "http/budget.h"
#include "record/store.h"

namespace continuum::service {

struct Context {
  access::Visit& view;  // one moment, as the caller may see it: everything an answer says is of it
  const config::Region& region;
  http::ByteBudget& budget;
  const crypto::Key& page_token_key;
  std::string_view principal;  // page tokens are good for the same one only
};

// Where an answer was asked for, for its links and page tokens.
struct Address {
  std::string path;   // "Patient/<id>/$everything"
  std::string query;  // escaped, in a fixed order, without the page token; may be empty
};

struct PageRequest {
  std::optional<uint32_t> size;      // nothing: all in one answer
  std::optional<std::string> token;  // of the link that led here
};

}  // namespace continuum::service
