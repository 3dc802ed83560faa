// Canonical JSON text: compact, members in tree order, numbers verbatim, strings with the fewest
// escapes (", \, and control characters: \b \f \n \r \t, else \u00xx). Equal trees give equal
// bytes.
#pragma once

#include <string>
#include <string_view>

#include "json/document.h"

namespace continuum::json {

void write(const Node& node, std::string& out);
std::string write(const Node& node);
// The text in quotes.
void write_string(std::string_view text, std::string& out);
std::string quoted(std::string_view text);

}  // namespace continuum::json
