// A unit of input taken apart into entries, by the kind of Bundle it is.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/types.h"

namespace continuum::service {

enum class BundleKind : uint8_t {
  kNone,  // a single resource
  kTransaction,
  kBatch,
  kCollection,
  kSearchset,
  kMessage,
  kDocument,
  kHistory,
};

enum class EntryAction : uint8_t {
  kStore,
  kDelete,  // by request.url Type/id
  kSkip,    // nothing to store: a read, an outcome
  kRefuse,  // see status
};

// Views into the unit's text, or into strings the Parts own.
struct Entry {
  uint32_t number = 0;  // from 1 in a Bundle; 0 for the unit itself
  EntryAction action = EntryAction::kStore;
  std::string_view resource;  // raw JSON
  std::string full_url;
  std::string if_none_exist;
  std::string target;         // of a delete or PUT: Type/id
  std::string last_modified;  // of a history entry, as its response says
  Status status;
};

struct Parts {
  BundleKind kind = BundleKind::kNone;
  // All entries stand or fall together (transaction, message, document).
  bool atomic = false;
  // Entries of one resource are its versions, newest first (history).
  bool newest_first = false;
  // message, document, history: the Bundle itself is stored too, as the first entry (number 0).
  std::vector<Entry> entries;
};

// Takes a JSON text apart. kInvalid for a text that is neither resource nor Bundle of a known type;
// what is wrong with one entry is in its status.
Result<Parts> take_apart(std::string_view text);

}  // namespace continuum::service
