#include "service/answer.h"

#include <algorithm>

#include "base/check.h"
#include "service/limits.h"

namespace continuum::service {

AnswerBuilder::AnswerBuilder(http::ByteBudget& budget) {
  auto empty = budget.reserve(0);
  CHECK(empty.has_value());
  reservation_ = std::move(*empty);
}

// PERF: few steps: copying a growing record of 500 kB through ten of them costs as much as opening
// a third of its bodies.
Status AnswerBuilder::make_room(size_t more) {
  size_t needed = text_.size() + more;
  if (needed <= text_.capacity()) {
    return {};
  }
  size_t factor = text_.capacity() < kFastGrowthBytesMax ? 4 : 2;
  size_t capacity =
      reservation_.bytes() == 0 ? needed : std::max(needed, text_.capacity() * factor);
  // While the text moves, its old memory is held beside the new.
  const size_t old_capacity = reservation_.bytes() == 0 ? 0 : text_.capacity();
  if (!reserve(old_capacity + capacity)) {
    capacity = needed;
    TRY(reserve(old_capacity + capacity));
  }
  text_.reserve(capacity);
  reservation_.shrink_to(capacity);
  return {};
}

Status AnswerBuilder::reserve(size_t capacity) {
  return capacity > reservation_.bytes() ? reservation_.grow(capacity - reservation_.bytes())
                                         : Status();
}

Answer AnswerBuilder::finish() && {
  return {std::move(text_), std::move(reservation_)};
}

}  // namespace continuum::service
