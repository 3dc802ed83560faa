// Who may have records erased over the API. Deny by default: region.toml names the roles, and what
// may be erased is what the caller's own organisation sent.
#pragma once

#include "access/principal.h"
#include "base/result.h"
#include "config/region.h"

namespace continuum::access {

// kForbidden: not staff, or in no such role. Says nothing of what is stored; of whom is to be asked
// (Visit::may_erase). The same person in another role or organisation is the same person: who
// requests does not confirm.
Status may_erase(const Principal& principal, const config::Region& region);

}  // namespace continuum::access
