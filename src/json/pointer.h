// JSON Pointer (RFC 6901): "" is the whole document, "/a~1b/0" the element 0 of the member "a/b".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/document.h"

namespace continuum::json {

class Pointer {
 public:
  // The root.
  Pointer() = default;
  // kInvalid: neither empty nor starting with '/', or a '~' without 0 or 1 after it. kTooLarge:
  // over kPointerBytesMax or kPointerTokensMax. Errors don't quote the text.
  static Result<Pointer> parse(std::string_view text);

  // As it was parsed.
  const std::string& text() const { return text_; }
  // Unescaped.
  const std::vector<std::string>& tokens() const { return tokens_; }
  bool is_root() const { return tokens_.empty(); }
  // Whether `other` lies inside what this points at, and is not the same.
  bool encloses(const Pointer& other) const;
  bool operator==(const Pointer& other) const { return tokens_ == other.tokens_; }

  // What it points at; null when nothing is there.
  const Node* find(const Node& root) const;

 private:
  std::string text_;
  std::vector<std::string> tokens_;
};

// "0", "17": digits without leading zeros. Nothing for anything else, or what no array holds.
std::optional<size_t> array_index(std::string_view token);

// Where a value hangs: the `first` or `next` of a node, or whatever holds a root.
using Link = Node**;

// Where the member or element that a token names hangs; null when there is none. Adds the children
// looked at to `steps`.
Link child_link(Node& parent, std::string_view token, uint64_t& steps);

}  // namespace continuum::json
