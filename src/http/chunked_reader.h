// Decoding of chunked bodies (RFC 9112 7.1). Internal to http/.
//
//   body    = *chunk "0" [ext] CRLF *( field CRLF ) CRLF
//   chunk   = 1*16HEXDIG [ext] CRLF data CRLF
//   ext     = *( SP / HTAB ) ";" *( HTAB / any but a control character )
//
// Our own because Boost.Beast 1.81's asserts (basic_parser.ipp, "n >= 5") when a last chunk that is
// also the first arrives in pieces, which any peer can do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/refusal.h"

namespace continuum::http {

// Decodes one chunked body. Extensions and trailer fields are checked and dropped.
class ChunkedReader {
 public:
  explicit ChunkedReader(uint64_t body_bytes_max) : body_bytes_left_(body_bytes_max) {}

  // Consumes from the front of `bytes`, appends to `body`, returns how much it consumed; what it
  // leaves (at most kChunkLineBytesMax) must be given again with more behind it. After done() it
  // consumes nothing. 400 or 413.
  Accepted<size_t> read(std::string_view bytes, std::string& body);
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State : uint8_t { kSize, kData, kDataEnd, kTrailer, kDone };

  // One state's worth; 0 when it needs more bytes.
  Accepted<size_t> step(std::string_view bytes, std::string& body);
  Accepted<size_t> step_line(std::string_view bytes);
  Accepted<void> on_size_line(std::string_view line);
  Accepted<void> on_trailer_line(std::string_view line);

  State state_ = State::kSize;
  uint64_t body_bytes_left_;
  uint64_t chunk_bytes_left_ = 0;
  uint64_t trailer_bytes_ = 0;
};

}  // namespace continuum::http
