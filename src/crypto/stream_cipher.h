// AES-256-CTR over a file: any range can be enciphered or deciphered by its offset (SP 800-38A).
// Confidentiality only; what is inside authenticates itself (seals, digests, block checksums).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "crypto/digest.h"

namespace continuum::crypto {

inline constexpr size_t kIvSize = 16;
using Iv = std::array<uint8_t, kIvSize>;

// Enciphers (or deciphers: the same) in place the bytes that stand at `offset` of the stream. A
// (key, iv) pair is for one file only. Thread-safe.
void apply_stream_cipher(const Key& key, const Iv& iv, uint64_t offset, char* bytes, size_t size);

}  // namespace continuum::crypto
