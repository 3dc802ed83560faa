// Values inside keys: terms and sortable decimals (docs/storage_format.md section 3).
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace continuum::record {

// Appends `text` so that terms sort as their texts do and one never is a prefix of another. Longer
// than kTermBytesMax: start and digest (see the format page).
void put_term(std::string& out, std::string_view text);
struct Term {
  std::string text;  // whole, or the start when shortened
  bool shortened = false;
};
Result<Term> take_term(ByteReader& reader);

// Appends a JSON number so that byte order is numeric order; equal values (1.0, 1e0) give equal
// bytes. `decimal` must follow the JSON number grammar.
void put_sortable_decimal(std::string& out, std::string_view decimal);
Status skip_sortable_decimal(ByteReader& reader);

// Appends `text` folded for searching: NFKD, case folded, marks removed; at most kFoldedBytesMax
// bytes, cut between characters.
void put_folded(std::string& out, std::string_view text);

}  // namespace continuum::record
