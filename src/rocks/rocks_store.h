// kv::Store on RocksDB 7.8, every file enciphered (SST, WAL, manifest, options; not the empty
// LOCK).
//
// A folder belongs to one process at a time. Synced commits that arrive together share one
// fdatasync.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "crypto/digest.h"
#include "kv/store.h"

namespace continuum::rocks {

enum class Content : uint8_t {
  kRandom,  // ciphertext, hashes: compressing them would only cost time
  kPlain,   // compressed by block
};

struct FamilySpec {
  std::string name;
  Content content = Content::kPlain;
  // Bytes of a block: what a look-up reads at least.
  size_t block_size = 16 * 1024;
  // Single keys are looked up that may be absent: keeps a Bloom filter.
  bool looked_up = false;
  // Keys are this long at least, and most scans stay among keys that share so many first bytes: the
  // filter then tells which files have any. 0: not so.
  size_t prefix_size = 0;
};

struct Options {
  std::string path;  // made when absent
  std::vector<FamilySpec> families;
  crypto::Key file_key;
  uint64_t cache_bytes = uint64_t{256} << 20;        // block cache, indexes and filters included
  uint64_t write_buffer_bytes = uint64_t{64} << 20;  // all memtables together
  // Null: the disk, by RocksDB's own code. Otherwise all files go through this seam.
  FileSystem* files = nullptr;
  // For tests: blocks and buffers so small that every path is walked.
  bool tiny = false;
};

// kReadOnly: takes no lock and changes no file, so the folder must be nobody's at work (a folder
// that freeze() made); commits are refused.
enum class OpenFor : uint8_t { kWriting, kReadOnly };

// kConflict: another process has the folder. kCorrupt: files damaged, or of another key.
// kUnsupported: written with families this program doesn't know.
Result<std::unique_ptr<kv::Store>> open_store(const Options& options,
                                              OpenFor open_for = OpenFor::kWriting);

}  // namespace continuum::rocks
