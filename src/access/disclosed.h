// Something that may leave: it was decided on, and the receipt of that is durable.
//
// The only thing src/api sends. It cannot be made but by Door: from a Visit whose entry is in the
// ledger, or from what is the same for everybody.
#pragma once

#include <optional>
#include <utility>

#include "access/receipt.h"

namespace continuum::access {

template <typename T>
class Disclosed {
 public:
  const T& value() const& { return value_; }
  T&& value() && { return std::move(value_); }
  // Nothing: it says nothing of any record, and who asked is not known or does not matter.
  const std::optional<Receipt>& receipt() const { return receipt_; }

 private:
  friend class Door;
  Disclosed(T value, std::optional<Receipt> receipt)
      : value_(std::move(value)), receipt_(receipt) {}

  T value_;
  std::optional<Receipt> receipt_;
};

}  // namespace continuum::access
