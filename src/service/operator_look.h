// A look at what is known of people from the command line, by who holds the region's key. No policy
// decides it, but it stands in the ledger as every other request does, and in the citizen's list of
// who looked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/receipt.h"
#include "crypto/digest.h"
#include "ledger/entry.h"
#include "record/store.h"
#include "service/checkpoints.h"

namespace continuum::service {

// Of looks at the ledger, interactions begin so.
inline constexpr std::string_view kLedgerLook = "ledger-";

struct OperatorLook {
  std::string by;           // the operating system's user
  std::string interaction;  // "ledger-show", "ledger-replay"
  std::string query;        // what was asked for; sealed
  record::T t = 0;          // the commit as of which people's data was
  uint64_t shown = 0;       // items of records
  uint64_t withheld = 0;
  std::optional<crypto::Digest> manifest;  // of the request; nothing: no items were shown
  std::vector<ledger::PersonPart> persons;
};

// Durable, and covered by a checkpoint, when it returns.
//
// SAFETY: fail closed. When it fails nothing may be shown.
Result<access::Receipt> write_down(record::Store& store, Checkpoints& checkpoints, Instant now,
                                   const OperatorLook& look);

}  // namespace continuum::service
