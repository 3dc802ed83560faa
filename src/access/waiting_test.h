// For tests: the door, and a caller that waits.
#pragma once

#include <future>
#include <memory>

#include "access/door.h"

namespace continuum::access {

template <typename T>
Result<Disclosed<T>> close_and_wait(Door& door, std::unique_ptr<Visit> visit, uint16_t status,
                                    T value) {
  std::promise<Result<Disclosed<T>>> promise;
  door.close<T>(std::move(visit), status, std::move(value),
                [&](Result<Disclosed<T>> closed) { promise.set_value(std::move(closed)); });
  return promise.get_future().get();
}

}  // namespace continuum::access
