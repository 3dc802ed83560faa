// RocksDB's file system on our file seam, so that a test can cut the power under the real engine.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>

#include "base/file_system.h"

namespace continuum::rocks {

// `files` must outlive the result.
std::shared_ptr<rocksdb::FileSystem> on_seam(FileSystem& files);

}  // namespace continuum::rocks
