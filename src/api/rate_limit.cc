#include "api/rate_limit.h"

namespace continuum::api {

bool RateLimit::admit(std::string_view caller, Time now) {
  int64_t second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  std::lock_guard lock(mutex_);
  if (second != second_) {
    second_ = second;
    counts_.clear();
  }
  return ++counts_[std::string(caller)] <= max_;
}

}  // namespace continuum::api
