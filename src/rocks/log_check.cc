#include "rocks/log_check.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <cstdint>

namespace continuum::rocks {
namespace {

constexpr size_t kBlockSize = 32'768;
constexpr size_t kHeaderSize = 7;             // checksum u32, length u16, type u8; little-endian
constexpr size_t kRecyclableHeaderSize = 11;  // and the log's number u32
constexpr uint8_t kFull = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kRecyclableFull = 5;
constexpr uint8_t kRecyclableFirst = 6;
constexpr uint8_t kRecyclableLast = 8;
constexpr uint8_t kLastType = 11;
constexpr uint32_t kMask = 0xa282ead8;

uint32_t number_at(std::string_view bytes, size_t at, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) {
    number |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i])) << (8 * i);
  }
  return number;
}

uint32_t masked_crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const uint32_t value = crc.checksum();
  return ((value >> 15) | (value << 17)) + kMask;
}

struct Record {
  size_t size = 0;  // with its header; 0: it says that it goes beyond its block
  bool is_sound = false;
  bool is_start = false;  // of a group of commits
};

// `rest`: of a block, kHeaderSize at least.
Record record_at(std::string_view rest) {
  Record record;
  const uint8_t type = static_cast<uint8_t>(rest[6]);
  const bool is_recyclable = type >= kRecyclableFull && type <= kRecyclableLast;
  const size_t header = is_recyclable ? kRecyclableHeaderSize : kHeaderSize;
  const size_t size = header + number_at(rest, 4, 2);
  if (size > rest.size()) {
    return record;
  }
  record.size = size;
  record.is_sound = type > 0 && type <= kLastType &&
                    number_at(rest, 0, 4) == masked_crc32c(rest.substr(6, size - 6));
  record.is_start =
      type == kFull || type == kFirst || type == kRecyclableFull || type == kRecyclableFirst;
  return record;
}

bool is_empty(std::string_view rest) {
  return std::all_of(rest.begin(), rest.begin() + kHeaderSize, [](char c) { return c == 0; });
}

}  // namespace

std::optional<size_t> damage_in_log(std::string_view log) {
  std::optional<size_t> first_bad;
  for (size_t block = 0; block < log.size(); block += kBlockSize) {
    std::string_view rest = log.substr(block, kBlockSize);
    size_t at = block;
    while (rest.size() >= kHeaderSize) {
      const Record record = record_at(rest);
      if (record.is_sound && record.is_start && first_bad) {
        return first_bad;
      }
      if (!record.is_sound && !first_bad) {
        first_bad = at;
      }
      if (record.size == 0 || is_empty(rest)) {
        break;  // no length to go by: on with the next block
      }
      at += record.size;
      rest.remove_prefix(record.size);
    }
  }
  return std::nullopt;
}

}  // namespace continuum::rocks
