#include "service/answer.h"

#include <algorithm>

#include "base/check.h"

namespace continuum::service {

AnswerBuilder::AnswerBuilder(http::ByteBudget& budget) {
  auto empty = budget.reserve(0);
  CHECK(empty.has_value());
  reservation_ = std::move(*empty);
}

// PERF: doubling, so that a record of n bytes is copied fewer than n bytes while it grows.
Status AnswerBuilder::make_room(size_t more) {
  size_t needed = text_.size() + more;
  if (needed <= text_.capacity()) {
    return {};
  }
  size_t capacity = std::max(needed, text_.capacity() * 2);
  if (capacity > reservation_.bytes()) {
    TRY(reservation_.grow(capacity - reservation_.bytes()));
  }
  text_.reserve(capacity);
  return {};
}

Answer AnswerBuilder::finish() && {
  return {std::move(text_), std::move(reservation_)};
}

}  // namespace continuum::service
