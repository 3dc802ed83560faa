#include "http/budget.h"

#include <utility>

namespace continuum::http {

namespace {
tl::unexpected<Error> busy() {
  return fail(ErrorCode::kBusy, "too many bytes in flight; try again shortly");
}
}  // namespace

ByteBudget::Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

ByteBudget::Reservation& ByteBudget::Reservation::operator=(Reservation&& other) noexcept {
  if (this != &other) {
    release();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

Status ByteBudget::Reservation::grow(uint64_t more) {
  if (budget_ == nullptr) {
    return fail(ErrorCode::kInternal, "reservation belongs to no budget");
  }
  if (!budget_->take(more)) {
    return busy();
  }
  bytes_ += more;
  return {};
}

void ByteBudget::Reservation::shrink_to(uint64_t bytes) {
  if (bytes < bytes_) {
    budget_->give_back(bytes_ - bytes);
    bytes_ = bytes;
  }
}

bool ByteBudget::take(uint64_t bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes != 0 && (used > bytes_max_ || bytes > bytes_max_ - used)) {
      return false;
    }
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

Result<ByteBudget::Reservation> ByteBudget::reserve(uint64_t bytes) {
  if (!take(bytes)) {
    return busy();
  }
  return Reservation(this, bytes);
}

ByteBudget::Reservation ByteBudget::charge(uint64_t bytes) {
  used_.fetch_add(bytes, std::memory_order_relaxed);
  return {this, bytes};
}

}  // namespace continuum::http
