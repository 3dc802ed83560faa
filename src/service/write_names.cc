#include "service/write_names.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"
#include "http/query.h"
#include "identity/nhs_number.h"
#include "service/author_place.h"
#include "service/provenance.h"

namespace continuum::service {
namespace {

constexpr size_t kOwnIdBytes = 16;

// SAFETY: ids are seen in URLs and logs, and written into references as they are. A bare number
// could be a person's, or what another system calls something else: a dangling reference to it
// would lead to the wrong thing. What is given here has a letter, and holds no NHS number.
Status check_may_be_given(fhir::TypeNumber type, const std::string& id) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  auto named = record::ResourceId::named(id);
  if (!named) {
    return invalid_write("that is no id", "id",
                         "expected 1 to 64 of A-Z, a-z, 0-9, hyphen and dot");
  }
  if (named->given.empty() || (type == provenance_type() && ProvenanceId::parse(id))) {
    return invalid_write("ids of that form are given by the server", "id",
                         "choose another, or create (POST) and take the id given here");
  }
  if (std::none_of(id.begin(), id.end(), is_letter)) {
    return invalid_write("an id that a client gives must have a letter", "id",
                         "choose another, or create (POST) and take the id given here");
  }
  if (identity::may_hold_nhs_number(id)) {
    return invalid_write("the id may hold an NHS number, and ids are seen in URLs", "id",
                         "choose another, or create (POST) and take the id given here");
  }
  return {};
}

// A name that no source gives.
std::string new_own_id() {
  return "created:" + to_hex(SecureRandom().bytes(kOwnIdBytes));
}

std::string name_of(const record::ResourceKey& resource) {
  return std::string(fhir::type_name(resource.type)) + "/" + resource.id.text();
}

}  // namespace

tl::unexpected<Error> no_such_resource() {
  return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
}

WriteNames::WriteNames(Writing& writing)
    : writing_(writing),
      minter_(writing.context.store.id_minter()),
      conditions_(writing.context.visit,
                  [this](std::string_view reference) { return referred(reference); }) {}

Status WriteNames::find_target(const Change& change, ChangePlan& plan, size_t index) {
  return change.criteria ? find_met(change, plan, index) : find_stored(change, plan);
}

Status WriteNames::add(const Change& change, ChangePlan& plan, size_t index) {
  if (plan.changes && !plan.stored && plan.own_id.empty()) {
    plan.own_id = new_own_id();
    plan.resource = {change.type,
                     {0, minter_.hash(writing_.source_name, change.type, plan.own_id), {}}};
  }
  if (!plan.resource.id.given.empty() && !plan.stored) {
    by_given_id_.emplace(std::pair(change.type, plan.resource.id.given), index);
  }
  if (!change.full_url.empty() && !by_full_url_.emplace(change.full_url, index).second) {
    return invalid_write("two entries have the same fullUrl", "fullUrl", "give each its own");
  }
  return plan.changes ? check_is_alone(plan) : Status();
}

std::optional<WriteNames::Named> WriteNames::find_by_full_url(std::string_view url) const {
  auto found = by_full_url_.find(std::string(url));
  return found == by_full_url_.end() ? std::nullopt : named_sibling(found->second);
}

// Creates may find what other creates find.
Status WriteNames::check_is_alone(const ChangePlan& plan) {
  auto name = std::pair(plan.resource.type, plan.resource.id.hash);
  auto [at, is_first] = named_.emplace(name, plan.keeps);
  if (!is_first && !(at->second && plan.keeps)) {
    return invalid_write("two entries change the same resource", "", "send one change of each");
  }
  return {};
}

