// Percent escapes, query strings, forms and paths (RFC 3986, and the WHATWG form encoding where '+'
// is a space).
//
// Strict: a malformed escape, a NUL, text that is not UTF-8, or anything over its limit is an
// error, not a guess. Errors hold positions and limits, never the text itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/limits.h"

namespace continuum::http {

struct Parameter {
  std::string name;   // never empty
  std::string value;  // empty for "name" and for "name="
  bool operator==(const Parameter&) const = default;
};

enum class Plus : uint8_t { kLiteral, kSpace };

// kInvalid: a '%' without two hexadecimal digits, a NUL, or a result that is not UTF-8.
Result<std::string> percent_decode(std::string_view text, Plus plus);

// Everything but RFC 3986 unreserved characters becomes %XX (upper case).
std::string percent_encode(std::string_view text);

// "a=1&b=%C3%A9&c" in order, repeats kept. Empty pieces ("a&&b") are skipped; an empty name is
// kInvalid; over a limit is kTooLarge.
Result<std::vector<Parameter>> parse_query(std::string_view text, const QueryLimits& limits = {});

// A body of application/x-www-form-urlencoded: the same grammar.
Result<std::vector<Parameter>> parse_form(std::string_view body, const QueryLimits& limits = {});

// "/a/b%2Fc" -> {"a", "b/c"}; "/" -> {}; one trailing '/' is dropped. kInvalid: no leading '/', an
// empty segment, "." or ".." in any spelling; more than kPathSegmentsMax is kTooLarge.
Result<std::vector<std::string>> split_path(std::string_view path);

}  // namespace continuum::http
