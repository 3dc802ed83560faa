// The ledger over rows of a key-value store: Log appends, Reader reads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kv/store.h"
#include "ledger/limits.h"
#include "ledger/rows.h"
#include "ledger/tree.h"

namespace continuum::ledger {

// One entry to append.
struct Append {
  std::string entry;                 // 1 to kEntryBytesMax bytes
  std::optional<uint64_t> ord = {};  // a person entry: whom it is listed under
  uint64_t ordinal = 0;              // a person entry: its own
  std::optional<Hash> policy = {};   // a policy entry: the digest it is found by
};

using PutRow = std::function<void(kv::Family family, std::string_view key, std::string_view value)>;

// Numbers and hashes what is appended. It writes nothing itself: stage() names the rows, which the
// caller puts into one batch; confirm() or abandon() says what became of the batch. Holds the
// right edge of the tree, at most 64 KiB, and during a group what it was before. Movable; one
// thread at a time.
class Log {
 public:
  // Rehashes at most 255 entries. kCorrupt when rows of the right edge are missing or damaged, and
  // when there are entries beyond the size: appending would bury them.
  static Result<Log> open(const kv::Snapshot& snapshot, Families families);

  // Calls `put` with every row to be written for `appends`, and returns the number of the first.
  // Rows named later may replace rows named earlier in the group: put them in order. All that is
  // staged until confirm() or abandon() is one group.
  uint64_t stage(std::span<const Append> appends, const PutRow& put);
  // The group's rows are in the store.
  void confirm();
  // They are not and never will be: as before the group.
  void abandon();

  // Of what is confirmed.
  uint64_t size() const { return confirmed_size_; }
  Hash root() const;
  // With what is staged.
  uint64_t staged_size() const { return size_; }

 private:
  struct Level {
    std::string hashes;                 // of the tile at the right edge; never a whole tile
    size_t confirmed = 0;               // bytes of `hashes`, or of `before`, that are confirmed
    std::optional<std::string> before;  // since the group made the tile whole: as it was
    bool changed = false;               // since the last row of it was named
  };

  explicit Log(Families families) : families_(families) {}
  void push(const Hash& leaf, const PutRow& put);
  void put_entries(std::span<const Append> appends, const PutRow& put) const;

  Families families_;
  std::array<Level, kTileLevels> levels_;
  uint64_t size_ = 0;
  uint64_t confirmed_size_ = 0;
};

// The ledger as of one snapshot, which must outlive it. Thread-safe.
class Reader final : public HashSource {
 public:
  // kCorrupt when the row of the size is damaged; without it the ledger is empty.
  static Result<Reader> open(const kv::Snapshot& snapshot, Families families);

  uint64_t size() const override { return size_; }
  // kNotFound from size() on; kCorrupt when rows are missing or damaged.
  Result<std::string> entry(uint64_t n) const;
  // Entries from..to (excluded; at most size()), in order; views last for the call. An error of
  // `visit` ends the scan and is returned. Holds at most kScanBytesMax and one row.
  using VisitEntry = std::function<Status(uint64_t n, std::string_view entry)>;
  Status scan(uint64_t from, uint64_t to, const VisitEntry& visit) const;

  // As many hashes as size() gives; those of level 0 after the last whole tile are made from the
  // entries. kNotFound beyond the right edge.
  Result<std::string> tile(uint8_t level, uint64_t n) const override;
  Result<Hash> root() const { return root_at(*this, size_); }

  enum class Next : uint8_t { kContinue, kStop };
  // Person entries about `ord`, the newest first, from number `from` (included; UINT64_MAX: the
  // newest there is) downwards, until `visit` says kStop.
  using VisitAccess = std::function<Next(const Access& access)>;
  Status accesses(uint64_t ord, uint64_t from, const VisitAccess& visit) const;

  // The number of the entry that holds the policy file of this digest.
  Result<std::optional<uint64_t>> policy_entry(const Hash& digest) const;

 private:
  Reader(const kv::Snapshot& snapshot, Families families, uint64_t size)
      : snapshot_(&snapshot), families_(families), size_(size) {}

  const kv::Snapshot* snapshot_;
  Families families_;
  uint64_t size_;
};

}  // namespace continuum::ledger
