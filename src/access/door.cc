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

Result<Caller> Door::caller_of(const Principal& principal, const record::View& view) {
  Caller caller{.principal = principal, .organisation = {}, .source = std::nullopt};
  const record::T t = view.stable_t();
  std::lock_guard lock(sources_mutex_);
  if (sources_as_of_ != t) {
    TRY(sources_, view.sources());
    sources_as_of_ = t;
  }
  auto number_of = [this](std::string_view name) -> std::optional<record::SourceNumber> {
    for (const record::SourceStatus& source : sources_) {
      if (source.name == name) {
        return source.number;
      }
    }
    return std::nullopt;
  };
  if (principal.kind == PrincipalKind::kSystem) {
    caller.source = number_of(principal.source);
  }
  if (principal.kind == PrincipalKind::kStaff) {
    caller.organisation.ods_code = principal.organisation;
    caller.organisation.workgroups = principal.workgroups;
    for (const config::Organisation& organisation : options_.region.organisations) {
      if (organisation.ods_code == principal.organisation) {
        caller.organisation.kind = organisation.kind;
      }
    }
    for (const config::Source& source : options_.region.sources) {
      auto number = number_of(source.name);
      if (source.organisation == principal.organisation && number) {
        caller.organisation.sources.push_back(*number);
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
    for (const auto& [type, count] : note.types) {
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

Result<Receipt> Door::write_down(Visit& visit, uint16_t status) {
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
  TRY(auto appends, make_request_entries(options_.store, visit.principal(), visit.request_,
                                         summary.persons, request));
  TRY(uint64_t number, options_.store.append_ledger(appends));
  return Receipt{number, request.id};
}

}  // namespace continuum::access
