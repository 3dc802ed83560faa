// Entries of all kinds out of a seed.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "ledger/entry.h"
#include "ledger/log.h"

namespace continuum::ledger {

inline Hash random_hash(SeededRandom& random) {
  return hash_from(random.bytes(kHashSize));
}

inline RequestId random_request_id(SeededRandom& random) {
  RequestId id{};
  random.fill(reinterpret_cast<char*>(id.data()), id.size());
  return id;
}

inline RequestEntry random_request(SeededRandom& random, uint64_t persons) {
  RequestEntry entry;
  entry.id = random_request_id(random);
  entry.instant = {1'790'000'000'000'000 + random.between(0, 1'000'000'000)};
  entry.principal = static_cast<PrincipalKind>(random.between(1, 4));
  if (entry.principal != PrincipalKind::kCitizen) {
    entry.subject = "subject-" + std::to_string(random.below(100));
    entry.role = "S8000:G8000:R8000";
    entry.organisation = "X2600" + std::to_string(random.below(10));
  }
  entry.purpose = "TREAT";
  entry.interaction = "read Observation";
  entry.t = random.below(1'000'000);
  entry.policy = random_hash(random);
  entry.scope = random_hash(random);
  entry.status = 200;
  entry.shown = random.below(400);
  entry.withheld = random.below(3);
  entry.persons = persons;
  entry.manifest = random_hash(random);
  entry.month = 682;
  entry.sealed = random.bytes(28 + random.below(60));
  return entry;
}

inline PersonEntry random_person(SeededRandom& random, const RequestId& id, uint64_t ordinal) {
  return {id, ordinal, random.bytes(28 + 256)};
}

// One request with its persons, or a command, or a policy, as they are appended together.
inline std::vector<Append> random_appends(SeededRandom& random) {
  const uint64_t kind = random.below(20);
  const Instant instant{1'790'000'000'000'000};
  if (kind == 0) {
    const std::string details = "{\"resources\":" + std::to_string(random.below(1'000'000)) + "}";
    return {{.entry = *encode(CommandEntry{instant, "load", "operator", "done", details})}};
  }
  if (kind == 1) {
    const std::string text = "policy " + std::to_string(random.next()) + "\n";
    const Hash digest = crypto::sha256(text);
    return {{.entry = *encode(PolicyEntry{instant, digest, text}), .policy = digest}};
  }
  const uint64_t persons = random.below(4);
  const RequestEntry request = random_request(random, persons);
  std::vector<Append> appends = {{.entry = *encode(request)}};
  for (uint64_t ordinal = 1; ordinal <= persons; ++ordinal) {
    appends.push_back({.entry = *encode(random_person(random, request.id, ordinal)),
                       .ord = random.below(5),
                       .ordinal = ordinal});
  }
  return appends;
}

}  // namespace continuum::ledger
