// The enciphering layer under RocksDB: AES-256-CTR in bulk, a fresh iv for every file.
//
// Each file starts with a prefix of 4,096 bytes: "CTMFILE" and a format byte (1), the iv (16
// bytes), a check of key and iv (16 bytes of HMAC-SHA-256 over the 24 bytes before), then zeros.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>

#include "crypto/digest.h"

namespace continuum::rocks {

inline constexpr size_t kFilePrefixSize = 4096;

std::shared_ptr<rocksdb::FileSystem> enciphered(const std::shared_ptr<rocksdb::FileSystem>& below,
                                                const crypto::Key& file_key);

}  // namespace continuum::rocks
