// Callers and places in words, as case files and the command line name them.
//
//   staff role=R8000,S8000 activity=B0015 org=A81001 kind=gp-practice purpose=TREAT
//   citizen
//   system source=mill-lane
//   operator
//
//   patient related=admission,referral self own-source
//   shared
//   quarantined own-source
#pragma once

#include <string_view>

#include "access/principal.h"
#include "access/scope.h"
#include "base/result.h"
#include "config/region.h"

namespace continuum::access {

struct CallerInWords {
  Principal principal;
  config::OrganisationKind organisation = config::OrganisationKind::kOther;
};

// The first word is the kind; the others come in any order, each once. The purpose is the kind's
// own when none is given. kInvalid says what was expected; its first detail's `what` is the word.
Result<CallerInWords> parse_caller(std::string_view words);

// Facts that can't be (a shared item of a related person) are kInvalid.
Result<PlaceFacts> parse_place(std::string_view words);

}  // namespace continuum::access
