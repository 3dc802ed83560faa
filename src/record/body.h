// Between canonical body and sealed body: zstd with a shipped dictionary, then AES-256-GCM
// (docs/storage_format.md section 4).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/digest.h"
#include "record/kv/row.h"

namespace continuum::record {

// The dictionary new bodies are compressed with. Dictionaries are numbered for ever and trained on
// synthetic people only: one trained on patients would leak them.
inline constexpr uint8_t kCurrentDictionary = 1;

// Appends the sealed form of `body`. Thread-safe.
void seal_body(const crypto::Key& data_key, const ItemKey& item, std::string_view body,
               std::string& out);
// Overwrites `body`. kCorrupt when key, item or bytes are not those of seal_body.
Status open_body(const crypto::Key& data_key, const ItemKey& item, const Row& row,
                 std::string& body);

}  // namespace continuum::record
