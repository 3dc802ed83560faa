// What the ledger keeps of one request (docs/ledger_format.md section 1).
#pragma once

#include <span>
#include <vector>

#include "access/principal.h"
#include "access/visit.h"
#include "ledger/entry.h"
#include "ledger/log.h"
#include "record/store.h"

namespace continuum::access {

// The request's entry and one for each of `persons`, sealed, ready to be appended together. Sets in
// `request` what follows from the others: a new id, who asked, `persons`, month and what is sealed;
// the rest is the caller's. kTooLarge over the bounds of an entry or of persons.
Result<std::vector<ledger::Append>> make_request_entries(
    record::Store& store, const Principal& principal, const Request& asked,
    std::span<const ledger::PersonPart> persons, ledger::RequestEntry& request);

}  // namespace continuum::access
