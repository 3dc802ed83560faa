#include "service/write.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/bytes.h"
#include "base/random.h"
#include "fhir/home.h"
#include "fhir/links.h"
#include "fhir/reference.h"
#include "fhir/structure.h"
#include "identity/exact_match.h"
#include "identity/nhs_number.h"
#include "json/document.h"
#include "json/patch.h"
#include "json/writer.h"
#include "ledger/limits.h"
#include "service/author.h"
#include "service/author_place.h"
#include "service/conditions.h"
#include "service/limits.h"
#include "service/provenance.h"

namespace continuum::service {
namespace {

using record::Ord;

constexpr size_t kOwnIdBytes = 16;

tl::unexpected<Error> invalid(std::string message, std::string where, std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{std::move(where), std::move(what)}});
}

tl::unexpected<Error> absent() {
  return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
}

tl::unexpected<Error> unknown_patient() {
  return invalid("the resource names a patient that this source has not sent", "",
                 "send the Patient first, or name it by the id it was given here");
}

// SAFETY: ids are seen in URLs and logs, and written into references as they are. A bare number
// could be a person's, or what another system calls something else: a dangling reference to it
// would lead to the wrong thing. What is given here has a letter, and holds no NHS number.
Status check_may_be_given(fhir::TypeNumber type, const std::string& id) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  auto named = record::ResourceId::named(id);
  if (!named) {
    return invalid("that is no id", "id", "expected 1 to 64 of A-Z, a-z, 0-9, hyphen and dot");
  }
  if (named->given.empty() || (type == provenance_type() && ProvenanceId::parse(id))) {
    return invalid("ids of that form are given by the server", "id",
                   "choose another, or create (POST) and take the id given here");
  }
  if (std::none_of(id.begin(), id.end(), is_letter)) {
    return invalid("an id that a client gives must have a letter", "id",
                   "choose another, or create (POST) and take the id given here");
  }
  if (identity::may_hold_nhs_number(id)) {
    return invalid("the id may hold an NHS number, and ids are seen in URLs", "id",
                   "choose another, or create (POST) and take the id given here");
  }
  return {};
}

// A name that no source gives.
std::string new_own_id() {
  return "created:" + to_hex(SecureRandom().bytes(kOwnIdBytes));
}

// An error that says where it is.
Error placed(Error error, const std::string& where) {
  if (where.empty()) {
    return error;
  }
  if (error.details.empty()) {
    error.details.push_back({where, "mend it, and send all again: nothing was written"});
    return error;
  }
  for (ErrorDetail& detail : error.details) {
    detail.where = where + (detail.where.empty() ? "" : "." + detail.where);
  }
  return error;
}

class Writer {
 public:
  Writer(const WriteContext& context, std::span<const Change> changes, Bodies bodies)
      : context_(context),
        changes_(changes),
        bodies_(bodies),
        view_(context.visit.whole_view()),
        minter_(context.store.id_minter()),
        conditions_(context.visit,
                    [this](std::string_view reference) { return referred(reference); }),
        plans_(changes.size()),
        author_(author_of(context.visit.principal())) {}

  Result<PreparedWrite> run() {
    if (changes_.empty()) {
      return std::move(out_);
    }
    TRY(for_each([this](size_t i) { return admit(changes_[i]); }));
    TRY(source_, source_number());
    handling_ = structure_handling();
    TRY(for_each([this](size_t i) { return plan(changes_[i], plans_[i], i); }));
    TRY(find_homes());
    if (author_) {
      TRY(source_, context_.store.register_source(source_name_));
    }
    out_.changes.resize(changes_.size());
    out_.items.reserve(changes_.size());
    TRY(for_each([this](size_t i) { return prepare(i); }));
    TRY(check_persons());
    TRY(check_siblings());
    out_.conditions = conditions_.take();
    return std::move(out_);
  }

 private:
  // What is known of a change before anything is prepared.
  struct Plan {
    std::optional<record::Located> stored;
    bool keeps = false;   // a create that found what is there
    bool changes = true;  // else there is nothing to do: a delete that found nothing
    record::ResourceKey resource;
    std::string own_id;
    std::string made;                     // the body, where it is not the one that was sent
    std::optional<uint32_t> seen;         // the version that was looked into
    std::vector<std::string> candidates;  // references that place it with a patient
    std::string patient;                  // of authors: the id of the Patient it is about
    std::vector<Ord> also_about;
    std::optional<Ord> home;
    std::vector<fhir::Issue> warnings;
  };

