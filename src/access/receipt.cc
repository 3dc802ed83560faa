#include "access/receipt.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace continuum::access {

std::string Receipt::text() const {
  std::string_view bytes(reinterpret_cast<const char*>(id.data()), id.size());
  return std::to_string(number) + "-" + to_hex(bytes);
}

std::optional<Receipt> Receipt::parse(std::string_view text) {
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  Receipt receipt;
  auto end = std::from_chars(text.data(), text.data() + dash, receipt.number);
  auto id = from_hex(text.substr(dash + 1));
  if (end.ec != std::errc() || end.ptr != text.data() + dash || !id ||
      id->size() != receipt.id.size()) {
    return std::nullopt;
  }
  std::copy(id->begin(), id->end(), receipt.id.begin());
  // One receipt has one text.
  return receipt.text() == text ? std::optional(receipt) : std::nullopt;
}

}  // namespace continuum::access
