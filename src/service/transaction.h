// A transaction Bundle as changes to be made in one step
// (http://hl7.org/fhir/R4/http.html#transaction).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "service/write.h"

namespace continuum::service {

// What is asked for beside the change itself, and understood by who knows HTTP.
struct TransactionEntry {
  Change change;
  std::string if_match;  // as an If-Match field has it; empty: none
};

// In the order of the Bundle: all is one step, so that the order of processing that R4 gives
// (deletes, creates, updates) cannot be told from any other. Bodies are views into `text`.
// kInvalid, kUnsupported and kTooLarge name the entry.
Result<std::vector<TransactionEntry>> read_transaction(std::string_view text);

}  // namespace continuum::service
