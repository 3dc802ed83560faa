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

// The members of the object that is the whole of `text`. Views into `text`. kInvalid with the
// place: not an object, duplicate names, invalid UTF-8, more text after it.
Result<std::vector<Member>> split_object(std::string_view text, const Limits& limits = {});
// The elements of the array that is the whole of `text`.
Result<std::vector<std::string_view>> split_array(std::string_view text, const Limits& limits = {});

}  // namespace continuum::json
