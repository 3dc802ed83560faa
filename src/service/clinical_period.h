// Which items of one source patient have their clinical date in a period.
#pragma once

#include <optional>
#include <unordered_map>

#include "access/visit.h"

namespace continuum::service {

class ClinicalPeriod {
 public:
  enum class Versions : uint8_t { kCurrent, kAny };
  // Both ends may be open; `before` is excluded. `versions`: what has() will be asked about.
  ClinicalPeriod(std::optional<Instant> from, std::optional<Instant> before, Versions versions)
      : from_(from), before_(before), versions_(versions) {}

  bool is_open() const { return !from_ && !before_; }
  // Reads the dates of the current items of an ord. To be called before has() for its items.
  Status read_dates(access::Visit& view, record::Ord ord);
  // Whether the item belongs: in the period, or without a clinical date.
  Result<bool> has(access::Visit& view, const record::StoredItem& item) const;

 private:
  struct Date {
    record::T t;
    Instant instant;
  };
  static uint64_t number(const record::ItemKey& key) {
    return (uint64_t{key.type} << 32) | key.item;
  }
  bool covers(Instant date) const;

  std::optional<Instant> from_;
  std::optional<Instant> before_;
  Versions versions_;
  std::unordered_map<uint64_t, Date> dates_;
};

}  // namespace continuum::service
