// Framing from arbitrary bytes: headers and chunked bodies must read the same whole and byte by
// byte, and what is accepted must keep the promises of Request.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/chunked_reader.h"
#include "http/wire.h"

namespace {

using namespace continuum::http;

constexpr uint64_t kBodyBytesMax = 256;

struct Scan {
  size_t size = 0;
  int status = 0;
  bool operator==(const Scan&) const = default;
};

Scan scan(std::string_view text, const Limits& limits, size_t step) {
  HeadScanner scanner(limits);
  for (size_t held = std::min(step, text.size());; held = std::min(held + step, text.size())) {
    const auto size = scanner.scan(text.substr(0, held));
    if (!size) {
      return {.size = 0, .status = size.error().status};
    }
    if (*size != 0 || held == text.size()) {
      return {.size = *size, .status = 0};
    }
  }
}

void check_head(std::string_view text) {
  const Limits limits = {.target_bytes_max = 64, .header_bytes_max = 256, .header_count_max = 4};
  const Scan whole = scan(text, limits, text.size());
  const Scan pieces = scan(text, limits, 1);
  // A limit may be seen before or after a malformed line, by how much came at once.
  CHECK(whole.size == pieces.size && (whole.status == 0) == (pieces.status == 0));
  if (whole.size == 0) {
    return;
  }
  Response response;
  static_cast<void>(parse_response_head(text.substr(0, whole.size), "GET", response).has_value());
  Request request;
  const auto framing = parse_request_head(text.substr(0, whole.size), limits, request);
  if (!framing) {
    CHECK(framing.error().status >= 400 && !framing.error().reason.empty());
    return;
  }
  CHECK(request.path == "*" || request.path.starts_with('/'));
  CHECK(std::none_of(request.target.begin(), request.target.end(), [](char c) {
    return (static_cast<unsigned char>(c) <= 0x20) || c == 0x7F || c == '#';
  }));
  CHECK(request.headers.count("Host") <= 1 && request.headers.size() <= limits.header_count_max);
  CHECK(!(request.headers.contains("Content-Length") &&
          request.headers.contains("Transfer-Encoding")));
  std::string out;
  CHECK(write_request_head(request, "x", out));
}

struct Chunked {
  bool done = false;
  int status = 0;
  size_t consumed = 0;
  std::string body;
};

Chunked read_chunked(std::string_view text, size_t step) {
  ChunkedReader reader(kBodyBytesMax);
  Chunked result;
  for (size_t held = std::min(step, text.size());; held = std::min(held + step, text.size())) {
    const auto consumed =
        reader.read(text.substr(result.consumed, held - result.consumed), result.body);
    if (!consumed) {
      result.status = consumed.error().status;
      return result;
    }
    result.consumed += *consumed;
    result.done = reader.done();
    if (result.done || held == text.size()) {
      return result;
    }
  }
}

void check_chunked(std::string_view text) {
  const Chunked whole = read_chunked(text, text.size());
  const Chunked pieces = read_chunked(text, 1);
  CHECK(whole.body.size() <= kBodyBytesMax);
  CHECK(whole.done == pieces.done && whole.status == pieces.status);
  CHECK(!whole.done || (whole.body == pieces.body && whole.consumed == pieces.consumed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!text.empty()) {
    check_head(text);
    check_chunked(text);
  }
  return 0;
}
