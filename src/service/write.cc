#include "service/write.h"

#include <algorithm>

#include "fhir/home.h"
#include "fhir/links.h"
#include "fhir/structure.h"
#include "identity/exact_match.h"
#include "json/document.h"
#include "json/patch.h"
#include "json/writer.h"
#include "ledger/limits.h"
#include "service/write_homes.h"

namespace continuum::service {
namespace {

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
        writing_(context, changes),
        names_(writing_),
        homes_(writing_, names_) {}

  Result<PreparedWrite> run() {
    if (changes_.empty()) {
      return std::move(out_);
    }
    TRY(for_each([this](size_t i) { return admit(changes_[i]); }));
    TRY(writing_.source, source_number());
    handling_ = structure_handling();
    TRY(for_each([this](size_t i) { return plan(changes_[i], writing_.plans[i], i); }));
    TRY(for_each([this](size_t i) { return homes_.try_home(i); }));
    TRY(for_each([this](size_t i) { return homes_.find_home(i); }));
    if (writing_.author) {
      TRY(writing_.source, context_.store.register_source(writing_.source_name));
    }
    out_.changes.resize(changes_.size());
    out_.items.reserve(changes_.size());
    TRY(for_each([this](size_t i) { return prepare(i); }));
    TRY(check_persons());
    TRY(check_siblings());
    out_.conditions = names_.conditions().take();
    return std::move(out_);
  }

