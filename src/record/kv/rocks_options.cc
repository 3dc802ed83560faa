#include "record/kv/rocks_options.h"

#include "record/kv/families.h"

namespace continuum::record {
namespace {

// PERF: a look-up takes a whole block for one small row. (A record takes a row of blocks: those of
// `current` stay large. With 8 KiB a read by id was a tenth faster, a record a third slower.)
constexpr size_t kDirectoryBlock = 4 * 1024;

}  // namespace

rocks::Options rocks_options(const StoreOptions& options, const crypto::Key& file_key) {
  rocks::Options out;
  out.path = options.data_folder;
  for (const char* name : kFamilyNames) {
    out.families.emplace_back().name = name;
  }
  rocks::FamilySpec& current = out.families[kCurrent];
  current.content = rocks::Content::kRandom;
  current.looked_up = true;
  current.prefix_size = kOrdSize;
  out.families[kHistory].content = rocks::Content::kRandom;
  rocks::FamilySpec& directory = out.families[kDirectory];
  directory.content = rocks::Content::kRandom;
  directory.looked_up = true;
  directory.block_size = kDirectoryBlock;
  out.file_key = file_key;
  out.cache_bytes = options.cache_bytes;
  out.files = options.files;
  out.tiny = options.tiny;
  return out;
}

}  // namespace continuum::record
