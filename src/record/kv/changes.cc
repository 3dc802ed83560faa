#include "record/kv/changes.h"

#include "base/bytes.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

Result<uint64_t> whole_u64(std::string_view bytes) {
  if (bytes.size() != sizeof(uint64_t)) {
    return fail(ErrorCode::kCorrupt, "a number has the wrong size");
  }
  return ByteReader(bytes).u64();
}

}  // namespace

std::string t_key(T t) {
  std::string key;
  put_u64(key, t);
  return key;
}

Result<T> decode_t_key(std::string_view key) {
  return whole_u64(key);
}

std::string encode_changes(const std::vector<Change>& changes) {
  std::string value;
  for (size_t at = 0; at < changes.size();) {
    size_t end = at;
    while (end < changes.size() && changes[end].item.ord == changes[at].item.ord) {
      ++end;
    }
    put_ord(value, changes[at].item.ord);
    put_varint(value, end - at);
    for (; at < end; ++at) {
      put_u8(value, changes[at].item.type);
      put_varint(value, changes[at].item.item);
      put_varint(value, changes[at].version);
      put_u8(value, changes[at].deleted ? 1 : 0);
    }
  }
  return value;
}

Result<std::vector<Change>> decode_changes(std::string_view value) {
  std::vector<Change> changes;
  ByteReader reader(value);
  while (!reader.empty()) {
    TRY(uint64_t ord, reader.u48());
    TRY(uint64_t count, reader.varint());
    for (; count > 0; --count) {
      Change change;
      change.item.ord = Ord::from_value(ord);
      TRY(change.item.type, reader.u8());
      TRY(uint64_t item, reader.varint());
      TRY(uint64_t version, reader.varint());
      TRY(uint8_t flags, reader.u8());
      change.item.item = static_cast<ItemNumber>(item);
      change.version = static_cast<uint32_t>(version);
      change.deleted = flags == 1;
      if (flags > 1 || item > UINT32_MAX || version > UINT32_MAX ||
          change.item.type >= fhir::type_count()) {
        return fail(ErrorCode::kCorrupt, "a change has the wrong shape");
      }
      changes.push_back(change);
    }
  }
  return changes;
}

std::string encode_instant(Instant instant) {
  std::string value;
  put_u64(value, static_cast<uint64_t>(instant.micros));
  return value;
}

Result<Instant> decode_instant(std::string_view value) {
  TRY(uint64_t micros, whole_u64(value));
  return Instant{static_cast<int64_t>(micros)};
}

}  // namespace continuum::record
