// Fixed-width integers to and from byte strings; hexadecimal and base64 text.
//
// Big-endian everywhere: stored keys must sort as their numbers do. Readers are for bytes that may
// be damaged: a short read is an error, never undefined.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace continuum {

void put_u8(std::string& out, uint8_t value);
void put_u16(std::string& out, uint16_t value);
void put_u32(std::string& out, uint32_t value);
void put_u48(std::string& out, uint64_t value);  // value < 2^48
void put_u64(std::string& out, uint64_t value);
// LEB128: 7 bits a byte, least significant first; at most 10 bytes.
void put_varint(std::string& out, uint64_t value);
// put_varint(length), then the bytes.
void put_length_prefixed(std::string& out, std::string_view bytes);

// Consumes from the front of a view. After the first failure every read fails (kCorrupt).
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  Result<uint8_t> u8();
  Result<uint16_t> u16();
  Result<uint32_t> u32();
  Result<uint64_t> u48();
  Result<uint64_t> u64();
  Result<uint64_t> varint();
  // A view into the bytes given to the constructor.
  Result<std::string_view> take(size_t size);
  Result<std::string_view> length_prefixed();

  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  Result<uint64_t> big_endian(size_t width);
  std::string_view rest_;
};

// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);
// Either case; an odd length or any other character is kInvalid.
Result<std::string> from_hex(std::string_view text);

// RFC 4648 section 5, without padding.
std::string to_base64url(std::string_view bytes);
// kInvalid: any other character, an impossible length, or bits set beyond the last byte.
Result<std::string> from_base64url(std::string_view text);

// RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);
// kInvalid as from_base64url, and when padding is missing or too much.
Result<std::string> from_base64(std::string_view text);

}  // namespace continuum
