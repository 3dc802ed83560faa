// What a caller holds to prove that their request is in the ledger (docs/ledger_format.md section
// 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/entry.h"

namespace continuum::access {

struct Receipt {
  uint64_t number = 0;  // of the request entry
  ledger::RequestId id{};
  bool operator==(const Receipt&) const = default;

  // "1234-00112233445566778899aabbccddeeff"
  std::string text() const;
  static std::optional<Receipt> parse(std::string_view text);
};

}  // namespace continuum::access
