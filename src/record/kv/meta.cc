#include "record/kv/meta.h"

#include <cstring>

#include "base/bytes.h"
#include "record/kv/row.h"
#include "record/kv/values.h"

namespace continuum::record {
namespace {

void put_micros(std::string& out, Instant instant) {
  put_u64(out, static_cast<uint64_t>(instant.micros));
}

Status take_micros(ByteReader& reader, Instant& instant) {
  TRY(uint64_t micros, reader.u64());
  instant.micros = static_cast<int64_t>(micros);
  return {};
}

// The next term; where that was shortened, what is left of it.
Status take_text(ByteReader& reader, std::string& text) {
  TRY(Term term, take_term(reader));
  text = std::move(term.text);
  return {};
}

// Bytes that no key is sorted by.
Status take_bytes(ByteReader& reader, std::string& bytes) {
  TRY(bytes, reader.length_prefixed());
  return {};
}

}  // namespace

std::string meta_bucket_key(uint16_t bucket) {
  std::string key = "b";
  put_u16(key, bucket);
  return key;
}

std::string meta_source_key(std::string_view name) {
  return "s" + std::string(name);
}

std::string meta_source_name_key(SourceNumber source) {
  std::string key = "n";
  put_u16(key, source);
  return key;
}

std::string meta_arrival_key(SourceNumber source) {
  std::string key = "a";
  put_u16(key, source);
  return key;
}

std::string encode_arrival(const Arrival& arrival) {
  std::string value;
  put_micros(value, arrival.instant);
  put_varint(value, arrival.received);
  put_varint(value, arrival.refused);
  put_varint(value, arrival.quarantined);
  put_u8(value, arrival.complete ? 1 : 0);
  return value;
}

Result<Arrival> decode_arrival(std::string_view value) {
  ByteReader reader(value);
  Arrival arrival;
  TRY(take_micros(reader, arrival.instant));
  TRY(arrival.received, reader.varint());
  TRY(arrival.refused, reader.varint());
  TRY(arrival.quarantined, reader.varint());
  TRY(uint8_t complete, reader.u8());
  if (complete > 1) {
    return fail(ErrorCode::kCorrupt, "an arrival has an unknown state");
  }
  arrival.complete = complete == 1;
  return arrival;
}

std::string refusal_prefix(SourceNumber source) {
  std::string key = "f";
  put_u16(key, source);
  return key;
}

std::string refusal_prefix(SourceNumber source, const FileDigest& file) {
  std::string key = refusal_prefix(source);
  key.append(file.data(), file.size());
  return key;
}

std::string refusal_key(const Refusal& refusal) {
  std::string key = refusal_prefix(refusal.source, refusal.file);
  put_u32(key, refusal.line);
  put_u32(key, refusal.entry);
  return key;
}

std::string encode_refusal(const Refusal& refusal) {
  std::string value;
  put_micros(value, refusal.instant);
  put_term(value, refusal.code);
  put_term(value, refusal.reason);
  put_term(value, refusal.type);
  return value;
}

Result<Refusal> decode_refusal(std::string_view key, std::string_view value) {
  Refusal refusal;
  ByteReader key_reader(key);
  TRY(uint8_t kind, key_reader.u8());
  TRY(refusal.source, key_reader.u16());
  TRY(auto file, key_reader.take(refusal.file.size()));
  std::memcpy(refusal.file.data(), file.data(), file.size());
  TRY(refusal.line, key_reader.u32());
  TRY(refusal.entry, key_reader.u32());
  ByteReader reader(value);
  TRY(take_micros(reader, refusal.instant));
  TRY(take_text(reader, refusal.code));
  TRY(take_text(reader, refusal.reason));
  TRY(take_text(reader, refusal.type));
  if (kind != 'f' || !key_reader.empty() || !reader.empty()) {
    return fail(ErrorCode::kCorrupt, "a refusal has the wrong shape");
  }
  return refusal;
}

std::string erased_prefix() {
  return "e";
}

std::string erased_key(Ord ord) {
  return erased_prefix() + ord_key(ord);
}

Result<Ord> decode_erased_key(std::string_view key) {
  ByteReader reader(key);
  TRY(uint8_t kind, reader.u8());
  TRY(uint64_t ord, reader.u48());
  if (kind != 'e' || !reader.empty()) {
    return fail(ErrorCode::kCorrupt, "the key of an erasure has the wrong shape");
  }
  return Ord::from_value(ord);
}

std::string encode_erased(const Erasure& erasure) {
  std::string value;
  put_u64(value, erasure.certificate);
  put_micros(value, erasure.instant);
  put_length_prefixed(value, erasure.patient);
  put_length_prefixed(value, erasure.by);
  put_length_prefixed(value, erasure.reason);
  return value;
}

Result<Erasure> decode_erased(std::string_view key, std::string_view value) {
  Erasure erasure;
  TRY(erasure.ord, decode_erased_key(key));
  ByteReader reader(value);
  TRY(erasure.certificate, reader.u64());
  TRY(take_micros(reader, erasure.instant));
  TRY(take_bytes(reader, erasure.patient));
  TRY(take_bytes(reader, erasure.by));
  TRY(take_bytes(reader, erasure.reason));
  if (!reader.empty()) {
    return fail(ErrorCode::kCorrupt, "an erasure has the wrong shape");
  }
  return erasure;
}

std::string unscrubbed_prefix() {
  return "w";
}

std::string unscrubbed_key(uint64_t certificate) {
  std::string key = unscrubbed_prefix();
  put_u64(key, certificate);
  return key;
}

std::string encode_ords(std::span<const Ord> ords) {
  std::string value;
  for (Ord ord : ords) {
    put_ord(value, ord);
  }
  return value;
}

Result<std::vector<Ord>> decode_ords(std::string_view value) {
  std::vector<Ord> ords;
  ByteReader reader(value);
  while (!reader.empty()) {
    TRY(uint64_t ord, reader.u48());
    ords.push_back(Ord::from_value(ord));
  }
  return ords;
}

}  // namespace continuum::record