 private:
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
      return source.name == writing_.source_name;
    });
    return found == sources.end() ? config::StructureHandling::kRefuse : found->structure;
  }

  // The first write of a source registers it; that of authors does when all is allowed.
  Result<record::SourceNumber> source_number() {
    if (writing_.author) {
      TRY(auto written, view_.source_number(writing_.source_name));
      return written.value_or(0);
    }
    auto known = context_.visit.source();
    return known ? Result<record::SourceNumber>(*known)
                 : context_.store.register_source(writing_.source_name);
  }

  Status admit(const Change& change) {
    const access::Visit& visit = context_.visit;
    TRY(access::MayWrite may, access::may_write(visit.principal(), visit.scope(), change.type));
    writing_.source_name = std::move(may.source);
    rule_ = may.rule;
    return {};
  }

  // First look: which resource it is, and whom it names.
  Status plan(const Change& change, ChangePlan& plan, size_t index) {
    TRY(names_.find_target(change, plan, index));
    if (change.kind == Change::Kind::kPatch) {
      TRY(patch(change, plan));
    }
    if (change.kind != Change::Kind::kDelete) {
      TRY(parse(change, plan, index));
      const json::Node& root = *document_.root();
      TRY(check_is_what_is_named(change, plan, root));
      if (writing_.author) {  // first: R4 wants an author of some types, which is filled in
        TRY(check_author(change, plan, *document_.root()));
      }
      TRY(check_structure(change, plan, root));
      fhir::patient_candidates(change.type, root, [&plan](std::string_view reference) {
        plan.candidates.emplace_back(reference);
      });
    }
    return names_.add(change, plan, index);
  }

  // What is written in somebody's own name names one patient, and them as its author.
  Status check_author(const Change& change, ChangePlan& plan, json::Node& root) {
    plan.patient = patient_named(change.type, root, context_.region.base_url).value_or("");
    TRY(Filled filled,
        complete(*writing_.author, {change.type, plan.patient, context_.region.base_url}, document_,
                 root));
    if (filled == Filled::kAuthor) {
      plan.made.clear();
      json::write(root, plan.made);
    }
    return {};
  }

  static std::string_view body_of(const Change& change, const ChangePlan& plan) {
    return plan.made.empty() ? change.body : plan.made;
  }

  // Into document_, where it may be still.
  Status parse(const Change& change, const ChangePlan& plan, size_t index) {
    if (parsed_ != index) {
      parsed_.reset();
      TRY(document_.parse(body_of(change, plan)));
      parsed_ = index;
    }
    return {};
  }

  // The resource as its readers have it, patched.
  Status patch(const Change& change, ChangePlan& plan) {
    TRY(json::Patch patch, json::Patch::parse(change.body));
    TRY(record::StoredItem stored, view_.read(plan.stored->key));
    std::string text;
    TRY(view_.append_resource(stored, text));
    parsed_.reset();
    TRY(document_.parse(text));
    TRY(patch.apply(document_));
    json::write(*document_.root(), plan.made);
    plan.seen = stored.row.header.version;
    return {};
  }

  Status check_is_what_is_named(const Change& change, ChangePlan& plan, const json::Node& root) {
    if (!root.is_object()) {
      return invalid_write("a resource must be a JSON object", "", "expected an object");
    }
    std::string expected(fhir::type_name(change.type));
    if (root.string("resourceType") != expected) {
      return invalid_write("the resource is not of the type in the URL", "resourceType",
                           "expected " + expected);
    }
    std::string_view id = root.string("id");
    if (change.kind == Change::Kind::kCreate || (change.criteria && id.empty())) {
      return {};
    }
    if (!plan.stored && change.criteria) {
      return names_.take_given_id(change.type, std::string(id), plan);
    }
    if (id != plan.resource.id.text()) {
      return invalid_write("the resource's id is not the one that is meant", "id",
                           change.criteria ? "leave it out, or send that of what meets the criteria"
                                           : "expected the id of the URL");
    }
    return {};
  }

  // The first change that is not built as R4 says is told of in full.
  Status check_structure(const Change& change, ChangePlan& plan, const json::Node& root) {
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

  Status prepare(size_t index) {
    const Change& change = changes_[index];
    ChangePlan& plan = writing_.plans[index];
    PreparedChange& out = out_.changes[index];
    out.type = change.type;
    out.is_deletion = change.kind == Change::Kind::kDelete;
    if (!plan.changes) {
      return {};
    }
    plan.resource.id = plan.id();
    out.id = plan.resource.id.text();
    if (plan.keeps) {
      return keep(plan, out);
    }
    out.item = out_.items.size();
    record::Prepared& item = out_.items.emplace_back();
    record::Draft draft;
    draft.resource = plan.resource;
    draft.ord = *plan.home;
    draft.source = writing_.source;
    draft.own_id = plan.own_id;
    std::string match;
    if (!out.is_deletion) {
      TRY(parse(change, plan, index));
      json::Node& root = *document_.root();
      TRY(rewrite_links(change, root));
      TRY(record::canonicalise(document_, root, out.id, writing_.source_name, out.canonical,
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
    if (!writing_.author) {
      return std::string(rule_);
    }
    auto seen_by = context_.visit.may_author(item.key.ord, item.key.type);
    return std::string(rule_) + "/" + std::string(seen_by.value_or(""));
  }

  // The caller gets what is there: it is read as others read it.
  Status keep(const ChangePlan& plan, PreparedChange& out) {
    TRY(record::StoredItem stored, context_.visit.read(plan.stored->key));
    out.unchanged = stored.row.header;
    return bodies_ == Bodies::kKeep ? context_.visit.append_resource(stored, out.found)
                                    : context_.visit.note_shown(stored);
  }

  Status rewrite_links(const Change& change, json::Node& root) {
    return fhir::relink(
        document_, root,
        [&](fhir::LinkKind kind, std::string_view link) -> Result<std::optional<std::string>> {
          std::optional<WriteNames::Named> named;
          if (kind == fhir::LinkKind::kReference) {
            TRY(named, names_.find(change, link));
          } else {
            named = names_.find_by_full_url(link);
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
    auto clash = names_.conditions().find_clash(items);
    if (!clash) {
      return {};
    }
    return invalid_write("another entry is what this one's criteria say is not there",
                         changes_[clash->maker].where,
                         "leave one out: the other is " + changes_[clash->other].where);
  }

  // SAFETY: also with what was there before a deletion: the rest of the record is there still.
  Status check_is_same_person(ChangePlan& plan, const json::Node& root) {
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
  Writing writing_;
  WriteNames names_;
  WriteHomes homes_;
  std::string_view rule_;
  config::StructureHandling handling_ = config::StructureHandling::kRefuse;
  json::Document document_;
  std::optional<size_t> parsed_;  // whose body document_ holds
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
