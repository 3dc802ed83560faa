// HTTP/1.1 framing (RFC 9112), without sockets: finding the end of a header, parsing it, and
// writing the header of an answer. Internal to http/.
//
// Boost.Beast's parser does the grammar. What it lets through and an intermediary might read
// differently (request smuggling) is refused here: bare CR or LF, folded lines, control characters,
// repeated or mixed Content-Length and Transfer-Encoding, missing or repeated Host.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/limits.h"
#include "http/message.h"
#include "http/refusal.h"

namespace continuum::http {

// Looks for the empty line that ends a header, checking each line as it arrives, so that a bad
// header is refused before it is whole. One scanner a message.
class HeadScanner {
 public:
  explicit HeadScanner(const Limits& limits) : limits_(&limits) {}

  // `bytes` is everything received of this message so far. The header's size, its empty line
  // included; 0 while it is not whole. 400, 414 or 431.
  Accepted<size_t> scan(std::string_view bytes);
  bool started() const { return seen_ > 0; }

 private:
  Accepted<void> check_line(std::string_view line);
  Refusal too_large() const;

  const Limits* limits_;
  size_t line_at_ = 0;
  size_t seen_ = 0;
  uint32_t lines_ = 0;
};

enum class BodyKind : uint8_t { kNone, kLength, kChunked, kUntilClose };

struct Framing {
  BodyKind body = BodyKind::kNone;
  uint64_t length = 0;  // of a kLength body; > 0
  bool keep_alive = false;
  bool expects_continue = false;
};

// `head` is what HeadScanner found. Fills all of `request` but body and peer.
Accepted<Framing> parse_request_head(std::string_view head, const Limits& limits, Request& request);

// The same for an answer to `method`; status 502 stands for "malformed".
Accepted<Framing> parse_response_head(std::string_view head, std::string_view method,
                                      Response& response);

struct AnswerForm {
  bool head_only = false;  // answers HEAD: no body is sent
  bool keep_alive = true;
  uint8_t request_version_minor = 1;
};

// Status line and fields of `response`, the empty line included. False when the response may not be
// sent (Response says which); `out` is then unspecified.
bool write_response_head(const Response& response, AnswerForm form, std::string_view date,
                         std::string& out);

// Request line and fields; the body follows. False for a method, target or field that would break
// the framing.
bool write_request_head(const Request& request, std::string_view host, std::string& out);

}  // namespace continuum::http
