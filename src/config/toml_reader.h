// Reading TOML tables whose keys are all known, collecting every problem with its place.
// Private to this folder: it includes toml++.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/limits.h"
#include "config/shapes.h"
#include "config/tomlplusplus.h"

namespace continuum::config {

static_assert(TOML_MAX_NESTED_VALUES == kNestedValuesMax);

// What was found wrong, in any order; told in file order.
class Problems {
 public:
  void add(toml::source_position where, std::string what);
  // Success, or kInvalid with one detail for each problem.
  Status finish(std::string_view file_name);

 private:
  struct Problem {
    toml::source_position where;
    std::string what;
  };
  std::vector<Problem> problems_;
};

enum class Presence : uint8_t { kRequired, kOptional };

// A value and where it stands.
struct PlacedText {
  std::string text;
  toml::source_position where;
};

// One table. Ask for each key it may have, then call refuse_unknown_keys. A wrong value is noted in
// `problems` and read as absent. The table and the problems must outlive the reader.
class TableReader {
 public:
  TableReader(const toml::table& table, Problems& problems);

  std::optional<PlacedText> text(std::string_view key, Presence presence, const Shape& shape);
  // An array of one or more texts; those of a wrong type are left out. Empty when absent or wrong.
  std::vector<PlacedText> texts(std::string_view key, std::string_view expected);
  // Within [min, max].
  std::optional<uint64_t> number(std::string_view key, uint64_t min, uint64_t max);
  // A table [key]; null when absent or wrong.
  const toml::table* table(std::string_view key);
  // Tables [[key]] in file order; empty when absent or wrong.
  std::vector<const toml::table*> tables(std::string_view key);
  void refuse_unknown_keys();

  toml::source_position where() const { return where_; }

 private:
  // Notes that `key` is known and returns its value, or null.
  const toml::node* find(std::string_view key);
  void refuse_type(const toml::node& node, std::string_view key, std::string_view expected);

  const toml::table& table_;
  Problems& problems_;
  toml::source_position where_;
  std::vector<std::string_view> known_;
};

// Text for a message: quoted, shortened, control characters replaced.
std::string shown(std::string_view text);

}  // namespace continuum::config
