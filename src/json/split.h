// Cutting a large JSON text into the raw texts of its parts, without a tree for the whole.
//
// What is cut out is only checked for balanced structure: parse each part (json::Document) before
// use.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/limits.h"

namespace continuum::json {

struct Member {
  std::string_view key;    // unescaped; a key with escapes is kInvalid here
  std::string_view value;  // raw text
};

// Walks one text from front to back; the pieces it hands out are views into the text. What is not
// asked for is skipped without looking inside. After an error the cutter must not be used further.
class Cutter {
 public:
  explicit Cutter(std::string_view text, const Limits& limits = {})
      : text_(text), limits_(limits) {}

  // kTooLarge when the text is over the limit. To be called first.
  Status check_size() const;
  // Whether the next character, white space aside, is `c`; take() also steps over it.
  bool peek(char c);
  bool take(char c);
  // Steps over `c`; anything else is kInvalid, "expected WHAT".
  Status expect(char c, std::string_view what);
  // The name of a member, without escapes (one with escapes is kInvalid), and its colon.
  Result<std::string_view> key();
  // The raw text of the value that starts here.
  Result<std::string_view> value();
  // kInvalid unless only white space is left.
  Status end();

 private:
  void skip_space();
  void skip_word();
  Status skip_string();
  Status skip_container();
  size_t next_quote_or_escape(size_t from) const;
  tl::unexpected<Error> refuse(std::string what) const;

  std::string_view text_;
  Limits limits_;
  size_t at_ = 0;
};

// Reads the members of the object that starts here: calls member(key) with the cutter at the value,
// which it must take. kInvalid: not an object.
template <typename OnMember>
Status for_each_member(Cutter& cutter, const OnMember& on_member) {
  TRY(cutter.expect('{', "an object"));
  if (cutter.take('}')) {
    return {};
  }
  do {
    TRY(auto key, cutter.key());
    TRY(on_member(key));
  } while (cutter.take(','));
  return cutter.expect('}', "a comma or a closing brace");
}

// The same for the elements of an array.
template <typename OnElement>
Status for_each_element(Cutter& cutter, const OnElement& on_element) {
  TRY(cutter.expect('[', "an array"));
  if (cutter.take(']')) {
    return {};
  }
  do {
    TRY(on_element());
  } while (cutter.take(','));
  return cutter.expect(']', "a comma or a closing bracket");
}

// The members of the object that is the whole of `text`. Views into `text`. kInvalid with the
// place: not an object, duplicate names, invalid UTF-8, more text after it.
Result<std::vector<Member>> split_object(std::string_view text, const Limits& limits = {});
// The text of the raw string value `raw`; empty when it is another kind of value.
Result<std::string> string_value(std::string_view raw);
// The raw text of a member; empty when there is none. The text of one, as string_value has it.
std::string_view raw_member(const std::vector<Member>& members, std::string_view name);
Result<std::string> string_member(const std::vector<Member>& members, std::string_view name);
// The elements of the array that is the whole of `text`.
Result<std::vector<std::string_view>> split_array(std::string_view text, const Limits& limits = {});

}  // namespace continuum::json
