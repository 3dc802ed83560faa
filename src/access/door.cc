#include "access/door.h"

#include <algorithm>

#include "access/limits.h"
#include "access/request_entries.h"
#include "base/check.h"

namespace continuum::access {

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
  ledger::RequestId id{};
  auto entries = entries_of(*visit, status, id);
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

Result<Receipt> Door::commit_and_write_down(std::unique_ptr<Visit> visit, uint16_t status,
                                            std::span<record::Prepared> items,
                                            std::span<const record::Condition> conditions) {
  ledger::RequestId id{};
  TRY(auto entries, entries_of(*visit, status, id));
  visit.reset();
  TRY(record::CommitResult committed, options_.store.commit(items, entries, conditions));
  return Receipt{*committed.ledger_number, id};
}

Result<std::vector<ledger::Append>> Door::entries_of(const Visit& visit, uint16_t status,
                                                     ledger::RequestId& id) {
  Visit::Summary summary = visit.summary();
  ledger::RequestEntry request;
  request.instant = visit.now_;
  request.t = visit.stable_t();
  request.policy = visit.policy_.digest();
  request.scope = visit.scope_.digest();
  request.status = status;
  request.shown = visit.shown();
  request.withheld = visit.withheld();
  request.manifest = summary.manifest;
  TRY(auto entries, make_request_entries(options_.store, visit.principal(), visit.request_,
                                         summary.persons, request));
  id = request.id;
  return entries;
}

}  // namespace continuum::access
