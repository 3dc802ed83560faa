// Every bound of the HTTP server, with its default. All are inclusive: a value equal to the limit
// is still accepted.
//
// Times that guard a transfer are `base + bytes moved / rate`: a peer that keeps moving at least
// `transfer_bytes_per_second_min` is never cut, one that trickles or stops is cut after the base
// time.
#pragma once

#include <cstdint>

namespace continuum::http {

inline constexpr uint64_t kKibi = 1024;
inline constexpr uint64_t kMebi = 1024 * kKibi;

struct Limits {
  // Over it: 503 with Retry-After at once, and the connection is closed.
  uint32_t connections_max = 1024;
  // From the end of a request's header to the last byte of its answer. Over it: 503 with
  // Retry-After.
  uint32_t requests_in_flight_max = 512;
  // Request bodies held plus answer bytes not yet written, over all connections (see ByteBudget).
  // While it is reached, new requests are answered 503 with Retry-After. Ignored when
  // Options::budget is set.
  uint64_t bytes_in_flight_max = 512 * kMebi;

  uint32_t target_bytes_max = 8 * kKibi;   // request target; over it 414
  uint32_t header_bytes_max = 32 * kKibi;  // request line and all fields; over it 431
  uint32_t header_count_max = 100;         // fields; over it 431
  uint64_t body_bytes_max = 64 * kMebi;    // after chunk decoding; over it 413

  uint32_t idle_ms_max = 60'000;    // between requests; then closed without an answer
  uint32_t header_ms_max = 10'000;  // first byte (or connect) to the end of the header; then 408
  uint32_t body_ms_max = 10'000;    // base time to receive a body; then 408
  uint32_t write_ms_max = 10'000;   // base time to write an answer; then cut
  uint64_t transfer_bytes_per_second_min = 16 * kKibi;

  uint32_t retry_after_seconds = 1;  // told with every 503 of the server's own
};

// After an answer that leaves request bytes unread, the server reads and drops this much for this
// long, so that the peer sees the answer rather than a reset.
inline constexpr uint32_t kLingerMsMax = 1'000;
inline constexpr uint32_t kLingerStoppingMsMax = 100;  // while the server stops
inline constexpr uint64_t kLingerBytesMax = 1 * kMebi;
// Refused connections that may linger; beyond it they are reset.
inline constexpr uint32_t kRefusedLingeringMax = 64;
// Pipelined requests served before other connections of the thread get their turn.
inline constexpr uint32_t kPipelinedTurnMax = 16;
// A chunk's size line with its extensions; the trailer section of a chunked body.
inline constexpr uint32_t kChunkLineBytesMax = 4 * kKibi;
// Buffers larger than this are given back when a connection goes idle.
inline constexpr uint64_t kIdleBufferBytesMax = 16 * kKibi;
inline constexpr uint32_t kThreadsMax = 1024;
// Of one name, by a client.
inline constexpr uint32_t kAddressesTriedMax = 4;

// Query strings and forms.
struct QueryLimits {
  uint32_t parameters_max = 512;
  uint32_t name_bytes_max = 256;          // decoded
  uint32_t value_bytes_max = 64 * kKibi;  // decoded
};
inline constexpr uint32_t kPathSegmentsMax = 32;
// Members of an Accept-Encoding field that are looked at; the rest is ignored.
inline constexpr uint32_t kCodingsMax = 32;

}  // namespace continuum::http
