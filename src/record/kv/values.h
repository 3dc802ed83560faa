// Values inside keys: terms and sortable decimals (docs/storage_format.md section 3).
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"

namespace continuum::record {

// Appends `text` so that terms sort as their texts do and one never is a prefix of another. Longer
// than kTermBytesMax: start and digest (see the format page).
void put_term(std::string& out, std::string_view text);
// Appends what the terms of all texts that start with `text` start with. `text`: at most
// kTermStartBytes.
void put_term_start(std::string& out, std::string_view text);
struct Term {
  std::string text;  // whole, or the start when shortened
  bool shortened = false;
};
Result<Term> take_term(ByteReader& reader);

// Appends a JSON number so that byte order is numeric order; equal values (1.0, 1e0) give equal
// bytes. `decimal` must follow the JSON number grammar.
void put_sortable_decimal(std::string& out, std::string_view decimal);
Status skip_sortable_decimal(ByteReader& reader);

// So that the order of numbers, and of their bytes in a key, is that of time.
uint64_t sortable(Instant instant);
Instant from_sortable(uint64_t value);
void put_instant(std::string& out, Instant instant);
Result<Instant> take_instant(ByteReader& reader);

// Appends `text` folded for searching: NFKD, case folded, marks removed; at most kFoldedBytesMax
// bytes, cut between characters.
void put_folded(std::string& out, std::string_view text);

}  // namespace continuum::record
