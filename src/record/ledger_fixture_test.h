// Entries of the ledger for tests, sealed as access/door.cc seals them.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "ledger/entry.h"
#include "record/store.h"

namespace continuum::record {

inline ledger::RequestId request_id(uint64_t number) {
  std::string bytes;
  put_u64(bytes, number);
  ledger::RequestId id{};
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

// A request with a person entry for each ord.
inline std::vector<ledger::Append> request_entries(Store& store, uint64_t number,
                                                   const std::vector<uint64_t>& ords) {
  constexpr uint16_t kMonth = 682;
  ledger::RequestEntry request;
  request.id = request_id(number);
  request.instant = Instant{1'790'000'000'000'000};
  request.subject = "subject-" + std::to_string(number);
  request.interaction = "read";
  request.status = 200;
  request.persons = ords.size();
  request.month = kMonth;
  crypto::Aead& aead = crypto::thread_aead();
  aead.seal(store.audit_month_key(kMonth), ledger::request_context(request.id), "{}",
            request.sealed);
  std::vector<ledger::Append> appends = {{.entry = *ledger::encode(request)}};
  for (uint64_t ordinal = 1; ordinal <= ords.size(); ++ordinal) {
    uint64_t ord = ords[ordinal - 1];
    ledger::PersonPart part;
    part.ord = ord;
    ledger::PersonEntry person{request.id, ordinal, {}};
    aead.seal(store.audit_key(Ord::from_value(ord)),
              ledger::person_context(request.id, static_cast<uint16_t>(ordinal)),
              *ledger::encode(part), person.sealed);
    appends.push_back({.entry = *ledger::encode(person), .ord = ord, .ordinal = ordinal});
  }
  return appends;
}

inline ledger::Append policy_entry(const std::string& text) {
  crypto::Digest digest = crypto::sha256(text);
  return {.entry = *ledger::encode(ledger::PolicyEntry{Instant{1}, digest, text}),
          .policy = digest};
}

inline ledger::Append command_entry(const std::string& details) {
  return {.entry =
              *ledger::encode(ledger::CommandEntry{Instant{1}, "load", "me", "done", details})};
}

}  // namespace continuum::record
