// The ordered key-value contract under the record store.
//
// A store is a fixed list of families, each an ordered map from byte strings to byte strings
// (unsigned lexicographic order). Writers change all families atomically by a Batch; readers see
// one Snapshot of all families. That is all: no transactions over several batches, no locks, no
// time.
//
// Implementations: kv/memory_store.h (tests, the oracle) and rocks/ (RocksDB). Both pass the same
// contract tests (kv/store_contract_test.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace continuum::kv {

// Index into the list of families the store was opened with.
using Family = uint8_t;

// Changes to apply together. A later change of the same key wins.
class Batch {
 public:
  void put(Family family, std::string_view key, std::string_view value);
  void remove(Family family, std::string_view key);
  void clear();
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }

  struct Entry {
    Family family;
    bool removes;
    size_t key_at, key_size, value_size;  // value follows key
  };
  std::span<const Entry> entries() const { return entries_; }
  std::string_view key(const Entry& entry) const {
    return std::string_view(bytes_).substr(entry.key_at, entry.key_size);
  }
  std::string_view value(const Entry& entry) const {
    return std::string_view(bytes_).substr(entry.key_at + entry.key_size, entry.value_size);
  }

 private:
  void add(Family family, bool removes, std::string_view key, std::string_view value);
  std::string bytes_;
  std::vector<Entry> entries_;
};

enum class Durability : uint8_t {
  kSynced,    // on stable storage when commit() returns
  kBuffered,  // kept by a later synced commit; may be lost, whole, at a power cut
};

// A position in one family of one snapshot. Starts before the first key of its range.
// One thread at a time; must not outlive its snapshot.
class Cursor {
 public:
  virtual ~Cursor() = default;
  // Moves to the next key (the first, at the start); false at the end or on error: see status().
  virtual bool next() = 0;
  // Moves to the first key >= `key` within the range; false when there is none.
  virtual bool seek(std::string_view key) = 0;
  // Moves to the last key < `key` within the range; false when there is none. After false, only a
  // seek says where the cursor is.
  virtual bool seek_before(std::string_view key) = 0;
  // Valid after true from a move, until the next one.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual Status status() const = 0;
};

struct Range {
  std::string_view from;     // included
  std::string_view to = {};  // excluded; empty = to the end of the family
};

// How a cursor will be used; a hint only.
enum class ReadKind : uint8_t { kLookup, kScan };

// All families at one moment. Thread-safe. Must not outlive its store.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // True and the value when there; false when absent.
  virtual Result<bool> get(Family family, std::string_view key, std::string& value) const = 0;
  virtual std::unique_ptr<Cursor> scan(Family family, const Range& range,
                                       ReadKind kind = ReadKind::kLookup) const = 0;
};

// Rows written outside the store in sorted order and then taken in all at once. For large amounts
// of new rows: no write-ahead log, no compaction of what was just written.
class Ingestion {
 public:
  // Rows of one family, keys strictly ascending. Parts of one family must not overlap. One thread a
  // part; must not outlive its ingestion.
  class Part {
   public:
    virtual ~Part() = default;  // without close(): the ingestion must be given up
    virtual Status put(std::string_view key, std::string_view value) = 0;
    virtual Status close() = 0;
  };

  virtual ~Ingestion() = default;  // without finish(): nothing happened, nothing is left behind
  // Thread-safe.
  virtual std::unique_ptr<Part> start_part(Family family) = 0;
  // Once all parts are closed: atomic over all families and durable when it returns. Rows replace
  // older ones of the same key.
  virtual Status finish() = 0;
};

// Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  virtual std::unique_ptr<Snapshot> snapshot() = 0;
  virtual Status commit(const Batch& batch, Durability durability) = 0;
  virtual Result<std::unique_ptr<Ingestion>> begin_ingestion() = 0;
  // Makes everything committed so far durable and settles background work; for tests and orderly
  // stop.
  virtual Status flush() = 0;
  // Rewrites the files that may hold rows of a range, so that none holds one that was removed or
  // replaced; while no snapshot is open. What logs and the list of files may say of such rows goes
  // when the store is next opened.
  virtual Status scrub(Family family, const Range& range) = 0;
  // Puts the files of one moment into a new folder: all that was committed before the call, of what
  // is committed meanwhile none or the first so many batches, whole. Commits go on. A store opened
  // there is that moment. Files that no longer change are shared where the file system can (hard
  // links): nobody may write to them. Not durable. After a failure something may be left in the
  // folder. kUnsupported: the engine has no files. kConflict: the folder is there.
  virtual Status freeze(const std::string& folder) = 0;
  // Bytes kept in files (memory: of keys and values), and the number of keys as far as known
  // cheaply.
  struct FamilySize {
    uint64_t bytes = 0;
    uint64_t keys = 0;
  };
  virtual FamilySize family_size(Family family) = 0;
};

// The first key after all keys starting with `prefix`; empty when there is none (prefix all 0xFF).
std::string prefix_end(std::string_view prefix);

}  // namespace continuum::kv