  template <typename Step>
  Status for_each(const Step& step) {
    for (size_t i = 0; i < changes_.size(); ++i) {
      if (Status done = step(i); !done) {
        return fail(placed(done.error(), changes_[i].where));
      }
    }
    return {};
  }

  config::StructureHandling structure_handling() const {
    const auto& sources = context_.region.sources;
    auto found = std::find_if(sources.begin(), sources.end(), [this](const config::Source& source) {
      return source.name == source_name_;
    });
    return found == sources.end() ? config::StructureHandling::kRefuse : found->structure;
  }

  // The first write of a source registers it; that of authors does when all is allowed.
  Result<record::SourceNumber> source_number() {
    if (author_) {
      TRY(auto written, view_.source_number(source_name_));
      return written.value_or(0);
    }
    auto known = context_.visit.source();
    return known ? Result<record::SourceNumber>(*known)
                 : context_.store.register_source(source_name_);
  }

  // A place that is made is kept: so not before everything has one.
  Status find_homes() {
    TRY(for_each([this](size_t i) -> Status {
      TRY(home_of(i, 0));
      return {};
    }));
    makes_places_ = true;
    return for_each([this](size_t i) -> Status {
      TRY(plans_[i].home, home_of(i, 0));
      return {};
    });
  }

  Status admit(const Change& change) {
    const access::Visit& visit = context_.visit;
    TRY(access::MayWrite may, access::may_write(visit.principal(), visit.scope(), change.type));
    source_name_ = std::move(may.source);
    rule_ = may.rule;
    return {};
  }

  // First look: which resource it is, and whom it names.
  Status plan(const Change& change, Plan& plan, size_t index) {
    TRY(change.criteria ? find_met(change, plan, index) : find_stored(change, plan));
    if (change.kind == Change::Kind::kPatch) {
      TRY(patch(change, plan));
    }
    if (change.kind != Change::Kind::kDelete) {
      TRY(document_.parse(body_of(change, plan)));
      const json::Node& root = *document_.root();
      TRY(check_is_what_is_named(change, plan, root));
      if (author_) {  // first: R4 wants an author of some types, which is filled in
        TRY(check_author(change, plan, *document_.root()));
      }
      TRY(check_structure(change, plan, root));
      fhir::patient_candidates(change.type, root, [&plan](std::string_view reference) {
        plan.candidates.emplace_back(reference);
      });
    }
    if (plan.changes && !plan.stored && plan.own_id.empty()) {
      plan.own_id = new_own_id();
      plan.resource = {change.type, {0, minter_.hash(source_name_, change.type, plan.own_id), {}}};
    }
    if (!plan.resource.id.given.empty() && !plan.stored) {
      by_given_id_.emplace(std::pair(change.type, plan.resource.id.given), index);
    }
    if (!change.full_url.empty() && !by_full_url_.emplace(change.full_url, index).second) {
      return invalid("two entries have the same fullUrl", "fullUrl", "give each its own");
    }
    return plan.changes ? check_is_alone(plan) : Status();
  }

  // Creates may find what other creates find.
  Status check_is_alone(const Plan& plan) {
    auto name = std::pair(plan.resource.type, plan.resource.id.hash);
    auto [at, is_first] = named_.emplace(name, plan.keeps);
    if (!is_first && !(at->second && plan.keeps)) {
      return invalid("two entries change the same resource", "", "send one change of each");
    }
    return {};
  }

  // SAFETY: what another source sent, or holds in a place this caller may not see, is not there.
  Status find_stored(const Change& change, Plan& plan) {
    if (change.kind == Change::Kind::kCreate) {
      return {};
    }
    auto id = record::ResourceId::named(change.id);
    auto located = id ? view_.locate({change.type, *id})
                      : Result<record::Located>(fail(ErrorCode::kNotFound, "no id"));
    if (!located && located.error().code != ErrorCode::kNotFound) {
      return fail(located.error());
    }
    const bool may_give =
        change.kind == Change::Kind::kUpdate && !author_ && id && !id->given.empty();
    if (may_give && !(located && located->source == source_)) {
      return take_given_id(change.type, change.id, plan);
    }
    if (!located || located->source != source_) {
      context_.visit.note_absent();
      return absent();
    }
    if (author_) {
      TRY(check_is_own(context_.visit, context_.region, *author_, *located));
    }
    plan.stored = std::move(*located);
    plan.resource = {change.type, plan.stored->id};
    plan.own_id = plan.stored->own_id;
    return {};
  }

