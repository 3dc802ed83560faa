#include "access/request_entries.h"

#include "access/door.h"
#include "base/random.h"
#include "crypto/aead.h"

namespace continuum::access {
namespace {

constexpr unsigned kMonthsPerYear = 12;
constexpr int64_t kFirstYear = 1970;
constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;

uint16_t month_of(Instant instant) {
  CivilDate date = civil_from_days(instant.micros / kMicrosPerDay);
  return static_cast<uint16_t>((date.year - kFirstYear) * kMonthsPerYear + (date.month - 1));
}

ledger::RequestId new_request_id() {
  static SecureRandom random;  // stateless: the kernel's
  ledger::RequestId id;
  random.fill(reinterpret_cast<char*>(id.data()), id.size());
  return id;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

}  // namespace

Result<std::vector<ledger::Append>> make_request_entries(
    record::Store& store, const Principal& principal, const Request& asked,
    std::span<const ledger::PersonPart> persons, ledger::RequestEntry& request) {
  request.id = new_request_id();
  request.principal = static_cast<ledger::PrincipalKind>(principal.kind);
  if (principal.kind != PrincipalKind::kCitizen) {
    request.subject = principal.subject;
  }
  request.role = joined(principal.role_codes);
  request.organisation = principal.organisation;
  request.purpose = principal.purpose;
  request.interaction = asked.interaction;
  request.persons = persons.size();
  request.month = month_of(request.instant);
  std::vector<uint64_t> ords;
  for (const ledger::PersonPart& part : persons) {
    ords.push_back(part.ord);
  }
  crypto::Aead& aead = crypto::thread_aead();
  aead.seal(store.audit_month_key(request.month), ledger::request_context(request.id),
            encode_sealed_request(principal, asked, ords), request.sealed);

  std::vector<ledger::Append> appends(1 + persons.size());
  TRY(appends[0].entry, ledger::encode(request));
  for (size_t i = 0; i < persons.size(); ++i) {
    const ledger::PersonPart& part = persons[i];
    ledger::Append& append = appends[i + 1];
    ledger::PersonEntry person{.id = request.id, .ordinal = i + 1, .sealed = {}};
    TRY(std::string plain, ledger::encode(part));
    aead.seal(store.audit_key(record::Ord::from_value(part.ord)),
              ledger::person_context(request.id, static_cast<uint16_t>(person.ordinal)), plain,
              person.sealed);
    TRY(append.entry, ledger::encode(person));
    append.ord = part.ord;
    append.ordinal = person.ordinal;
  }
  return appends;
}

}  // namespace continuum::access
