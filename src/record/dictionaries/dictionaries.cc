#include "record/dictionaries/dictionaries.h"

#include "base/check.h"

extern "C" {
extern const char continuum_dictionary_1_start[];
extern const char continuum_dictionary_1_end[];
}

namespace continuum::record {

std::string_view dictionary_bytes(uint8_t number) {
  CHECK(number == 1);
  return {continuum_dictionary_1_start,
          static_cast<size_t>(continuum_dictionary_1_end - continuum_dictionary_1_start)};
}

}  // namespace continuum::record
