// Verification of a ledger against its tiles and against checkpoints from outside
// (docs/ledger_format.md section 6).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/checkpoint.h"
#include "ledger/source.h"
#include "ledger/tree.h"

namespace continuum::ledger {

enum class FindingKind : uint8_t {
  kEntryChanged,         // a: entry
  kEntriesExchanged,     // a < b: entries
  kEntryMalformed,       // a: entry
  kEntryMissing,         // a: entry
  kTileChanged,          // a: level, b: tile
  kCut,                  // a: size of the checkpoint, b: entries there are
  kForked,               // a: size of the checkpoint
  kRewritten,            // a: size that still agrees (0: none), b: size that does not
  kCheckpointSignature,  // a: checkpoint
  kCheckpointOrder,      // a: checkpoint
  kCheckpointMalformed,  // a: checkpoint
};

struct Finding {
  FindingKind kind = FindingKind::kEntryChanged;
  uint64_t a = 0;
  uint64_t b = 0;

  auto operator<=>(const Finding&) const = default;
};
// As the table has it: "entry-changed 17", "tile-changed 0 5".
std::string to_string(const Finding& finding);

struct Report {
  // In the order of the kinds, then of the numbers; of more than kFindingsKeptMax the first found.
  std::vector<Finding> findings;
  uint64_t findings_total = 0;
  uint64_t entries = 0;      // read and hashed
  std::optional<Hash> root;  // of these; none when some hash could not be known
  uint64_t vouched = 0;      // the size of the largest checkpoint that agrees; 0: none

  bool clean() const { return findings_total == 0; }
};

// Called now and then with how many entries are done, of how many there should be.
using Progress = std::function<void(uint64_t done, uint64_t size)>;

// Reads the whole source once. `notes` are checkpoints from outside, the oldest first; that of the
// source itself, when it keeps one, counts as the one after the last, of which no order is
// expected. Holds tiles, findings and 40 bytes a checkpoint, however large the ledger is. An error
// only when the source can't be read.
Result<Report> verify(Source& source, std::span<const std::string> notes, const VerifierKey& key,
                      const Progress& progress = {});

}  // namespace continuum::ledger