// SAFETY: what another source sent, or holds in a place this caller may not see, is not there.
Status WriteNames::find_stored(const Change& change, ChangePlan& plan) {
  if (change.kind == Change::Kind::kCreate) {
    return {};
  }
  auto id = record::ResourceId::named(change.id);
  auto located = id ? writing_.view.locate({change.type, *id})
                    : Result<record::Located>(fail(ErrorCode::kNotFound, "no id"));
  if (!located && located.error().code != ErrorCode::kNotFound) {
    return fail(located.error());
  }
  const bool may_give =
      change.kind == Change::Kind::kUpdate && !writing_.author && id && !id->given.empty();
  if (may_give && !(located && located->source == writing_.source)) {
    return take_given_id(change.type, change.id, plan);
  }
  if (!located || located->source != writing_.source) {
    writing_.context.visit.note_absent();
    return no_such_resource();
  }
  if (writing_.author) {
    TRY(check_is_own(writing_.context.visit, writing_.context.region, *writing_.author, *located));
  }
  plan.stored = std::move(*located);
  plan.resource = {change.type, plan.stored->id};
  plan.own_id = plan.stored->own_id;
  return {};
}

// The id that a client gives what it makes. It is the source's own id too, so that a load finds
// it.
Status WriteNames::take_given_id(fhir::TypeNumber type, const std::string& text, ChangePlan& plan) {
  TRY(check_may_be_given(type, text));
  auto taken = writing_.view.locate({type, *record::ResourceId::named(text)});
  if (taken) {
    return fail(ErrorCode::kConflict, "that id is taken",
                {{"id", "choose another, or create (POST) and take the id given here"}});
  }
  if (taken.error().code != ErrorCode::kNotFound) {
    return fail(taken.error());
  }
  const record::IdHash hash = minter_.hash(writing_.source_name, type, text);
  TRY(auto own, writing_.view.find(type, hash));
  if (own) {
    return fail(ErrorCode::kConflict,
                "this source's own id names a resource that has another id here",
                {{"id", "name it " + name_of({type, own->id})}});
  }
  plan.resource = {type, {0, hash, text}};
  plan.own_id = text;
  return {};
}

// SAFETY: an author could learn by conditions what others of the organisation wrote of whom.
Status WriteNames::check_may_ask() const {
  if (!writing_.author) {
    return {};
  }
  return fail(ErrorCode::kForbidden, "only systems write on conditions",
              {{"", "name the resource by its id"}});
}

// The resource that meets the criteria. SAFETY: creates and references may mean a shared one of
// any source; what is changed is the caller's own.
Status WriteNames::find_met(const Change& change, ChangePlan& plan, size_t index) {
  TRY(check_may_ask());
  using Kind = Change::Kind;
  bool makes_one = change.kind == Kind::kCreate || change.kind == Kind::kUpdate;
  bool among_all = change.kind == Kind::kCreate && fhir::is_shared_type(change.type);
  TRY(auto met,
      conditions_.look_up(change.type, among_all ? std::nullopt : std::optional(writing_.source),
                          *change.criteria, makes_one ? std::optional(index) : std::nullopt));
  if (met) {
    plan.stored = std::move(met->located);
    plan.resource = met->resource;
    plan.own_id = plan.stored->own_id;
    plan.keeps = change.kind == Kind::kCreate;
  } else if (change.kind == Kind::kPatch) {
    writing_.context.visit.note_absent();
    return no_such_resource();
  }
  plan.changes = met || makes_one;
  return {};
}

Result<std::optional<record::ResourceKey>> WriteNames::referred(std::string_view reference) {
  TRY(auto named, find_here(fhir::parse_reference(reference)));
  auto is_own_or_shared = [this](const Named& found) {
    return found.located.source == writing_.source || found.located.key.ord.is_shared();
  };
  return named && is_own_or_shared(*named) ? std::optional(named->resource) : std::nullopt;
}

// Whether what it names, in either form, would be taken for another entry.
bool WriteNames::is_of_sibling(const Change& from, const std::string& reference) const {
  return find_sibling(from, fhir::parse_reference(reference)) ||
         by_full_url_.contains(writing_.context.region.base_url + "/" + reference);
}

Result<std::optional<WriteNames::Named>> WriteNames::find(const Change& from,
                                                          std::string_view reference) {
  fhir::ParsedReference parsed = fhir::parse_reference(reference);
  if (!parsed.version.empty()) {
    return std::optional<Named>();
  }
  if (parsed.kind == fhir::ReferenceKind::kConditional) {
    return find_condition(parsed);
  }
  if (auto sibling = find_sibling(from, parsed)) {
    return named_sibling(*sibling);
  }
  if (auto sibling = find_given(parsed)) {
    return named_sibling(*sibling);
  }
  return find_here(parsed);
}

