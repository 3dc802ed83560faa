// What a region.toml may hold, and the numbers an operator may set in its [limits] table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace continuum::config {

constexpr uint64_t kRegionFileBytesMax = 1 << 20;
// More than this many problems are counted, not listed.
constexpr size_t kProblemsListedMax = 100;
// No key of a region.toml is deeper than three; a file that nests further is refused before its
// tree is built, because the tree is destroyed by recursion.
constexpr size_t kDotsPerLineMax = 32;
constexpr size_t kNestedValuesMax = 16;

constexpr size_t kRegionNameCharactersMax = 200;
constexpr size_t kUrlBytesMax = 400;
constexpr size_t kOdsCodeLengthMin = 3;
constexpr size_t kOdsCodeLengthMax = 10;
constexpr size_t kSourceNameLengthMax = 40;
constexpr size_t kClientIdLengthMax = 200;
constexpr size_t kFilePathBytesMax = 1'000;
constexpr size_t kIssuersMax = 32;

// How much a client may ask of the server. All are upper bounds, themselves allowed.
struct Limits {
  uint64_t header_bytes = 16'384;          // request line and header fields
  uint64_t body_bytes = 67'108'864;        // request body, after decompression
  uint64_t depth = 64;                     // nesting of JSON
  uint64_t connections = 1'024;            // open at once
  uint64_t in_flight_bytes = 167'772'160;  // held for all requests and answers at once
  uint64_t request_seconds = 30;           // from first byte to last of one request
  uint64_t idle_seconds = 60;              // between requests of one connection
  uint64_t page_size = 100;                // items in a page when the client names no _count
  uint64_t page_size_max = 1'000;          // items in a page at most
  uint64_t caller_requests = 500;          // of one caller in one second
  uint64_t ledger_reserve_mb = 64;         // of disk, kept for the ledger; 0: none
  bool operator==(const Limits&) const = default;
};

// One number an operator may set; both bounds are allowed.
template <typename Table>
struct NumberField {
  std::string_view key;
  uint64_t Table::*member;
  uint64_t min;
  uint64_t max;
};

constexpr std::array<NumberField<Limits>, 11> kLimitFields{{
    {"header_bytes", &Limits::header_bytes, 1'024, 1'048'576},
    {"body_bytes", &Limits::body_bytes, 1'024, 2'147'483'648},
    {"depth", &Limits::depth, 16, 512},
    {"connections", &Limits::connections, 1, 65'536},
    {"in_flight_bytes", &Limits::in_flight_bytes, 1'048'576, 68'719'476'736},
    {"request_seconds", &Limits::request_seconds, 1, 3'600},
    {"idle_seconds", &Limits::idle_seconds, 1, 3'600},
    {"page_size", &Limits::page_size, 1, 10'000},
    {"page_size_max", &Limits::page_size_max, 1, 10'000},
    {"caller_requests", &Limits::caller_requests, 1, 1'000'000},
    {"ledger_reserve_mb", &Limits::ledger_reserve_mb, 0, 1'048'576},
}};

constexpr uint64_t kCacheMbMin = 8;
constexpr uint64_t kCacheMbMax = 1'048'576;
constexpr uint64_t kPortMax = 65'535;

}  // namespace continuum::config
