#include "ledger/tile_path.h"

#include <charconv>

#include "base/check.h"

namespace continuum::ledger {
namespace {

constexpr std::string_view kStart = "tile/";
constexpr std::string_view kEntries = "entries";
constexpr std::string_view kPartial = ".p/";
constexpr size_t kPathBytesMax = 64;

tl::unexpected<Error> not_a_tile() {
  return fail(ErrorCode::kInvalid, "no tile has this name");
}

std::string three_digits(uint64_t number) {
  std::string digits = std::to_string(1'000 + number % 1'000);
  return digits.substr(1);
}

// Decimal digits and nothing else.
bool parse_digits(std::string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string tile_path(const TileName& name) {
  CHECK(!name.level || *name.level < kTileLevels);
  CHECK(name.n <= kTileNumberMax && name.width >= 1 && name.width <= kTileWidth);
  std::string number = three_digits(name.n);
  for (uint64_t rest = name.n / 1'000; rest > 0; rest /= 1'000) {
    number.insert(0, "x" + three_digits(rest) + "/");
  }
  std::string path(kStart);
  path += name.level ? std::to_string(*name.level) : std::string(kEntries);
  path += "/" + number;
  if (name.width < kTileWidth) {
    path += std::string(kPartial) + std::to_string(name.width);
  }
  return path;
}

Result<TileName> parse_tile_path(std::string_view path) {
  const std::string_view whole = path;
  if (path.size() > kPathBytesMax || !path.starts_with(kStart)) {
    return not_a_tile();
  }
  path.remove_prefix(kStart.size());
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) {
    return not_a_tile();
  }
  TileName name;
  if (path.substr(0, slash) != kEntries) {
    uint64_t level = 0;
    if (!parse_digits(path.substr(0, slash), level) || level >= kTileLevels) {
      return not_a_tile();
    }
    name.level = static_cast<uint8_t>(level);
  }
  path.remove_prefix(slash + 1);
  if (const size_t partial = path.find(kPartial); partial != std::string_view::npos) {
    uint64_t width = 0;
    if (!parse_digits(path.substr(partial + kPartial.size()), width) || width < 1 ||
        width >= kTileWidth) {
      return not_a_tile();
    }
    name.width = static_cast<size_t>(width);
    path = path.substr(0, partial);
  }
  std::string digits;
  for (const char c : path) {
    if (c != 'x' && c != '/') {
      digits.push_back(c);
    }
  }
  // Written again, it shows where the groups must be.
  if (!parse_digits(digits, name.n) || name.n > kTileNumberMax || tile_path(name) != whole) {
    return not_a_tile();
  }
  return name;
}

}  // namespace continuum::ledger
