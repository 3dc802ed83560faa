// Who a person is made of, in a number: pages of a record end when it changes.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "record/store.h"

namespace continuum::service {

// Equal for the same source patients, and for no others that anybody will ever see.
Result<uint64_t> fingerprint(const record::Person& person);

}  // namespace continuum::service
