#include "access/policy_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "access/limits.h"

namespace continuum::access {
namespace {

constexpr std::string_view kBlanks = " \t";

// Where the word that starts at `at` ends.
size_t word_end(std::string_view text, size_t at) {
  return text[at] == ',' || text[at] == '='
             ? at + 1
             : std::min(text.find_first_of(" \t,=\"#", at), text.size());
}

}  // namespace

std::optional<PolicyLine> split_into_tokens(std::string_view text, size_t number,
                                            PolicyProblems& problems) {
  PolicyLine line;
  line.number = number;
  line.indented = !text.empty() && kBlanks.find(text.front()) != std::string_view::npos;
  line.end_column = text.size() + 1;
  size_t at = text.find_first_not_of(kBlanks);
  while (at != std::string_view::npos && text[at] != '#') {
    if (line.tokens.size() == kPolicyTokensPerLineMax) {
      problems.add(number, at + 1, fmt::format("more than {} words", kPolicyTokensPerLineMax));
      return std::nullopt;
    }
    size_t end = 0;
    if (text[at] == '"') {
      const size_t quote = text.find('"', at + 1);
      if (quote == std::string_view::npos) {
        problems.add(number, at + 1, "a quote that is not closed on its line");
        return std::nullopt;
      }
      line.tokens.push_back({text.substr(at + 1, quote - at - 1), at + 1, true});
      end = quote + 1;
    } else {
      end = word_end(text, at);
      line.tokens.push_back({text.substr(at, end - at), at + 1, false});
    }
    at = text.find_first_not_of(kBlanks, end);
  }
  return line;
}

bool PolicyCursor::accept(std::string_view word) {
  if (at_end() || line_.tokens[next_].quoted || line_.tokens[next_].text != word) {
    return false;
  }
  ++next_;
  return true;
}

const PolicyToken* PolicyCursor::take(std::string_view expected) {
  if (at_end()) {
    refuse(expected);
    return nullptr;
  }
  return &line_.tokens[next_++];
}

bool PolicyCursor::expect(std::initializer_list<std::string_view> words,
                          std::string_view expected) {
  for (const std::string_view word : words) {
    if (!accept(word)) {
      return refuse(expected, {words.begin(), words.size()});
    }
  }
  return true;
}

bool PolicyCursor::expect_end(std::string_view expected) {
  return at_end() || refuse(expected);
}

bool PolicyCursor::refuse(std::string_view expected, std::span<const std::string_view> known) {
  if (!at_end()) {
    return refuse_token(line_.tokens[next_], expected, known);
  }
  problems_.add(line_.number, line_.end_column,
                fmt::format("the line ends, expected {}", expected));
  return false;
}

bool PolicyCursor::refuse_token(const PolicyToken& token, std::string_view expected,
                                std::span<const std::string_view> known) {
  problems_.add(line_.number, token.column,
                fmt::format("found {}, expected {}{}", shown_in_policy(token.text), expected,
                            problems_.is_full() ? "" : suggestion(token.text, known)));
  return false;
}

bool PolicyCursor::note(const PolicyToken& token, std::string what) {
  problems_.add(line_.number, token.column, std::move(what));
  return false;
}

}  // namespace continuum::access
