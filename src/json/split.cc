#include "json/split.h"

#include <algorithm>

namespace continuum::json {
namespace {

// A structural walk: strings, brackets and commas, nothing else. Linear, no recursion.
class Splitter {
 public:
  Splitter(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

  Status check_size() const {
    if (text_.size() > limits_.bytes_max) {
      return fail(ErrorCode::kTooLarge,
                  "JSON text is larger than " + std::to_string(limits_.bytes_max) + " bytes");
    }
    return {};
  }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool take(char c) {
    skip_space();
    if (at_ < text_.size() && text_[at_] == c) {
      ++at_;
      return true;
    }
    return false;
  }
  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

  // The raw text of the value that starts here.
  Result<std::string_view> value() {
    skip_space();
    size_t start = at_;
    size_t depth = 0;
    do {
      if (at_ >= text_.size()) {
        return refuse("the text ends inside a value");
      }
      char c = text_[at_];
      if (c == '"') {
        TRY(skip_string());
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        if (depth == 0) {
          break;
        }
        --depth;
        ++at_;
      } else if (depth == 0 && (c == ',' || c == ':')) {
        break;
      } else {
        ++at_;
      }
      if (depth > limits_.depth_max) {
        return fail(ErrorCode::kTooLarge,
                    "JSON is nested deeper than " + std::to_string(limits_.depth_max) + " levels");
      }
    } while (depth > 0 || !ends_value(start));
    std::string_view raw = text_.substr(start, at_ - start);
    while (!raw.empty() &&
           (raw.back() == ' ' || raw.back() == '\n' || raw.back() == '\r' || raw.back() == '\t')) {
      raw.remove_suffix(1);
    }
    if (raw.empty()) {
      return refuse("expected a value");
    }
    return raw;
  }

  Result<std::string_view> key() {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != '"') {
      return refuse("expected a member name in quotes");
    }
    size_t start = at_ + 1;
    TRY(skip_string());
    std::string_view raw = text_.substr(start, at_ - start - 1);
    if (raw.find('\\') != std::string_view::npos) {
      return refuse("a member name here may hold no escapes");
    }
    return raw;
  }

  tl::unexpected<Error> refuse(std::string what) const {
    size_t offset = std::min(at_, text_.size());
    std::string_view before = text_.substr(0, offset);
    auto line = 1 + std::count(before.begin(), before.end(), '\n');
    size_t line_start = before.rfind('\n');
    size_t column = line_start == std::string_view::npos ? offset + 1 : offset - line_start;
    return fail(
        ErrorCode::kInvalid, "not valid JSON",
        {{"line " + std::to_string(line) + " column " + std::to_string(column), std::move(what)}});
  }

 private:
  // After a string or a closed bracket a value is over; a bare word goes on to the next delimiter.
  bool ends_value(size_t start) const {
    char first = text_[start];
    if (first == '"' || first == '{' || first == '[') {
      return true;
    }
    return at_ >= text_.size() || text_[at_] == ',' || text_[at_] == '}' || text_[at_] == ']';
  }

  Status skip_string() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    if (at_ >= text_.size()) {
      at_ = text_.size();
      return refuse("a string is not closed");
    }
    ++at_;
    return {};
  }

  std::string_view text_;
  const Limits& limits_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Member>> split_object(std::string_view text, const Limits& limits) {
  Splitter splitter(text, limits);
  TRY(splitter.check_size());
  if (!splitter.take('{')) {
    return splitter.refuse("expected an object");
  }
  std::vector<Member> members;
  if (!splitter.take('}')) {
    do {
      Member member;
      TRY(member.key, splitter.key());
      if (!splitter.take(':')) {
        return splitter.refuse("expected a colon");
      }
      for (const Member& other : members) {
        if (other.key == member.key) {
          return splitter.refuse("an object has two members of the same name");
        }
      }
      TRY(member.value, splitter.value());
      members.push_back(member);
    } while (splitter.take(','));
    if (!splitter.take('}')) {
      return splitter.refuse("expected a comma or a closing brace");
    }
  }
  if (!splitter.at_end()) {
    return splitter.refuse("there is more text after the end of the JSON value");
  }
  return members;
}

Result<std::vector<std::string_view>> split_array(std::string_view text, const Limits& limits) {
  Splitter splitter(text, limits);
  TRY(splitter.check_size());
  if (!splitter.take('[')) {
    return splitter.refuse("expected an array");
  }
  std::vector<std::string_view> elements;
  if (!splitter.take(']')) {
    do {
      TRY(auto element, splitter.value());
      elements.push_back(element);
    } while (splitter.take(','));
    if (!splitter.take(']')) {
      return splitter.refuse("expected a comma or a closing bracket");
    }
  }
  if (!splitter.at_end()) {
    return splitter.refuse("there is more text after the end of the JSON value");
  }
  return elements;
}

}  // namespace continuum::json
