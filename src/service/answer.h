// An answer while it is built: text whose memory is taken from the byte budget before it is used,
// so that many large answers at once become "try again" rather than an exhausted machine.
#pragma once

#include <string>

#include "base/result.h"
#include "http/budget.h"

namespace continuum::service {

struct Answer {
  std::string body;
  http::ByteBudget::Reservation reservation;
};

class AnswerBuilder {
 public:
  // `budget` must outlive the answer.
  explicit AnswerBuilder(http::ByteBudget& budget);

  // Takes room for `more` bytes beside what is there. kBusy: the budget has none.
  Status make_room(size_t more);
  std::string& text() { return text_; }
  Answer finish() &&;

 private:
  std::string text_;
  http::ByteBudget::Reservation reservation_;
};

}  // namespace continuum::service
