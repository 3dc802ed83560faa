// Loading files into the store: `continuum load`, and the same for tests and benchmarks.
//
// Everything in the input is either stored, found to be there already, or refused by name: nothing
// is left out silently. What stands or falls together (a transaction, message or document) is
// refused whole, or stored in one atomic step; only resources of which one load brings different
// versions follow after all the rest, so a load that is killed may lack them until it is done
// again. Loading the same input again adds no version: the versions this input brings of a resource
// are laid over the end of the versions stored, and only what is new is added.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "record/store.h"
#include "service/load/catalogue.h"
#include "service/load/input.h"
#include "service/load/limits.h"

namespace continuum::service {

struct LoadOptions {
  std::vector<std::string> paths;
  std::string source = "import";
  unsigned threads = 2;
  uint64_t batch_bytes = kBatchBytes;         // rows gathered in memory
  uint64_t put_aside_bytes = kPutAsideBytes;  // rows gathered on disk, before they are taken in
  const Clock* clock = nullptr;               // null: the system's
  // Others write to the store meanwhile: everything goes through commits of moderate size, which
  // are visible one by one. What others change at the same time is looked at again; kConflict when
  // that doesn't help.
  bool beside_writers = false;
  const std::atomic<bool>* stop = nullptr;  // when it becomes true: kCancelled
};

struct LoadProgress {
  bool storing = false;         // first pass: reading; second: storing
  uint64_t bytes_done = 0;      // of the input files, both passes together
  uint64_t bytes_total = 0;     // of both passes
  uint64_t resources_done = 0;  // stored so far
};
// Called from any thread, one at a time.
using LoadProgressSink = std::function<void(const LoadProgress&)>;

struct LoadCounts {
  uint64_t created = 0;
  uint64_t updated = 0;    // new versions of what was there
  uint64_t unchanged = 0;  // there already, the same
  uint64_t same = 0;       // ifNoneExist found another
  uint64_t deleted = 0;
  uint64_t quarantined = 0;  // of created and updated: no patient is known for it
  uint64_t taken() const { return created + updated + unchanged + same + deleted; }
};

struct UnresolvedReference {
  uint32_t file = 0;
  uint32_t line = 0;
  uint32_t entry = 0;
  std::string reference;
};

struct LoadReport {
  LoadCounts counts;
  std::array<LoadCounts, 256> by_type;  // by fhir::TypeNumber
  uint64_t skipped_entries = 0;         // reads and outcomes inside Bundles
  std::vector<LoadRefusal> refusals;    // by file, line, entry
  uint64_t unresolved_count = 0;
  std::vector<UnresolvedReference> unresolved;  // the first kUnresolvedKept, by file, line, entry
  // Patients that can't be linked, by identity::MatchObstacle.
  std::array<uint64_t, 8> unlinkable{};
  struct Unlinkable {
    uint8_t obstacle = 0;
    std::string id;  // of the Patient, as stored
  };
  std::vector<Unlinkable> unlinkable_patients;  // the first kUnlinkableKept
  uint64_t patients = 0;
  InputFiles input;
};

// Errors: of the paths (before anything is stored), or of the store (what was stored before stays;
// load again to go on). The refusal of an entry is no error but part of the report.
Result<LoadReport> load(record::Store& store, FileSystem& files, const LoadOptions& options,
                        const LoadProgressSink& progress);

}  // namespace continuum::service
