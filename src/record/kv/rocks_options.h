// How the families of the record store lie in RocksDB.
#pragma once

#include "record/store.h"
#include "rocks/rocks_store.h"

namespace continuum::record {

rocks::Options rocks_options(const StoreOptions& options, const crypto::Key& file_key);

}  // namespace continuum::record
