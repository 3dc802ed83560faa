// What is wrong with a text that people write, by line and column. Internal to this folder.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace continuum::access {

// In order of finding. Columns count bytes from 1.
class PolicyProblems {
 public:
  void add(size_t line, size_t column, std::string what);
  // More are counted only: their words need no care.
  bool is_full() const;
  // kInvalid with every problem as {"FILE:LINE:COLUMN", what}, in order of line.
  Status finish(std::string_view kind, std::string_view file_name);

 private:
  struct Problem {
    size_t line;
    size_t column;
    std::string what;
  };
  std::vector<Problem> problems_;
  size_t unlisted_ = 0;
};

// Quoted, cut when long.
std::string shown_in_policy(std::string_view text);
// " (did you mean 'X'?)", or nothing when no name is near.
std::string suggestion(std::string_view word, std::span<const std::string_view> known);
// Without their ends (LF or CR LF); views into `text`.
std::vector<std::string_view> lines_of(std::string_view text);
// Notes bytes that are no UTF-8 or no printable character; true when there are none.
bool check_characters(std::string_view line, size_t number, PolicyProblems& problems);

}  // namespace continuum::access
