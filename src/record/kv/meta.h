// Family `meta`: counters, sources, arrivals and refusals (docs/storage_format.md section 5).
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "record/erasure_list.h"
#include "record/ids.h"

namespace continuum::record {

inline constexpr uint32_t kStoreFormat = 4;

inline constexpr std::string_view kMetaFormat = "#format";
inline constexpr std::string_view kMetaDefinitions = "#definitions";
inline constexpr std::string_view kMetaT = "#t";
inline constexpr std::string_view kMetaPerson = "#person";

std::string meta_bucket_key(uint16_t bucket);
std::string meta_source_key(std::string_view name);
std::string meta_source_name_key(SourceNumber source);
std::string meta_arrival_key(SourceNumber source);

// When a source last sent something, and how that went.
struct Arrival {
  Instant instant;
  uint64_t received = 0;     // resources in that arrival
  uint64_t refused = 0;      // refusals kept of this source, from this and earlier arrivals
  uint64_t quarantined = 0;  // of this source's resources, how many have no patient known here
  bool complete = true;      // false: a load of this source is under way, or was cut short
};
std::string encode_arrival(const Arrival& arrival);
Result<Arrival> decode_arrival(std::string_view value);

// Something a source sent that could not be stored. Holds no patient data.
using FileDigest = std::array<char, 16>;
struct Refusal {
  SourceNumber source = 0;
  FileDigest file{};   // of the file's path: names may name people
  uint32_t line = 0;   // of NDJSON, from 1; 0: none
  uint32_t entry = 0;  // of a Bundle, from 1; 0: all of the line or file
  Instant instant;
  std::string code;  // to_string(ErrorCode)
  std::string reason;
  std::string type;  // FHIR type, or empty
};
std::string refusal_prefix(SourceNumber source);
std::string refusal_prefix(SourceNumber source, const FileDigest& file);
std::string refusal_key(const Refusal& refusal);
std::string encode_refusal(const Refusal& refusal);
Result<Refusal> decode_refusal(std::string_view key, std::string_view value);

// What was erased, and what of it scrub() has yet to rewrite.
std::string erased_prefix();
std::string erased_key(Ord ord);
Result<Ord> decode_erased_key(std::string_view key);
std::string encode_erased(const Erasure& erasure);
Result<Erasure> decode_erased(std::string_view key, std::string_view value);
std::string unscrubbed_prefix();
std::string unscrubbed_key(uint64_t certificate);
// Under these ords rows were removed or replaced.
std::string encode_ords(std::span<const Ord> ords);
Result<std::vector<Ord>> decode_ords(std::string_view value);

}  // namespace continuum::record
