// zstd dictionaries, shipped by number and never changed: bodies on disk depend on them.
#pragma once

#include <cstdint>
#include <string_view>

namespace continuum::record {

// `number` from 1 to kCurrentDictionary. Static storage.
std::string_view dictionary_bytes(uint8_t number);

}  // namespace continuum::record
