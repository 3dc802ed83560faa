// The entries of the ledger (docs/ledger_format.md section 1), and the inside of what a person
// entry seals. Sealing and opening are the caller's: it has the audit keys.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "ledger/tree.h"

namespace continuum::ledger {

using RequestId = std::array<uint8_t, 16>;

// As access::PrincipalKind, which this folder does not know.
enum class PrincipalKind : uint8_t { kStaff = 1, kCitizen = 2, kSystem = 3, kOperator = 4 };

struct RequestEntry {
  RequestId id{};
  Instant instant;
  PrincipalKind principal = PrincipalKind::kStaff;
  std::string subject;  // empty for citizens
  std::string role;
  std::string organisation;
  std::string purpose;
  std::string interaction;
  uint64_t t = 0;
  Hash policy{};
  Hash scope{};
  uint16_t status = 0;
  uint64_t shown = 0;
  uint64_t withheld = 0;
  uint64_t persons = 0;  // person entries that follow
  Hash manifest{};
  uint16_t month = 0;  // since January 1970: whose audit key seals
  std::string sealed;

  bool operator==(const RequestEntry&) const = default;
};

struct PersonEntry {
  RequestId id{};
  uint64_t ordinal = 1;  // 1 to kPersonsMax
  std::string sealed;

  bool operator==(const PersonEntry&) const = default;
};

struct CommandEntry {
  Instant instant;
  std::string command;
  std::string by;
  std::string outcome;
  std::string details;  // JSON

  bool operator==(const CommandEntry&) const = default;
};

struct PolicyEntry {
  Instant instant;
  Hash digest{};
  std::string text;

  bool operator==(const PolicyEntry&) const = default;
};

using Entry = std::variant<RequestEntry, PersonEntry, CommandEntry, PolicyEntry>;

// kTooLarge over kEntryBytesMax or kPersonsMax. Texts must be UTF-8, a citizen's subject empty and
// an ordinal 1 to kPersonsMax: anything else is a CHECK failure.
Result<std::string> encode(const RequestEntry& entry);
Result<std::string> encode(const PersonEntry& entry);
Result<std::string> encode(const CommandEntry& entry);
Result<std::string> encode(const PolicyEntry& entry);

// Any bytes. What is accepted encodes to the same bytes again; everything else is kCorrupt.
Result<Entry> decode_entry(std::string_view bytes);

enum class Disclosure : uint8_t { kShown = 1, kRefused = 2, kAbsent = 3, kFailed = 4 };

// The plain inside of a person entry's seal.
struct PersonPart {
  uint64_t ord = 0;  // below 2^48; 0 is nobody
  Disclosure disclosure = Disclosure::kShown;
  std::string rule;
  std::string relationship;
  uint64_t shown = 0;
  uint64_t withheld = 0;
  Hash manifest{};
  std::vector<std::pair<std::string, uint64_t>> types;  // FHIR type, how many were shown

  bool operator==(const PersonPart&) const = default;
};

// A multiple of 256 bytes. kTooLarge over kPersonPartBytesMax or kTypesMax; texts must be UTF-8 and
// `ord` below 2^48 (CHECK).
Result<std::string> encode(const PersonPart& part);
// As decode_entry.
Result<PersonPart> decode_person_part(std::string_view bytes);

// What seals are bound to (the context of crypto::Aead).
std::string request_context(const RequestId& id);
std::string person_context(const RequestId& id, uint16_t ordinal);

}  // namespace continuum::ledger