// What is deleted with the same write is not there to be named.
std::optional<WriteNames::Named> WriteNames::named_sibling(size_t index) const {
  if (writing_.changes[index].kind == Change::Kind::kDelete) {
    return std::nullopt;
  }
  const ChangePlan& plan = writing_.plans[index];
  record::ResourceKey resource{plan.resource.type, plan.id()};
  return Named{index, {}, resource, name_of(resource)};
}

// One alone must meet it: what it names is not guessed at.
Result<std::optional<WriteNames::Named>> WriteNames::find_condition(
    const fhir::ParsedReference& parsed) {
  TRY(check_may_ask());
  TRY(auto parameters, http::parse_query(parsed.query));
  bool among_all = fhir::is_shared_type(*parsed.type);
  TRY(auto met,
      conditions_.look_up(*parsed.type, among_all ? std::nullopt : std::optional(writing_.source),
                          parameters));
  if (!met) {
    return fail(ErrorCode::kPreconditionFailed, "nothing meets a conditional reference",
                {{"", "send what it refers to first, or name it"}});
  }
  return std::optional(
      Named{std::nullopt, std::move(met->located), met->resource, name_of(met->resource)});
}

Result<std::optional<WriteNames::Named>> WriteNames::find_here(
    const fhir::ParsedReference& parsed) {
  if (is_here(parsed) && writing_.author) {
    // SAFETY: whether it is there or not: whom authors name, they need not be allowed to see.
    std::string name = std::string(fhir::type_name(*parsed.type)) + "/" + std::string(parsed.id);
    return std::optional(Named{std::nullopt, {}, {}, std::move(name)});
  }
  return is_here(parsed) ? find_in_store(parsed) : Result<std::optional<Named>>(std::nullopt);
}

// By fullUrl, which a relative reference completes with the base of the one that refers.
std::optional<size_t> WriteNames::find_sibling(const Change& from,
                                               const fhir::ParsedReference& parsed) const {
  std::string url(parsed.text);
  if (parsed.kind == fhir::ReferenceKind::kRelative) {
    fhir::ParsedReference own = fhir::parse_reference(from.full_url);
    if (own.kind != fhir::ReferenceKind::kAbsolute) {
      return std::nullopt;
    }
    url = std::string(own.base) + "/" + url;
  }
  auto found = by_full_url_.find(url);
  return found == by_full_url_.end() ? std::nullopt : std::optional(found->second);
}

// By the id that another entry gives what it makes.
std::optional<size_t> WriteNames::find_given(const fhir::ParsedReference& parsed) const {
  auto found = is_here(parsed) ? by_given_id_.find({*parsed.type, std::string(parsed.id)})
                               : by_given_id_.end();
  return found == by_given_id_.end() ? std::nullopt : std::optional(found->second);
}

bool WriteNames::is_here(const fhir::ParsedReference& parsed) const {
  return parsed.kind == fhir::ReferenceKind::kRelative ||
         (parsed.kind == fhir::ReferenceKind::kAbsolute &&
          parsed.base == writing_.context.region.base_url);
}

Result<std::optional<WriteNames::Named>> WriteNames::find_in_store(
    const fhir::ParsedReference& parsed) {
  auto named = [&parsed](record::Located located) {
    record::ResourceKey resource{*parsed.type, located.id};
    std::string text = name_of(resource);
    return std::optional(
        Named{std::nullopt, std::move(located), std::move(resource), std::move(text)});
  };
  if (auto id = record::ResourceId::parse(parsed.id)) {
    auto located = writing_.view.locate({*parsed.type, *id});
    if (located) {
      return named(std::move(*located));
    }
    return located.error().code == ErrorCode::kNotFound ? Result<std::optional<Named>>(std::nullopt)
                                                        : fail(located.error());
  }
  // By the source's own id, as its feeds name it, or as it was given.
  TRY(auto located, writing_.view.find(
                        *parsed.type, minter_.hash(writing_.source_name, *parsed.type, parsed.id)));
  return located && located->source == writing_.source ? named(std::move(*located))
                                                       : std::optional<Named>();
}

}  // namespace continuum::service
