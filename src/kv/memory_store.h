// The kv contract over std::map: the oracle for RocksDB, and a fast store for tests of what is
// above. Snapshots copy the maps (shared until the next write).
#pragma once

#include <functional>
#include <memory>

#include "kv/store.h"

namespace continuum::kv {

std::unique_ptr<Store> make_memory_store(size_t family_count);

}  // namespace continuum::kv
