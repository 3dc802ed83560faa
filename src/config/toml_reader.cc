#include "config/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <tuple>

#include "config/nearest_name.h"

namespace continuum::config {
namespace {

constexpr size_t kShownBytesMax = 60;

std::string_view describe(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a decimal number";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date and time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

// Implicit tables (`a` in [a.b]) have no place of their own; the start of the file stands for them.
toml::source_position place_of(const toml::node& node) {
  const toml::source_position where = node.source().begin;
  return where ? where : toml::source_position{1, 1};
}

}  // namespace

std::string shown(std::string_view text) {
  size_t size = std::min(text.size(), kShownBytesMax);
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;  // don't cut a character in two
  }
  std::string out = "'";
  for (char c : text.substr(0, size)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return out + (size < text.size() ? "...'" : "'");
}

void Problems::add(toml::source_position where, std::string what) {
  problems_.push_back({where, std::move(what)});
}

Status Problems::finish(std::string_view file_name) {
  if (problems_.empty()) {
    return {};
  }
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.where.line, a.where.column) < std::tie(b.where.line, b.where.column);
  });
  std::vector<ErrorDetail> details;
  for (const Problem& problem : problems_) {
    if (details.size() == kProblemsListedMax) {
      details.push_back(
          {std::string(file_name), fmt::format("{} more", problems_.size() - kProblemsListedMax)});
      break;
    }
    details.push_back({fmt::format("{}:{}:{}", file_name, problem.where.line, problem.where.column),
                       problem.what});
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("{} has {} problem{}", file_name, problems_.size(),
                          problems_.size() == 1 ? "" : "s"),
              std::move(details));
}

TableReader::TableReader(const toml::table& table, Problems& problems)
    : table_(table), problems_(problems), where_(place_of(table)) {}

const toml::node* TableReader::find(std::string_view key) {
  known_.push_back(key);
  return table_.get(key);
}

void TableReader::refuse_type(const toml::node& node, std::string_view key,
                              std::string_view expected) {
  problems_.add(place_of(node),
                fmt::format("'{}': expected {}, found {}", key, expected, describe(node.type())));
}

std::optional<PlacedText> TableReader::text(std::string_view key, Presence presence,
                                            const Shape& shape) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    if (presence == Presence::kRequired) {
      problems_.add(where_, fmt::format("'{}' is missing: expected {}", key, shape.expected));
    }
    return std::nullopt;
  }
  const auto* value = node->as_string();
  if (value == nullptr) {
    refuse_type(*node, key, "text in quotes");
    return std::nullopt;
  }
  if (!shape.accepts(value->get())) {
    problems_.add(place_of(*node), fmt::format("'{}': expected {}, found {}", key, shape.expected,
                                               shown(value->get())));
    return std::nullopt;
  }
  return PlacedText{value->get(), place_of(*node)};
}

std::vector<PlacedText> TableReader::texts(std::string_view key, std::string_view expected) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    problems_.add(where_, fmt::format("'{}' is missing: expected {}", key, expected));
    return {};
  }
  const toml::array* array = node->as_array();
  if (array == nullptr || array->empty()) {
    refuse_type(*node, key, expected);
    return {};
  }
  std::vector<PlacedText> out;
  for (const toml::node& element : *array) {
    if (const auto* value = element.as_string()) {
      out.push_back({value->get(), place_of(element)});
    } else {
      refuse_type(element, key, "text in quotes");
    }
  }
  return out;
}

std::optional<uint64_t> TableReader::number(std::string_view key, uint64_t min, uint64_t max) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  const auto* value = node->as_integer();
  if (value == nullptr) {
    refuse_type(*node, key, "a whole number");
    return std::nullopt;
  }
  const int64_t found = value->get();
  if (found < 0 || static_cast<uint64_t>(found) < min || static_cast<uint64_t>(found) > max) {
    problems_.add(
        place_of(*node),
        fmt::format("'{}': expected a whole number from {} to {}, found {}", key, min, max, found));
    return std::nullopt;
  }
  return static_cast<uint64_t>(found);
}

const toml::table* TableReader::table(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return nullptr;
  }
  if (!node->is_table()) {
    refuse_type(*node, key, fmt::format("a table, [{}]", key));
  }
  return node->as_table();
}

std::vector<const toml::table*> TableReader::tables(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return {};
  }
  const std::string expected = fmt::format("tables, each [[{}]]", key);
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    refuse_type(*node, key, expected);
    return {};
  }
  std::vector<const toml::table*> out;
  for (const toml::node& element : *array) {
    if (element.is_table()) {
      out.push_back(element.as_table());
    } else {
      refuse_type(element, key, expected);
    }
  }
  return out;
}

void TableReader::refuse_unknown_keys() {
  for (const auto& [key, value] : table_) {
    if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) {
      continue;
    }
    const toml::source_position where = key.source().begin ? key.source().begin : where_;
    // A key of any length costs a bounded comparison: none of ours is longer than what is shown.
    const std::string_view compared = key.str().substr(0, kShownBytesMax);
    problems_.add(where, fmt::format("unknown key {} (did you mean '{}'?)", shown(key.str()),
                                     nearest_name(compared, known_)));
  }
}

}  // namespace continuum::config
