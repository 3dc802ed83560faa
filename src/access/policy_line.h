// One line of a policy as words, taken one after the other. Internal to this folder.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/policy_problems.h"

namespace continuum::access {

// A word, a comma, an equals sign or a text in quotes; views into the line.
struct PolicyToken {
  std::string_view text;  // of a text in quotes: without them
  size_t column = 1;
  bool quoted = false;
};

struct PolicyLine {
  size_t number = 1;
  bool indented = false;
  std::vector<PolicyToken> tokens;  // without the comment
  size_t end_column = 1;
};

// Nothing, and a problem, when a quote is not closed or there are too many words.
std::optional<PolicyLine> split_into_tokens(std::string_view text, size_t number,
                                            PolicyProblems& problems);

// Takes a line's tokens from the left. What notes a problem returns false.
class PolicyCursor {
 public:
  PolicyCursor(const PolicyLine& line, PolicyProblems& problems)
      : line_(line), problems_(problems) {}

  bool at_end() const { return next_ == line_.tokens.size(); }
  size_t line() const { return line_.number; }
  size_t column() const { return at_end() ? line_.end_column : line_.tokens[next_].column; }

  // Takes the next token when it is this word.
  bool accept(std::string_view word);
  // The next token; null, and a problem, at the end.
  const PolicyToken* take(std::string_view expected);
  // Takes these words, one after the other.
  bool expect(std::initializer_list<std::string_view> words, std::string_view expected);
  bool expect_end(std::string_view expected = "the end of the line");

  // Notes that the next token, or this one, is not what was expected; the nearest of the `known`
  // names is suggested.
  bool refuse(std::string_view expected, std::span<const std::string_view> known = {});
  bool refuse_token(const PolicyToken& token, std::string_view expected,
                    std::span<const std::string_view> known = {});
  // Notes a problem at a token.
  bool note(const PolicyToken& token, std::string what);

 private:
  const PolicyLine& line_;
  PolicyProblems& problems_;
  size_t next_ = 0;
};

}  // namespace continuum::access
