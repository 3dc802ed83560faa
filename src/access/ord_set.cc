#include "access/ord_set.h"

#include <map>
#include <roaring/roaring.hh>

namespace continuum::access {
namespace {

// The upper 16 and the lower 32 of an ord's 48 bits: nothing of it is lost, whatever it is made of.
uint16_t upper(record::Ord ord) {
  return static_cast<uint16_t>(ord.value() >> 32);
}
uint32_t lower(record::Ord ord) {
  return static_cast<uint32_t>(ord.value());
}

}  // namespace

// No bitmap in the map is empty.
struct OrdSet::Buckets {
  std::map<uint16_t, ::Roaring> bitmaps;
};

OrdSet::OrdSet() = default;
OrdSet::~OrdSet() = default;
OrdSet::OrdSet(OrdSet&& other) noexcept = default;
OrdSet& OrdSet::operator=(OrdSet&& other) noexcept = default;

OrdSet::OrdSet(std::initializer_list<record::Ord> ords) {
  for (record::Ord ord : ords) {
    add(ord);
  }
}

OrdSet::OrdSet(const OrdSet& other)
    : buckets_(other.buckets_ ? std::make_unique<Buckets>(*other.buckets_) : nullptr) {}

OrdSet& OrdSet::operator=(const OrdSet& other) {
  if (this != &other) {
    buckets_ = other.buckets_ ? std::make_unique<Buckets>(*other.buckets_) : nullptr;
  }
  return *this;
}

void OrdSet::add(record::Ord ord) {
  if (!buckets_) {
    buckets_ = std::make_unique<Buckets>();
  }
  buckets_->bitmaps[upper(ord)].add(lower(ord));
}

bool OrdSet::contains(record::Ord ord) const {
  if (!buckets_) {
    return false;
  }
  const auto found = buckets_->bitmaps.find(upper(ord));
  return found != buckets_->bitmaps.end() && found->second.contains(lower(ord));
}

bool OrdSet::empty() const {
  return !buckets_ || buckets_->bitmaps.empty();
}

uint64_t OrdSet::count() const {
  uint64_t total = 0;
  if (buckets_) {
    for (const auto& [key, bitmap] : buckets_->bitmaps) {
      total += bitmap.cardinality();
    }
  }
  return total;
}

void OrdSet::for_each(const std::function<void(record::Ord)>& visit) const {
  if (!buckets_) {
    return;
  }
  for (const auto& [key, bitmap] : buckets_->bitmaps) {
    for (const uint32_t low : bitmap) {
      visit(record::Ord::from_value((uint64_t{key} << 32) | low));
    }
  }
}

OrdSet& OrdSet::operator|=(const OrdSet& other) {
  if (!buckets_) {
    return *this = other;
  }
  if (other.buckets_) {
    for (const auto& [key, bitmap] : other.buckets_->bitmaps) {
      buckets_->bitmaps[key] |= bitmap;
    }
  }
  return *this;
}

OrdSet& OrdSet::operator&=(const OrdSet& other) {
  if (!buckets_ || !other.buckets_) {
    buckets_.reset();
    return *this;
  }
  auto& bitmaps = buckets_->bitmaps;
  for (auto at = bitmaps.begin(); at != bitmaps.end();) {
    const auto found = other.buckets_->bitmaps.find(at->first);
    if (found != other.buckets_->bitmaps.end()) {
      at->second &= found->second;
    }
    const bool gone = found == other.buckets_->bitmaps.end() || at->second.isEmpty();
    at = gone ? bitmaps.erase(at) : std::next(at);
  }
  return *this;
}

OrdSet& OrdSet::operator-=(const OrdSet& other) {
  if (!buckets_ || !other.buckets_) {
    return *this;
  }
  auto& bitmaps = buckets_->bitmaps;
  for (auto at = bitmaps.begin(); at != bitmaps.end();) {
    const auto found = other.buckets_->bitmaps.find(at->first);
    if (found != other.buckets_->bitmaps.end()) {
      at->second -= found->second;
    }
    at = at->second.isEmpty() ? bitmaps.erase(at) : std::next(at);
  }
  return *this;
}

bool OrdSet::operator==(const OrdSet& other) const {
  if (empty() || other.empty()) {
    return empty() == other.empty();
  }
  return buckets_->bitmaps == other.buckets_->bitmaps;
}

}  // namespace continuum::access
