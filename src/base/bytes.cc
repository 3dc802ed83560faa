#include "base/bytes.h"

#include <array>

#include "base/check.h"

namespace continuum {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t kNoDigit = 255;

// The value of each byte as a digit of an alphabet of 64.
constexpr std::array<uint8_t, 256> digit_values(std::string_view alphabet) {
  std::array<uint8_t, 256> values{};
  for (uint8_t& value : values) {
    value = kNoDigit;
  }
  for (size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}

void put_big_endian(std::string& out, uint64_t value, int width) {
  char buffer[8];
  for (int i = 0; i < width; ++i) {
    buffer[i] = static_cast<char>(static_cast<uint8_t>(value >> (8 * (width - 1 - i))));
  }
  out.append(buffer, static_cast<size_t>(width));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

// Digits of six bits each; the last is filled up with zeros.
std::string encode_64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t pending = 0;
  unsigned bits = 0;
  for (char c : bytes) {
    pending = (pending << 8) | static_cast<uint8_t>(c);
    for (bits += 8; bits >= 6; bits -= 6) {
      out.push_back(alphabet[(pending >> (bits - 6)) & 63]);
    }
  }
  if (bits > 0) {
    out.push_back(alphabet[(pending << (6 - bits)) & 63]);
  }
  return out;
}

// False: a byte that is no digit, an impossible length, or bits set beyond the last byte.
bool decode_64(std::string_view text, const std::array<uint8_t, 256>& values, std::string& out) {
  out.reserve(text.size() * 3 / 4);
  uint32_t pending = 0;
  unsigned bits = 0;
  for (char c : text) {
    const uint8_t digit = values[static_cast<uint8_t>(c)];
    if (digit == kNoDigit) {
      return false;
    }
    pending = (pending << 6) | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(pending >> bits));
    }
  }
  return bits < 6 && (pending & ((1U << bits) - 1)) == 0;
}

}  // namespace

void put_u8(std::string& out, uint8_t value) {
  out.push_back(static_cast<char>(value));
}
void put_u16(std::string& out, uint16_t value) {
  put_big_endian(out, value, 2);
}
void put_u32(std::string& out, uint32_t value) {
  put_big_endian(out, value, 4);
}
void put_u64(std::string& out, uint64_t value) {
  put_big_endian(out, value, 8);
}

void put_u48(std::string& out, uint64_t value) {
  CHECK(value < (uint64_t{1} << 48));
  put_big_endian(out, value, 6);
}

void put_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(static_cast<uint8_t>(value | 0x80)));
    value >>= 7;
  }
  out.push_back(static_cast<char>(static_cast<uint8_t>(value)));
}

void put_length_prefixed(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out.append(bytes);
}

Result<uint64_t> ByteReader::big_endian(size_t width) {
  TRY(auto bytes, take(width));
  uint64_t value = 0;
  for (char c : bytes) {
    value = (value << 8) | static_cast<uint8_t>(c);
  }
  return value;
}

Result<uint8_t> ByteReader::u8() {
  return big_endian(1).map([](uint64_t v) { return static_cast<uint8_t>(v); });
}
Result<uint16_t> ByteReader::u16() {
  return big_endian(2).map([](uint64_t v) { return static_cast<uint16_t>(v); });
}
Result<uint32_t> ByteReader::u32() {
  return big_endian(4).map([](uint64_t v) { return static_cast<uint32_t>(v); });
}
Result<uint64_t> ByteReader::u48() {
  return big_endian(6);
}
Result<uint64_t> ByteReader::u64() {
  return big_endian(8);
}

Result<uint64_t> ByteReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    TRY(uint8_t byte, u8());
    if (shift == 63 && byte > 1) {
      break;
    }
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  rest_ = {};
  return fail(ErrorCode::kCorrupt, "variable-length integer is longer than 64 bits");
}

Result<std::string_view> ByteReader::take(size_t size) {
  if (size > rest_.size()) {
    rest_ = {};
    return fail(ErrorCode::kCorrupt, "stored bytes end too early");
  }
  std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

Result<std::string_view> ByteReader::length_prefixed() {
  TRY(uint64_t size, varint());
  return take(size);
}

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  return out;
}

Result<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return fail(ErrorCode::kInvalid, "hexadecimal text has an odd number of digits");
  }
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = hex_digit(text[i]);
    int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) {
      return fail(ErrorCode::kInvalid, "text holds a character that is not a hexadecimal digit",
                  {{"character " + std::to_string(i + 1), "expected 0-9 or a-f"}});
    }
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string to_base64url(std::string_view bytes) {
  return encode_64(bytes, kBase64Url);
}

Result<std::string> from_base64url(std::string_view text) {
  static constexpr auto kValues = digit_values(kBase64Url);
  std::string out;
  if (!decode_64(text, kValues, out)) {
    return fail(ErrorCode::kInvalid, "not base64url without padding");
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out = encode_64(bytes, kBase64);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

Result<std::string> from_base64(std::string_view text) {
  static constexpr auto kValues = digit_values(kBase64);
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string out;
  if (text.size() % 4 != 0 || !decode_64(text.substr(0, text.size() - padding), kValues, out)) {
    return fail(ErrorCode::kInvalid, "not base64 with padding");
  }
  return out;
}

}  // namespace continuum
