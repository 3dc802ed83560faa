#include "access/policy_problems.h"

#include <fmt/format.h>

#include <algorithm>

#include "access/limits.h"
#include "config/nearest_name.h"

namespace continuum::access {
namespace {

constexpr size_t kShownBytesMax = 40;
constexpr size_t kEditsSuggestedMax = 3;

// How many bytes the UTF-8 character at the front takes (RFC 3629); 0 when there is none.
size_t character_size(std::string_view text) {
  const auto byte = [text](size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const unsigned first = byte(0);
  const size_t size = first < 0x80   ? 1
                      : first < 0xC2 ? 0
                      : first < 0xE0 ? 2
                      : first < 0xF0 ? 3
                      : first < 0xF5 ? 4
                                     : 0;
  for (size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xC0U) != 0x80U) {
      return 0;
    }
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool too_big = first == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || too_big ? 0 : size;
}

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  const bool c1 =
      character.size() == 2 && first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
  return (first < 0x20 && first != '\t') || first == 0x7F || c1;
}

}  // namespace

void PolicyProblems::add(size_t line, size_t column, std::string what) {
  if (is_full()) {
    ++unlisted_;
    return;
  }
  problems_.push_back({line, column, std::move(what)});
}

bool PolicyProblems::is_full() const {
  return problems_.size() == kPolicyProblemsListedMax;
}

Status PolicyProblems::finish(std::string_view kind, std::string_view file_name) {
  if (problems_.empty()) {
    return {};
  }
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const auto& left, const auto& right) { return left.line < right.line; });
  std::vector<ErrorDetail> details;
  for (Problem& problem : problems_) {
    details.push_back({fmt::format("{}:{}:{}", file_name, problem.line, problem.column),
                       std::move(problem.what)});
  }
  if (unlisted_ > 0) {
    details.push_back({std::string(file_name), fmt::format("and {} more", unlisted_)});
  }
  return fail(ErrorCode::kInvalid, fmt::format("the {} is not valid", kind), std::move(details));
}

std::string shown_in_policy(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && end < kShownBytesMax) {
    end += std::max<size_t>(1, character_size(text.substr(end)));
  }
  return fmt::format("'{}{}'", text.substr(0, end), end < text.size() ? "..." : "");
}

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  if (known.empty() || word.size() > kPolicyIdentifierBytesMax) {
    return {};
  }
  const std::string_view nearest = config::nearest_name(word, known);
  const size_t edits = config::edit_distance(word, nearest);
  if (edits == 0 || edits > kEditsSuggestedMax || edits >= nearest.size()) {
    return {};
  }
  return fmt::format(" (did you mean '{}'?)", nearest);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r') && end != std::string_view::npos) {
      line.remove_suffix(1);
    }
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

bool check_characters(std::string_view line, size_t number, PolicyProblems& problems) {
  for (size_t at = 0; at < line.size();) {
    const size_t size = character_size(line.substr(at));
    if (size == 0) {
      problems.add(number, at + 1, "bytes that are not UTF-8");
      return false;
    }
    if (is_control(line.substr(at, size))) {
      problems.add(number, at + 1, "a control character");
      return false;
    }
    at += size;
  }
  return true;
}

}  // namespace continuum::access
