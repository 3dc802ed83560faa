// Entries of the ledger as lines of JSON.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "access/principal.h"
#include "ledger/entry.h"
#include "record/store.h"

namespace continuum::commands {

enum class Seals : uint8_t { kLeave, kOpen };

// Of entries in the order of their numbers: a person entry opens only after its request.
class EntryLines {
 public:
  EntryLines(const record::View& view, Seals seals) : view_(view), seals_(seals) {}

  Result<std::string> line(uint64_t number, const ledger::Entry& entry);

  // Of whom the lines so far say something that was sealed: each source patient once, with the
  // number of entries of requests that do.
  std::vector<ledger::PersonPart> persons() const;

 private:
  Status add(const ledger::RequestEntry& entry, std::string& out);
  Status add(const ledger::PersonEntry& entry, std::string& out);
  Status add(const ledger::CommandEntry& entry, std::string& out);
  Status add(const ledger::PolicyEntry& entry, std::string& out);
  Status note_citizen(const access::Principal& principal);

  const record::View& view_;
  Seals seals_;
  std::vector<uint64_t> patients_;         // of the request last shown
  std::map<uint64_t, uint64_t> requests_;  // opened, by source patient
};

}  // namespace continuum::commands
