#include "access/door.h"

#include <algorithm>

#include "access/limits.h"
#include "base/bytes.h"
#include "base/check.h"
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

crypto::Digest manifest_of(std::span<const crypto::Digest> persons, const crypto::Digest& shared) {
  std::string all;
  for (const crypto::Digest& person : persons) {
    all.append(crypto::view(person));
  }
  all.append(crypto::view(shared));
  return crypto::sha256(all);
}

Result<std::unique_ptr<Door>> Door::open(const Options& options, Policy policy) {
  std::unique_ptr<Door> door(new Door(options, std::move(policy)));
  door->know_region();
  TRY(door->keep_policy());
  return door;
}

Status Door::keep_policy() {
  auto view = options_.store.view();
  TRY(auto ledger, view->ledger());
  TRY(auto known, ledger.policy_entry(policy_.digest()));
  if (known) {
    return {};
  }
  ledger::Append append;
  append.policy = policy_.digest();
  TRY(append.entry,
      ledger::encode(ledger::PolicyEntry{
          .instant = options_.clock.now(), .digest = policy_.digest(), .text = policy_.text()}));
  TRY(uint64_t number, options_.store.append_ledger({&append, 1}));
  static_cast<void>(number);
  return {};
}

void Door::know_region() {
  for (const config::Organisation& organisation : options_.region.organisations) {
    organisations_[organisation.ods_code].kind = organisation.kind;
  }
  for (const config::Source& source : options_.region.sources) {
    auto known = sources_.try_emplace(source.name, record::SourceNumber{0}).first;
    organisations_[source.organisation].sources.push_back(&*known);
  }
}

// Numbers never change: each is looked up until it is known.
Result<std::optional<record::SourceNumber>> Door::number_of(Sources::value_type& source,
                                                            const record::View& view) {
  if (record::SourceNumber number = source.second; number != 0) {
    return std::optional(number);
  }
  TRY(auto number, view.source_number(source.first));
  source.second = number.value_or(0);
  return number;
}

Result<Caller> Door::caller_of(const Principal& principal, const record::View& view) {
  Caller caller{.principal = principal, .organisation = {}, .source = std::nullopt};
  if (principal.kind == PrincipalKind::kSystem) {
    if (auto known = sources_.find(principal.source); known != sources_.end()) {
      TRY(caller.source, number_of(*known, view));
    }
  }
  if (principal.kind == PrincipalKind::kStaff) {
    caller.organisation.ods_code = principal.organisation;
    caller.organisation.workgroups = principal.workgroups;
    if (auto known = organisations_.find(principal.organisation); known != organisations_.end()) {
      caller.organisation.kind = known->second.kind;
      for (Sources::value_type* source : known->second.sources) {
        TRY(auto number, number_of(*source, view));
        if (number) {
          caller.organisation.sources.push_back(*number);
        }
      }
    }
  }
  return caller;
}

Result<std::unique_ptr<Visit>> Door::enter(const Principal& principal, Request request) {
  auto view = options_.store.view();
  TRY(Caller caller, caller_of(principal, *view));
  return std::make_unique<Visit>(std::move(view), std::move(caller), policy_, std::move(request),
                                 options_.clock.now(), std::nullopt, &own_organisations_);
}

Result<std::unique_ptr<Visit>> Door::enter_as_of(const Principal& principal, Request request,
                                                 const Policy& policy, Instant then, record::T t) {
  auto view = options_.store.view();
  TRY(Caller caller, caller_of(principal, *view));
  return std::make_unique<Visit>(std::move(view), std::move(caller), policy, std::move(request),
                                 then, t);
}

Visit::Summary Visit::summary() const {
  Summary out;
  std::vector<crypto::Digest> manifests;
  for (const Note& note : notes_) {
    ledger::PersonPart part = note.part;
    if (part.shown > 0) {
      part.manifest = crypto::sha256(note.manifest);
    } else if (part.disclosure == ledger::Disclosure::kShown && !note.told) {
      part.disclosure = ledger::Disclosure::kRefused;  // all of it was withheld
    }
    auto types = note.types;
    std::sort(types.begin(), types.end());
    for (const auto& [type, count] : types) {
      part.types.emplace_back(fhir::type_name(type), count);
    }
    manifests.push_back(part.manifest);
    out.persons.push_back(std::move(part));
  }
  if (out.persons.empty() && named_absent_) {
    out.persons.emplace_back().disclosure = ledger::Disclosure::kAbsent;
    manifests.push_back({});
  }
  out.manifest = manifest_of(manifests, crypto::sha256(shared_manifest_));
  return out;
}

void Door::write_down(std::unique_ptr<Visit> visit, uint16_t status, WrittenDown then) {
  ledger::RequestId id = new_request_id();
  auto entries = entries_of(*visit, id, status);
  // PERF: to take it down takes longer where there was something to refuse (2 to 7 us): before the
  // time of the answer is set.
  visit.reset();
  if (!entries) {
    then(fail(entries.error()));
    return;
  }
  options_.store.append_ledger(
      std::move(*entries), [id, then = std::move(then)](const Result<uint64_t>& number) {
        then(number ? Result<Receipt>(Receipt{*number, id}) : fail(number.error()));
      });
}

Result<std::vector<ledger::Append>> Door::entries_of(const Visit& visit,
                                                     const ledger::RequestId& id, uint16_t status) {
  const Principal& principal = visit.principal();
  Visit::Summary summary = visit.summary();
  ledger::RequestEntry request;
  request.id = id;
  request.instant = visit.now_;
  request.principal = static_cast<ledger::PrincipalKind>(principal.kind);
  if (principal.kind != PrincipalKind::kCitizen) {
    request.subject = principal.subject;
  }
  request.role = joined(principal.role_codes);
  request.organisation = principal.organisation;
  request.purpose = principal.purpose;
  request.interaction = visit.request_.interaction;
  request.t = visit.stable_t();
  request.policy = visit.policy_.digest();
  request.scope = visit.scope_.digest();
  request.status = status;
  request.shown = visit.shown();
  request.withheld = visit.withheld();
  request.persons = summary.persons.size();
  request.manifest = summary.manifest;
  request.month = month_of(visit.now_);
  std::vector<uint64_t> ords;
  for (const ledger::PersonPart& part : summary.persons) {
    ords.push_back(part.ord);
  }
  crypto::Aead& aead = crypto::thread_aead();
  aead.seal(options_.store.audit_month_key(request.month), ledger::request_context(request.id),
            encode_sealed_request(principal, visit.request_, ords), request.sealed);

  std::vector<ledger::Append> appends(1 + summary.persons.size());
  TRY(appends[0].entry, ledger::encode(request));
  for (size_t i = 0; i < summary.persons.size(); ++i) {
    const ledger::PersonPart& part = summary.persons[i];
    ledger::Append& append = appends[i + 1];
    ledger::PersonEntry person{.id = request.id, .ordinal = i + 1, .sealed = {}};
    TRY(std::string plain, ledger::encode(part));
    aead.seal(options_.store.audit_key(record::Ord::from_value(part.ord)),
              ledger::person_context(request.id, static_cast<uint16_t>(person.ordinal)), plain,
              person.sealed);
    TRY(append.entry, ledger::encode(person));
    append.ord = part.ord;
    append.ordinal = person.ordinal;
  }
  return appends;
}

}  // namespace continuum::access