  // The id that a client gives what it makes. It is the source's own id too, so that a load finds
  // it.
  Status take_given_id(fhir::TypeNumber type, const std::string& text, Plan& plan) {
    TRY(check_may_be_given(type, text));
    auto taken = view_.locate({type, *record::ResourceId::named(text)});
    if (taken) {
      return fail(ErrorCode::kConflict, "that id is taken",
                  {{"id", "choose another, or create (POST) and take the id given here"}});
    }
    if (taken.error().code != ErrorCode::kNotFound) {
      return fail(taken.error());
    }
    const record::IdHash hash = minter_.hash(source_name_, type, text);
    TRY(auto own, view_.find(type, hash));
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
  Status check_may_ask() const {
    if (!author_) {
      return {};
    }
    return fail(ErrorCode::kForbidden, "only systems write on conditions",
                {{"", "name the resource by its id"}});
  }

  // The resource that meets the criteria. SAFETY: creates and references may mean a shared one of
  // any source; what is changed is the caller's own.
  Status find_met(const Change& change, Plan& plan, size_t index) {
    TRY(check_may_ask());
    using Kind = Change::Kind;
    bool makes_one = change.kind == Kind::kCreate || change.kind == Kind::kUpdate;
    bool among_all = change.kind == Kind::kCreate && fhir::is_shared_type(change.type);
    TRY(auto met,
        conditions_.look_up(change.type, among_all ? std::nullopt : std::optional(source_),
                            *change.criteria, makes_one ? std::optional(index) : std::nullopt));
    if (met) {
      plan.stored = std::move(met->located);
      plan.resource = met->resource;
      plan.own_id = plan.stored->own_id;
      plan.keeps = change.kind == Kind::kCreate;
    } else if (change.kind == Kind::kPatch) {
      context_.visit.note_absent();
      return absent();
    }
    plan.changes = met || makes_one;
    return {};
  }

  Result<std::optional<record::ResourceKey>> referred(std::string_view reference) {
    TRY(auto named, find_here(fhir::parse_reference(reference)));
    auto is_own_or_shared = [this](const Named& found) {
      return found.located.source == source_ || found.located.key.ord.is_shared();
    };
    return named && is_own_or_shared(*named) ? std::optional(named->resource) : std::nullopt;
  }

  // What is written in somebody's own name names one patient, and them as its author.
  Status check_author(const Change& change, Plan& plan, json::Node& root) {
    plan.patient = patient_named(change.type, root, context_.region.base_url).value_or("");
    TRY(Filled filled,
        complete(*author_, {change.type, plan.patient, context_.region.base_url}, document_, root));
    if (filled == Filled::kAuthor) {
      plan.made.clear();
      json::write(root, plan.made);
    }
    return {};
  }

  // Whether what it names, in either form, would be taken for another entry.
  bool is_of_sibling(const Change& from, const std::string& reference) const {
    return find_sibling(from, fhir::parse_reference(reference)) ||
           by_full_url_.contains(context_.region.base_url + "/" + reference);
  }

  Result<Ord> patient_of_author(const Change& change, const Plan& plan) {
    bool is_sibling = is_of_sibling(change, "Patient/" + plan.patient);
    return place_of_author(context_.visit, change.type, is_sibling ? "" : plan.patient);
  }

  static std::string_view body_of(const Change& change, const Plan& plan) {
    return plan.made.empty() ? change.body : plan.made;
  }

  // The resource as its readers have it, patched.
  Status patch(const Change& change, Plan& plan) {
    TRY(json::Patch patch, json::Patch::parse(change.body));
    TRY(record::StoredItem stored, view_.read(plan.stored->key));
    std::string text;
    TRY(view_.append_resource(stored, text));
    TRY(document_.parse(text));
    TRY(patch.apply(document_));
    json::write(*document_.root(), plan.made);
    plan.seen = stored.row.header.version;
    return {};
  }

  Status check_is_what_is_named(const Change& change, Plan& plan, const json::Node& root) {
    if (!root.is_object()) {
      return invalid("a resource must be a JSON object", "", "expected an object");
    }
    std::string expected(fhir::type_name(change.type));
    if (root.string("resourceType") != expected) {
      return invalid("the resource is not of the type in the URL", "resourceType",
                     "expected " + expected);
    }
    std::string_view id = root.string("id");
    if (change.kind == Change::Kind::kCreate || (change.criteria && id.empty())) {
      return {};
    }
    if (!plan.stored && change.criteria) {
      return take_given_id(change.type, std::string(id), plan);
    }
    if (id != plan.resource.id.text()) {
      return invalid("the resource's id is not the one that is meant", "id",
                     change.criteria ? "leave it out, or send that of what meets the criteria"
                                     : "expected the id of the URL");
    }
    return {};
  }

  // The first change that is not built as R4 says is told of in full.
  Status check_structure(const Change& change, Plan& plan, const json::Node& root) {
    fhir::check_structure(root, report_);
    if (report_.issues.empty()) {
      return {};
    }
    // Nobody has sent what a patch makes. An author that was filled in stands last: all else is
    // where it was.
    if (change.kind != Change::Kind::kPatch) {
      fhir::locate_issues(change.body, report_);
    }
    std::string type(fhir::type_name(change.type));
    for (fhir::StructureIssue& issue : report_.issues) {
      issue.position.line += issue.position.line > 0 ? change.line - 1 : 0;
      if (!change.where.empty() && issue.expression.starts_with(type)) {
        issue.expression.replace(0, type.size(), change.where + ".resource");
      }
    }
    if (handling_ == config::StructureHandling::kMark) {
      plan.warnings = fhir::outcome_issues(report_, fhir::Severity::kWarning);
      return {};
    }
    context_.issues = fhir::outcome_issues(report_, fhir::Severity::kError);
    return fail(ErrorCode::kInvalid, "the resource is not built as FHIR R4 says",
                {{"", "see each issue; nothing was written"}});
  }

  // What a reference leads to: another change, or something in the store.
  struct Named {
    std::optional<size_t> change;
    record::Located located;  // when it is no change
    record::ResourceKey resource;
    std::string text;  // Type/id, as it is stored
  };

  Result<std::optional<Named>> find(const Change& from, std::string_view reference) {
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
  std::optional<Named> named_sibling(size_t index) const {
    if (changes_[index].kind == Change::Kind::kDelete) {
      return std::nullopt;
    }
    const Plan& plan = plans_[index];
    record::ResourceKey resource{plan.resource.type, id_of(plan)};
    return Named{index, {}, resource, name_of(resource)};
  }

  // One alone must meet it: what it names is not guessed at.
  Result<std::optional<Named>> find_condition(const fhir::ParsedReference& parsed) {
    TRY(check_may_ask());
    TRY(auto parameters, http::parse_query(parsed.query));
    bool among_all = fhir::is_shared_type(*parsed.type);
    TRY(auto met, conditions_.look_up(
                      *parsed.type, among_all ? std::nullopt : std::optional(source_), parameters));
    if (!met) {
      return fail(ErrorCode::kPreconditionFailed, "nothing meets a conditional reference",
                  {{"", "send what it refers to first, or name it"}});
    }
    return std::optional(
        Named{std::nullopt, std::move(met->located), met->resource, name_of(met->resource)});
  }

  Result<std::optional<Named>> find_here(const fhir::ParsedReference& parsed) {
    if (is_here(parsed) && author_) {
      // SAFETY: whether it is there or not: whom authors name, they need not be allowed to see.
      std::string name = std::string(fhir::type_name(*parsed.type)) + "/" + std::string(parsed.id);
      return std::optional(Named{std::nullopt, {}, {}, std::move(name)});
    }
    return is_here(parsed) ? find_stored(parsed) : Result<std::optional<Named>>(std::nullopt);
  }

  // By fullUrl, which a relative reference completes with the base of the one that refers.
  std::optional<size_t> find_sibling(const Change& from,
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
  std::optional<size_t> find_given(const fhir::ParsedReference& parsed) const {
    auto found = is_here(parsed) ? by_given_id_.find({*parsed.type, std::string(parsed.id)})
                                 : by_given_id_.end();
    return found == by_given_id_.end() ? std::nullopt : std::optional(found->second);
  }

  bool is_here(const fhir::ParsedReference& parsed) const {
    return parsed.kind == fhir::ReferenceKind::kRelative ||
           (parsed.kind == fhir::ReferenceKind::kAbsolute &&
            parsed.base == context_.region.base_url);
  }

  Result<std::optional<Named>> find_stored(const fhir::ParsedReference& parsed) {
    auto named = [&parsed](record::Located located) {
      record::ResourceKey resource{*parsed.type, located.id};
      std::string text = name_of(resource);
      return std::optional(
          Named{std::nullopt, std::move(located), std::move(resource), std::move(text)});
    };
    if (auto id = record::ResourceId::parse(parsed.id)) {
      auto located = view_.locate({*parsed.type, *id});
      if (located) {
        return named(std::move(*located));
      }
      return located.error().code == ErrorCode::kNotFound
                 ? Result<std::optional<Named>>(std::nullopt)
                 : fail(located.error());
    }
    // By the source's own id, as its feeds name it, or as it was given.
    TRY(auto located,
        view_.find(*parsed.type, minter_.hash(source_name_, *parsed.type, parsed.id)));
    return located && located->source == source_ ? named(std::move(*located))
                                                 : std::optional<Named>();
  }

  static std::string name_of(const record::ResourceKey& resource) {
    return std::string(fhir::type_name(resource.type)) + "/" + resource.id.text();
  }
  // Known once the home is.
  static record::ResourceId id_of(const Plan& plan) {
    return plan.stored ? plan.stored->id
                       : record::ResourceId{plan.home.value_or(Ord()).bucket(),
                                            plan.resource.id.hash, plan.resource.id.given};
  }

  Result<Ord> home_of(size_t index, size_t depth) {
    Plan& plan = plans_[index];
    const Change& change = changes_[index];
    if (plan.home) {
      return *plan.home;
    }
    bool stays = change.kind == Change::Kind::kDelete || change.type == fhir::kPatientType;
    if (plan.stored && (plan.keeps || stays)) {
      return plan.stored->key.ord;
    }
    if (!plan.changes) {
      return Ord::shared();  // nothing is stored
    }
    if (author_) {
      return patient_of_author(change, plan);
    }
    if (change.type == fhir::kPatientType) {
      const record::IdHash& hash = plan.resource.id.hash;
      return makes_places_ ? context_.store.place_patient(source_, hash, plan.own_id)
                           : a_place_to_be(hash);
    }
    if (fhir::is_shared_type(change.type)) {
      return Ord::shared();
    }
    plan.also_about.clear();
    std::optional<Ord> home;
    for (const std::string& reference : plan.candidates) {
      TRY(auto named, find(change, reference));
      if (home) {
        TRY(auto patient, patient_itself(named));
        add_also_about(patient, *home, plan);
      } else if (!is_for_everyone(named)) {
        TRY(home, patient_of(named, depth));
      }
    }
    if (plan.also_about.size() >= record::kPlacesMax) {
      return fail(ErrorCode::kTooLarge, "the resource is about too many patients",
                  {{"", "at most " + std::to_string(record::kPlacesMax)}});
    }
    const Ord place = plan.stored ? plan.stored->key.ord : Ord::quarantine(source_);
    // It stays with whom it is about still, in whatever order they are named.
    auto still = std::find(plan.also_about.begin(), plan.also_about.end(), place);
    if (home && still != plan.also_about.end()) {
      std::swap(*home, *still);
    }
    // What names nobody stays where it is.
    return home.value_or(place);
  }

  fhir::TypeNumber type_of(const Named& named) const {
    return named.change ? changes_[*named.change].type : named.located.key.type;
  }

  // A URN doesn't say what it names: when that is for everyone, the next candidate counts.
  bool is_for_everyone(const std::optional<Named>& named) const {
    return named && fhir::is_shared_type(type_of(*named));
  }

  // The patient that a reference leads to, itself or by what it names first in turn. One chain, of
  // bounded length.
  Result<Ord> patient_of(const std::optional<Named>& named, size_t depth) {
    // SAFETY: what is about a Group is not about the first of its members.
    static const fhir::TypeNumber group = *fhir::type_number("Group");
    if (!named || type_of(*named) == group || depth == kHomeDepthMax) {
      return unknown_patient();
    }
    Ord ord;
    if (named->change) {
      TRY(ord, home_of(*named->change, depth + 1));
    } else if (named->located.source == source_) {
      ord = named->located.key.ord;
    }
    return ord.is_patient() ? Result<Ord>(ord) : unknown_patient();
  }

  // The same when it names a Patient of this source directly; others concern nobody else.
  Result<std::optional<Ord>> patient_itself(const std::optional<Named>& named) {
    if (!named || type_of(*named) != fhir::kPatientType) {
      return std::optional<Ord>();
    }
    if (!named->change && named->located.source != source_) {
      return std::optional<Ord>();
    }
    TRY(Ord ord, patient_of(named, 0));
    return std::optional(ord);
  }

  static void add_also_about(std::optional<Ord> patient, Ord home, Plan& plan) {
    auto& known = plan.also_about;
    if (patient && *patient != home &&
        std::find(known.begin(), known.end(), *patient) == known.end()) {
      known.push_back(*patient);
    }
  }

  // Stands for the place that a new patient will get.
  static Ord a_place_to_be(const record::IdHash& patient) {
    return Ord::patient(record::IdMinter::bucket_of(patient), UINT32_MAX);
  }

  Status prepare(size_t index) {
    const Change& change = changes_[index];
    Plan& plan = plans_[index];
    PreparedChange& out = out_.changes[index];
    out.type = change.type;
    out.is_deletion = change.kind == Change::Kind::kDelete;
    if (!plan.changes) {
      return {};
    }
    plan.resource.id = id_of(plan);
    out.id = plan.resource.id.text();
    if (plan.keeps) {
      return keep(plan, out);
    }
    out.item = out_.items.size();
    record::Prepared& item = out_.items.emplace_back();
    record::Draft draft;
    draft.resource = plan.resource;
    draft.ord = *plan.home;
    draft.source = source_;
    draft.own_id = plan.own_id;
    std::string match;
    if (!out.is_deletion) {
      TRY(document_.parse(body_of(change, plan)));
      json::Node& root = *document_.root();
      TRY(rewrite_links(change, root));
      TRY(record::canonicalise(document_, root, out.id, source_name_, out.canonical,
                               {.has_structure_faults = !plan.warnings.empty()}));
      out.warnings = std::move(plan.warnings);
      if (change.type == fhir::kPatientType) {
        TRY(check_is_same_person(plan, root));
        match = identity::exact_match(root).key;
      }
      draft.canonical = &out.canonical;
      draft.tree = &root;
      draft.match = match;
      draft.also_about = plan.also_about;
    }
    TRY(context_.store.prepare(draft, item));
    out.is_new = item.previous_version == 0 || item.previous_deleted;
    TRY(check_condition(change, item));
    // SAFETY: the store may be further than what was looked at: a patch would undo what came
    // between, and who the patient is would not have been compared with it.
    bool is_late = plan.seen && *plan.seen != item.previous_version;
    if (item.unchanged) {
      TRY(auto versions, view_.versions(item.key));
      is_late = is_late || versions.empty() ||
                versions.front().row.header.version != item.previous_version;
      out.unchanged = is_late ? record::RowHeader() : versions.front().row.header;
    }
    if (is_late) {
      return fail(ErrorCode::kBusy, "others write the same: try again");
    }
    if (bodies_ == Bodies::kDrop) {
      out.canonical = {};
    }
    return context_.visit.note_written(item, rule_of(item));
  }

  // Of authors with the policy's rule that lets them see the person.
  std::string rule_of(const record::Prepared& item) const {
    if (!author_) {
      return std::string(rule_);
    }
    auto seen_by = context_.visit.may_author(item.key.ord, item.key.type);
    return std::string(rule_) + "/" + std::string(seen_by.value_or(""));
  }

  // The caller gets what is there: it is read as others read it.
  Status keep(const Plan& plan, PreparedChange& out) {
    TRY(record::StoredItem stored, context_.visit.read(plan.stored->key));
    out.unchanged = stored.row.header;
    return bodies_ == Bodies::kKeep ? context_.visit.append_resource(stored, out.found)
                                    : context_.visit.note_shown(stored);
  }

  Status rewrite_links(const Change& change, json::Node& root) {
    return fhir::relink(
        document_, root,
        [&](fhir::LinkKind kind, std::string_view link) -> Result<std::optional<std::string>> {
          std::optional<Named> named;
          if (kind == fhir::LinkKind::kReference) {
            TRY(named, find(change, link));
          } else if (auto sibling = by_full_url_.find(std::string(link));
                     sibling != by_full_url_.end()) {
            named = named_sibling(sibling->second);
          }
          return named && named->text != link ? std::optional(named->text) : std::nullopt;
        });
  }

  // Each has an entry in the ledger.
  Status check_persons() const {
    size_t persons = 0;
    for (const record::Prepared& item : out_.items) {
      persons += 1 + item.copies.size();
    }
    if (persons > ledger::kPersonsMax) {
      return fail(ErrorCode::kTooLarge, "the write is about too many patients at once",
                  {{"", "send it in several parts"}});
    }
    return {};
  }

  // What one entry makes because there is none, another must not make too.
  Status check_siblings() const {
    std::vector<const record::Prepared*> items;
    for (const PreparedChange& change : out_.changes) {
      items.push_back(change.item ? &out_.items[*change.item] : nullptr);
    }
    auto clash = conditions_.find_clash(items);
    if (!clash) {
      return {};
    }
    return invalid("another entry is what this one's criteria say is not there",
                   changes_[clash->maker].where,
                   "leave one out: the other is " + changes_[clash->other].where);
  }

  // SAFETY: also with what was there before a deletion: the rest of the record is there still.
  Status check_is_same_person(Plan& plan, const json::Node& root) {
    if (!plan.stored) {
      return {};
    }
    TRY(auto versions, view_.versions(plan.stored->key));
    auto last = std::find_if(versions.begin(), versions.end(), [](const record::StoredItem& item) {
      return !item.row.header.deleted;
    });
    if (last == versions.end()) {
      return {};
    }
    plan.seen = versions.front().row.header.version;
    std::string body;
    TRY(view_.open_canonical(*last, body));
    json::Document document;
    TRY(document.parse(body));
    if (identity::are_other_people(identity::person_facts(*document.root()),
                                   identity::person_facts(root))) {
      return fail(ErrorCode::kConflict,
                  "the Patient there has another birth date and no identifier in common: this may "
                  "be another person",
                  {{"", "send another person as a new Patient"}});
    }
    return {};
  }

  static Status check_condition(const Change& change, const record::Prepared& item) {
    bool is_there = item.previous_version > 0 && !item.previous_deleted;
    auto version = is_there ? std::optional(item.previous_version) : std::nullopt;
    if (!change.condition || change.condition(version)) {
      return {};
    }
    return fail(ErrorCode::kPreconditionFailed,
                "the resource is not of a version that If-Match or If-None-Match lets change",
                {{"If-Match", "read it again, and change that version"}});
  }

  const WriteContext& context_;
  std::span<const Change> changes_;
  Bodies bodies_;
  const record::View& view_;
  record::IdMinter minter_;
  std::string source_name_;
  std::string_view rule_;
  record::SourceNumber source_ = 0;
  Conditions conditions_;
  std::vector<Plan> plans_;
  std::optional<Author> author_;  // of staff and citizens, who write in their own name
  config::StructureHandling handling_ = config::StructureHandling::kRefuse;
  bool makes_places_ = false;
  std::unordered_map<std::string, size_t> by_full_url_;
  std::map<std::pair<fhir::TypeNumber, std::string>, size_t> by_given_id_;  // of what is made
  std::map<std::pair<fhir::TypeNumber, record::IdHash>, bool> named_;  // and whether it is kept
  json::Document document_;
  fhir::StructureReport report_;
  PreparedWrite out_;
};

}  // namespace

const record::RowHeader* PreparedWrite::header(size_t index) const {
  const PreparedChange& change = changes[index];
  return change.unchanged ? &*change.unchanged
         : change.item    ? &items[*change.item].header
                          : nullptr;
}

Result<PreparedWrite> prepare_write(const WriteContext& context, std::span<const Change> changes,
                                    Bodies bodies) {
  return Writer(context, changes, bodies).run();
}

}  // namespace continuum::service
