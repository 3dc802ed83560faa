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

std::string changes_prefix(SourceNumber source) {
  std::string key;
  put_u16(key, source);
  return key;
}

std::string changes_prefix(SourceNumber source, T t) {
  std::string key = changes_prefix(source);
  put_u64(key, ~t);
  return key;
}

std::string changes_prefix(SourceNumber source, T t, Ord ord) {
  return changes_prefix(source, t) + ord_key(ord);
}

std::string changes_key(const ChangesKey& key) {
  std::string out = changes_prefix(key.source, key.t);
  put_item_key(out, key.first);
  return out;
}

Result<ChangesKey> decode_changes_key(std::string_view key) {
  ByteReader reader(key);
  ChangesKey out;
  TRY(out.source, reader.u16());
  TRY(T complement, reader.u64());
  out.t = ~complement;
  TRY(out.first, decode_item_key(reader.rest()));
  if (reader.rest().size() != kItemKeySize) {
    return fail(ErrorCode::kCorrupt, "a key of changes has the wrong size");
  }
  return out;
}

std::string encode_changes(std::span<const Change> changes) {
  std::string value;
  for (const Change& change : changes) {
    put_u8(value, change.item.type);
    put_varint(value, change.item.item);
    put_varint(value, change.version);
    put_u8(value, change.deleted ? 1 : 0);
  }
  return value;
}

Result<std::vector<Change>> decode_changes(const ChangesKey& key, std::string_view value) {
  std::vector<Change> changes;
  ByteReader reader(value);
  while (!reader.empty()) {
    Change change;
    change.source = key.source;
    change.item.ord = key.first.ord;
    TRY(change.item.type, reader.u8());
    TRY(uint64_t item, reader.varint());
    TRY(uint64_t version, reader.varint());
    TRY(uint8_t flags, reader.u8());
    change.item.item = static_cast<ItemNumber>(item);
    change.version = static_cast<uint32_t>(version);
    change.deleted = flags == 1;
    bool is_in_order =
        changes.empty() ? change.item == key.first : changes.back().item < change.item;
    if (flags > 1 || item > UINT32_MAX || version > UINT32_MAX ||
        change.item.type >= fhir::type_count() || !is_in_order ||
        changes.size() == kChangesInRowMax) {
      return fail(ErrorCode::kCorrupt, "a change has the wrong shape");
    }
    changes.push_back(change);
  }
  if (changes.empty()) {
    return fail(ErrorCode::kCorrupt, "a row of changes is empty");
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
