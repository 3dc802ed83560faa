// Sets of source patients, as compressed bitmaps: a few bytes for each member, and unions,
// intersections and differences of millions in milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>

#include "record/ids.h"

namespace continuum::access {

// A value: copies are whole. One writer, or any number of readers.
class OrdSet {
 public:
  OrdSet();
  OrdSet(std::initializer_list<record::Ord> ords);
  ~OrdSet();
  OrdSet(const OrdSet& other);
  OrdSet& operator=(const OrdSet& other);
  // The set moved from is empty.
  OrdSet(OrdSet&& other) noexcept;
  OrdSet& operator=(OrdSet&& other) noexcept;

  void add(record::Ord ord);
  bool contains(record::Ord ord) const;
  bool empty() const;
  uint64_t count() const;
  // In ascending order of value.
  void for_each(const std::function<void(record::Ord)>& visit) const;

  OrdSet& operator|=(const OrdSet& other);
  OrdSet& operator&=(const OrdSet& other);
  OrdSet& operator-=(const OrdSet& other);
  bool operator==(const OrdSet& other) const;

 private:
  struct Buckets;
  std::unique_ptr<Buckets> buckets_;  // null: empty
};

}  // namespace continuum::access
