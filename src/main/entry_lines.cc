#include "main/entry_lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "access/door.h"
#include "base/bytes.h"
#include "crypto/aead.h"
#include "identity/nhs_number.h"
#include "json/writer.h"

namespace continuum::commands {
namespace {

// Patients that may have the NHS number of a citizen.
constexpr size_t kSameNumberMax = 1'000;

std::string_view to_word(ledger::Disclosure disclosure) {
  switch (disclosure) {
    case ledger::Disclosure::kShown:
      return "shown";
    case ledger::Disclosure::kRefused:
      return "refused";
    case ledger::Disclosure::kAbsent:
      return "absent";
    case ledger::Disclosure::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace

Result<std::string> EntryLines::line(uint64_t number, const ledger::Entry& entry) {
  std::string out = fmt::format(R"({{"number":{},)", number);
  Status added = std::visit([&](const auto& of_kind) { return add(of_kind, out); }, entry);
  TRY(added);
  return out + '}';
}

std::vector<ledger::PersonPart> EntryLines::persons() const {
  std::vector<ledger::PersonPart> out;
  for (const auto& [ord, count] : requests_) {
    ledger::PersonPart& part = out.emplace_back();
    part.ord = ord;
    part.disclosure = ledger::Disclosure::kShown;
    part.types.emplace_back("AuditEvent", count);
  }
  return out;
}

// A citizen is named by their own requests, whomever those were about.
Status EntryLines::note_citizen(const access::Principal& principal) {
  if (principal.kind != access::PrincipalKind::kCitizen || principal.birth_date.empty()) {
    return {};
  }
  TRY(auto person, view_.person_matching(principal.nhs_number + "|" + principal.birth_date));
  if (!person) {
    return {};
  }
  TRY(auto items, view_.find_token(fhir::kPatientType, "identifier", identity::kNhsNumberSystem,
                                   principal.nhs_number, kSameNumberMax));
  for (const record::ItemKey& item : items) {
    TRY(auto of, view_.person_of(item.ord));
    if (of.number != *person) {
      continue;
    }
    bool is_counted = std::any_of(of.members.begin(), of.members.end(), [this](const auto& member) {
      return std::find(patients_.begin(), patients_.end(), member.ord.value()) != patients_.end();
    });
    if (!is_counted) {
      ++requests_[item.ord.value()];
    }
    return {};
  }
  return {};
}

Status EntryLines::add(const ledger::RequestEntry& entry, std::string& out) {
  auto kind = static_cast<access::PrincipalKind>(entry.principal);
  out += fmt::format(
      R"("kind":"request","instant":"{}","principal":"{}","subject":{},"role":{},"organisation":{},"purpose":{},"interaction":{},"t":{},"policy":"{}","scope":"{}","status":{},"shown":{},"withheld":{},"persons":{},"manifest":"{}")",
      to_fhir_instant(entry.instant), access::to_string(kind), json::quoted(entry.subject),
      json::quoted(entry.role), json::quoted(entry.organisation), json::quoted(entry.purpose),
      json::quoted(entry.interaction), entry.t, to_hex(crypto::view(entry.policy)),
      to_hex(crypto::view(entry.scope)), entry.status, entry.shown, entry.withheld, entry.persons,
      to_hex(crypto::view(entry.manifest)));
  patients_.clear();
  if (seals_ == Seals::kLeave) {
    return {};
  }
  auto key = view_.audit_month_key(entry.month);
  if (!key) {
    out += R"(,"sealed":"its audit key is gone")";
    return {};
  }
  std::string plain;
  TRY(crypto::thread_aead().open(*key, ledger::request_context(entry.id), entry.sealed, plain));
  TRY(auto sealed, access::decode_sealed_request(plain));
  if (sealed.patients.empty() && entry.persons > 0) {
    // SAFETY: what it says is of people, and they could not be told that it was opened.
    out += R"(,"sealed":"it does not list whom it names")";
    return {};
  }
  patients_ = sealed.patients;
  for (uint64_t patient : patients_) {
    if (patient != 0) {
      ++requests_[patient];
    }
  }
  TRY(note_citizen(sealed.principal));
  out += ",\"sealed\":" + plain;
  return {};
}

Status EntryLines::add(const ledger::PersonEntry& entry, std::string& out) {
  out += fmt::format(R"("kind":"person","ordinal":{})", entry.ordinal);
  if (seals_ == Seals::kLeave || entry.ordinal > patients_.size()) {
    return {};
  }
  auto key = view_.audit_key(record::Ord::from_value(patients_[entry.ordinal - 1]));
  if (!key) {
    out += R"(,"sealed":"its audit key is gone")";
    return {};
  }
  std::string plain;
  TRY(crypto::thread_aead().open(
      *key, ledger::person_context(entry.id, static_cast<uint16_t>(entry.ordinal)), entry.sealed,
      plain));
  TRY(auto part, ledger::decode_person_part(plain));
  out += fmt::format(
      R"(,"ord":{},"disclosure":"{}","rule":{},"relationship":{},"shown":{},"withheld":{},"manifest":"{}","types":{{)",
      part.ord, to_word(part.disclosure), json::quoted(part.rule), json::quoted(part.relationship),
      part.shown, part.withheld, to_hex(crypto::view(part.manifest)));
  for (const auto& [type, count] : part.types) {
    out += fmt::format("{}{}:{}", out.back() == '{' ? "" : ",", json::quoted(type), count);
  }
  out += '}';
  return {};
}

Status EntryLines::add(const ledger::CommandEntry& entry, std::string& out) {
  out += fmt::format(
      R"("kind":"command","instant":"{}","command":{},"by":{},"outcome":{},"details":{})",
      to_fhir_instant(entry.instant), json::quoted(entry.command), json::quoted(entry.by),
      json::quoted(entry.outcome), entry.details);
  return {};
}

Status EntryLines::add(const ledger::PolicyEntry& entry, std::string& out) {
  out += fmt::format(R"("kind":"policy","instant":"{}","digest":"{}","bytes":{})",
                     to_fhir_instant(entry.instant), to_hex(crypto::view(entry.digest)),
                     entry.text.size());
  return {};
}

}  // namespace continuum::commands
