// A Bundle sent to the base (http://hl7.org/fhir/R4/http.html#transaction): its entries, and those
// of a transaction as changes to be made in one step.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/bundle.h"
#include "service/write.h"

namespace continuum::service {

// Bundle.entry.request.
struct EntryRequest {
  std::string method;  // one that FHIR knows
  std::string url;
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<std::string> if_none_exist;
  std::optional<std::string> if_modified_since;
};

struct SentEntry {
  std::string where;  // "Bundle.entry[3]"
  uint32_t line = 1;  // that the resource starts in
  std::string full_url;
  std::string_view resource;  // raw; empty: none. Views the text.
  Result<EntryRequest> request = EntryRequest();
};

struct SentBundle {
  bool is_batch = false;
  std::vector<SentEntry> entries;
};

// kInvalid and kTooLarge: it is no transaction or batch of a bounded number of entries. What is
// wrong with one entry stands there.
Result<SentBundle> read_sent_bundle(std::string_view text);

// What is asked for beside the change itself, and understood by who knows HTTP.
struct TransactionEntry {
  Change change;
  std::optional<std::string> if_match;  // as the fields have it
  std::optional<std::string> if_none_match;
};

struct Transaction {
  std::vector<TransactionEntry> entries;
  std::deque<std::string> decoded;  // patches, which some bodies view
};

// Whether an entry asks for something, and changes nothing.
bool is_read(const SentEntry& entry);

// The changes, in the order of the Bundle: all is one step, so that the order of processing that R4
// gives (deletes, creates, updates) cannot be told from any other; reads come after it. Other
// bodies view what `bundle` views. kInvalid, kUnsupported and kTooLarge name the entry.
Result<Transaction> to_transaction(const SentBundle& bundle);

// The JSON Patch in the Binary that R4 has one in. kInvalid, kUnsupported: there is none.
Result<std::string> read_patch(std::string_view resource, const std::string& where);

}  // namespace continuum::service
