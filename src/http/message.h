// HTTP messages as handlers see them: whole, in memory, framing already checked and removed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/budget.h"

namespace continuum::http {

// ASCII only, as HTTP compares names.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Header fields in order; names compare without case. All bytes live in one buffer, so clear() and
// refill allocate nothing. Views returned are valid until the next change.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  void add(std::string_view name, std::string_view value);
  // Removes every field of that name, then adds.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  void clear();

  // The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  // All values of that name joined with ", " (a list field sent in several lines); empty when none.
  std::string joined(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  size_t count(std::string_view name) const;

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  // index < size().
  Field at(size_t index) const;

 private:
  struct Entry {
    uint32_t name_at;
    uint32_t name_size;
    uint32_t value_at;
    uint32_t value_size;
  };
  std::string bytes_;
  std::vector<Entry> entries_;
};

// What a handler receives. It has passed every limit and framing check: `target` has no control
// characters, spaces or '#', and `path` starts with '/' (or is "*"). Percent escapes are untouched.
struct Request {
  std::string method = "GET";  // as sent; methods are case-sensitive and may be unknown ones
  std::string target = "/";    // as sent, or the path and query of an absolute-form target
  std::string path = "/";      // target up to '?'
  std::string query;           // target after '?'; empty when there is none
  Headers headers;
  std::string body;  // after chunk decoding; not content-decoded
  std::string peer;  // the sender's address without port; empty for requests to be sent
  uint8_t version_minor = 1;

  // Sets target, path and query.
  void set_target(std::string_view text);
};

// What a handler returns. The server adds Date, Content-Length, Connection, X-Content-Type-Options
// and, when absent, Cache-Control: no-store; it owns Connection, Content-Length, Transfer-Encoding
// and drops them when set here, except that an answer to HEAD with an empty body may state its
// Content-Length. A field with a control character, or a status outside 200-599, turns the answer
// into 500.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;  // moved to the socket's buffers, never copied
  // Bytes reserved before the body was built; the server adjusts it to the body and holds it until
  // the answer is written.
  ByteBudget::Reservation reservation = {};
};

// "Not Found"; "Unknown" for a status without a registered phrase.
std::string_view reason_phrase(int status);

}  // namespace continuum::http
