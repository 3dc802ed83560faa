// What was asked of a server and what it answered, as the checker judges it.
//
// A resource is a number. Each write carries a marker that no other request has; all changes of one
// transaction carry the same one. Times are nanoseconds of one clock that never goes back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace continuum::consistency {

using Nanos = int64_t;

// A version as an answer showed it. A deletion has no marker.
struct Version {
  uint32_t number = 0;
  uint64_t marker = 0;

  bool is_deletion() const { return marker == 0; }
  bool operator==(const Version&) const = default;
};

enum class Outcome : uint8_t {
  kDone,
  kUnmatched,  // refused: If-Match
  kBusy,       // refused: others wrote the same
  kGone,       // refused: it is deleted
  kUnknown,    // no answer came
};

struct Change {
  uint32_t resource = 0;
  uint64_t marker = 0;  // 0: a delete
  std::optional<uint32_t> if_match = {};
  uint32_t version = 0;  // as answered; 0: no answer, or a refusal
};

// One write, or the changes of one transaction.
struct Request {
  Nanos begin = 0;
  Nanos end = 0;  // of an unknown one: when the server was surely gone
  Outcome outcome = Outcome::kUnknown;
  std::vector<Change> changes;
};

// One resource, by itself.
struct Read {
  enum class What : uint8_t {
    kNewest,
    kGone,     // there is no newest: it is deleted
    kVersion,  // one version by its number, known from an answer that came before
    kMissing,  // the same, but it was not found
  };
  Nanos begin = 0;
  Nanos end = 0;
  What what = What::kNewest;
  uint32_t resource = 0;
  Version version;
};

// Every version that there was, the oldest first.
struct HistoryRead {
  Nanos begin = 0;
  Nanos end = 0;
  uint32_t resource = 0;
  std::vector<Version> versions;
};

// All resources of one patient, at one moment.
struct Snapshot {
  struct Seen {
    uint32_t resource = 0;
    Version version;
  };
  Nanos begin = 0;
  Nanos end = 0;
  uint32_t patient = 0;
  std::vector<Seen> seen;
};

// What became of a resource in the end.
struct Resource {
  uint32_t patient = 0;
  std::vector<Version> versions;  // the oldest first; empty: it was never made
};

struct History {
  std::vector<Resource> resources;
  std::vector<Request> requests;
  std::vector<Read> reads;
  std::vector<HistoryRead> history_reads;
  std::vector<Snapshot> snapshots;
};

}  // namespace continuum::consistency
