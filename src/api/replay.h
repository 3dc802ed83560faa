// Rebuilding what somebody was shown: the request of a receipt, answered again as of its commit,
// under the policy, the links and the relationships of then, and held against what the ledger says
// was shown. For the privacy officer; it discloses nothing but whether the two agree.
#pragma once

#include <string>
#include <vector>

#include "access/receipt.h"
#include "config/region.h"
#include "record/store.h"

namespace continuum::api {

struct Replayed {
  ledger::RequestEntry entry;
  std::string method;
  std::string path;
  bool same_manifest = false;
  uint16_t status = 0;  // of the answer rebuilt
  uint64_t shown = 0;   // in the answer rebuilt
  uint64_t withheld = 0;
  crypto::Digest manifest{};
  std::vector<ledger::PersonPart> persons;  // of the answer rebuilt, as the ledger would have them
  std::string body;                         // the answer rebuilt
};

// kInvalid: not a receipt of this ledger. kNotFound: the audit key, the policy or the query of then
// is not kept any more. kUnsupported: the query was too long to be kept whole, or the request was
// not about items. Who belongs to which organisation, and its kind, are those of the region now.
Result<Replayed> replay(record::Store& store, const config::Region& region, const Clock& clock,
                        const access::Receipt& receipt);

}  // namespace continuum::api
