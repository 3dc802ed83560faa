// "Who could see this, and why?": the walk through a policy's rules for one caller and one item.
#pragma once

#include <string>

#include "access/policy.h"

namespace continuum::access {

struct Explanation {
  bool allow = false;
  std::string rule;  // "default" when none decided
  // A line for each rule up to the one that decides, saying which condition did not hold first,
  // then one for the decision. Holds no more of the principal than kind, roles, activities,
  // kind of organisation and purpose.
  std::string text;
};

// Agrees with Policy::compile(...).decide(...).
Explanation explain(const Policy& policy, const Principal& principal,
                    config::OrganisationKind organisation, const PlaceFacts& place,
                    const ItemFacts& item);

}  // namespace continuum::access
