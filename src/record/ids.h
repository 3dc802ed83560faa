// The names of things in the record: ordinals, resource ids, commit numbers (docs/storage_format.md
// 1).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/digest.h"
#include "fhir/types.h"

namespace continuum::record {

// Commit number: unique and ordered within a source patient; from 1.
using T = uint64_t;
using SourceNumber = uint16_t;  // from 1
using ItemNumber = uint32_t;    // a resource within its ord; from 1
using PersonNumber = uint64_t;  // from 1

inline constexpr unsigned kBucketBits = 12;
inline constexpr uint32_t kFirstPatientLocal = 65'536;

// The opaque key of one source patient: bucket and local number. Also the store's own places:
// shared types, and a quarantine for each source.
class Ord {
 public:
  constexpr Ord() = default;
  static constexpr Ord from_value(uint64_t value) { return Ord(value); }
  static constexpr Ord patient(uint16_t bucket, uint32_t local) {
    return Ord((uint64_t{bucket} << 36) | local);
  }
  static constexpr Ord shared() { return Ord(0); }
  static constexpr Ord quarantine(SourceNumber source) { return Ord(source); }

  constexpr uint64_t value() const { return value_; }
  constexpr uint16_t bucket() const { return static_cast<uint16_t>(value_ >> 36); }
  constexpr uint32_t local() const { return static_cast<uint32_t>(value_); }
  constexpr bool is_shared() const { return value_ == 0; }
  constexpr bool is_quarantine() const { return value_ > 0 && value_ < kFirstPatientLocal; }
  constexpr bool is_patient() const { return local() >= kFirstPatientLocal; }
  constexpr auto operator<=>(const Ord&) const = default;

 private:
  explicit constexpr Ord(uint64_t value) : value_(value) {}
  uint64_t value_ = 0;
};

using IdHash = std::array<char, 16>;
inline std::string_view view(const IdHash& hash) {
  return {hash.data(), hash.size()};
}

// A regional id: 12 bits of bucket and a keyed hash of where the resource came from. As text, 28
// characters that say nothing of person or source. Or an id that a client gave, which stands as it
// is.
struct ResourceId {
  uint16_t bucket = 0;
  IdHash hash{};
  std::string given = {};  // by a client: the id's text, and its source's own id. Empty: regional

  std::string text() const;
  // A regional id; nothing when the text is none.
  static std::optional<ResourceId> parse(std::string_view text);
  // Also one that a client may have given, whose bucket and hash the store knows
  // (record::View::locate). Nothing when the text is no FHIR id.
  static std::optional<ResourceId> named(std::string_view text);
  bool operator==(const ResourceId&) const = default;
};
inline constexpr size_t kIdTextSize = 28;
inline constexpr size_t kIdTextMax = 64;  // http://hl7.org/fhir/R4/datatypes.html#id

struct ResourceKey {
  fhir::TypeNumber type = 0;
  ResourceId id;
};

// Makes ids from where a resource came from. One thread at a time.
class IdMinter {
 public:
  explicit IdMinter(const crypto::Key& id_key) : hmac_(id_key) {}
  // `own_id`: the source's own id ("123") or fullUrl ("urn:uuid:...").
  IdHash hash(std::string_view source, fhir::TypeNumber type, std::string_view own_id);
  // The same for a text that names a resource without its type (a fullUrl, a search by identifier).
  IdHash alias(std::string_view source, std::string_view text);
  // The bucket of a source patient, from the hash of its Patient.
  static uint16_t bucket_of(const IdHash& patient_hash);

 private:
  crypto::Hmac hmac_;
  std::string message_;
};

struct IdHashHasher {
  size_t operator()(const IdHash& hash) const;
};

}  // namespace continuum::record
