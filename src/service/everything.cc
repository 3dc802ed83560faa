#include "service/everything.h"

#include <algorithm>

#include "service/bundle.h"
#include "service/clinical_period.h"
#include "service/page_token.h"
#include "service/person_fingerprint.h"
#include "service/provenance.h"
#include "service/read.h"
#include "service/record_outcome.h"

namespace continuum::service {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;

// The t asked for; nothing: as it is.
Result<std::optional<record::T>> asked_t(access::Visit& view, const EverythingQuery& query) {
  if (!query.as_of) {
    return std::optional<record::T>();
  }
  if (const auto* t = std::get_if<record::T>(&*query.as_of)) {
    if (*t > view.stable_t()) {
      return fail(ErrorCode::kInvalid, "the record has not reached that t yet",
                  {{"_asOf", "the last one is t:" + std::to_string(view.stable_t())}});
    }
    return std::optional<record::T>(*t);
  }
  // SAFETY: instants are told by the millisecond (to_fhir_instant) and kept by the microsecond. A
  // version's own lastUpdated must find that version, not the one before: the millisecond counts
  // whole.
  Instant instant = std::get<Instant>(*query.as_of);
  bool is_whole = instant.micros % kMicrosPerMilli == 0;
  TRY(record::T t, view.t_at({instant.micros + (is_whole ? kMicrosPerMilli - 1 : 0)}));
  return std::optional<record::T>(t);
}

// kGone when the Patient is deleted as of t. One that has not arrived (yet) is no obstacle: what
// arrived without it is still part of the record.
Status check_not_deleted(access::Visit& view, const record::ItemKey& patient,
                         std::optional<record::T> as_of) {
  if (!as_of) {
    auto item = view.read(patient);
    return item || item.error().code == ErrorCode::kNotFound ? Status() : fail(item.error());
  }
  auto versions = view.versions(patient);
  if (!versions) {
    return versions.error().code == ErrorCode::kNotFound ? Status() : fail(versions.error());
  }
  for (const record::StoredItem& version : *versions) {
    if (version.row.header.t <= *as_of) {
      return version.row.header.deleted ? fail(ErrorCode::kGone, "the resource was deleted")
                                        : Status();
    }
  }
  return {};
}

// One answer being gathered: all of it, or a page.
class Gathering {
 public:
  Gathering(const Context& context, const EverythingQuery& query, const PageRequest& page,
            std::optional<record::T> as_of, const std::optional<PageToken>& resume,
            const record::Person& person)
      : context_(context),
        query_(query),
        page_(page),
        as_of_(as_of),
        resume_(resume),
        person_(person),
        period_(query.from, query.before,
                as_of || context.view.is_replay() ? ClinicalPeriod::Versions::kAny
                                                  : ClinicalPeriod::Versions::kCurrent),
        bundle_(context, "searchset"),
        provenances_(context),
        all_provenances_(std::find(query.types.begin(), query.types.end(), provenance_type()) !=
                         query.types.end()) {}

  BundleWriter& bundle() { return bundle_; }

  Status add_source_patient(record::Ord ord) {
    if (full_ && resume_) {
      return {};
    }
    if (resume_ && ord < resume_->last.ord) {
      return {};
    }
    if (!period_.is_open()) {
      TRY(period_.read_dates(context_.view, ord));
    }
    record::ScanOptions options{.types = query_.types, .as_of = as_of_, .after = std::nullopt};
    if (resume_ && ord == resume_->last.ord) {
      options.after = resume_->last;
    }
    return context_.view.scan(ord, options,
                              [this](const record::StoredItem& item) { return add_item(item); });
  }

  Result<Answer> finish(const Address& address, record::T t, uint64_t members) && {
    uint64_t total = resume_ ? resume_->total : matched_;
    std::optional<PageToken> next;
    if (full_ && shown_ > 0) {
      next = PageToken{.t = t, .last = last_, .total = total, .members = members};
    }
    return std::move(bundle_).finish(address, total, next);
  }

 private:
  // False ends the scan: a later page stops when it is full, the first goes on to count.
  Result<bool> add_item(const record::StoredItem& item) {
    if (!is_shown_here(item)) {
      return true;
    }
    if (query_.since && item.row.header.instant < *query_.since) {
      return true;
    }
    if (!period_.is_open()) {
      TRY(bool inside, period_.has(context_.view, item));
      if (!inside) {
        return true;
      }
    }
    ++matched_;
    if (page_.size && shown_ == *page_.size) {
      full_ = true;
      return !resume_.has_value();
    }
    TRY(std::string id, bundle_.add_match(item));
    TRY(add_provenance(item, id));
    ++shown_;
    last_ = item.key;
    return true;
  }

  // What a feed brought says in its meta where it came from; more is told when it is asked for.
  Status add_provenance(const record::StoredItem& item, std::string_view id) {
    bool is_wanted = all_provenances_ && item.key.type != provenance_type();
    if (!is_wanted && query_.types.empty()) {
      TRY(is_wanted, provenances_.is_authors(item.row.header.source));
    }
    if (!is_wanted) {
      return {};
    }
    TRY(auto made, provenances_.make(item, id));
    return made ? bundle_.add_included("Provenance/" + made->id, made->body) : Status();
  }

  // What is kept with several source patients of this person is shown with the first of them.
  bool is_shown_here(const record::StoredItem& item) const {
    for (const record::ItemPlace& place : record::places_of(item.row)) {
      bool is_member =
          std::any_of(person_.members.begin(), person_.members.end(),
                      [&](const record::SourcePatient& member) { return member.ord == place.ord; });
      if (is_member) {
        return place.ord == item.key.ord;
      }
    }
    return true;
  }

  const Context& context_;
  const EverythingQuery& query_;
  const PageRequest& page_;
  std::optional<record::T> as_of_;
  const std::optional<PageToken>& resume_;
  const record::Person& person_;
  ClinicalPeriod period_;
  BundleWriter bundle_;
  Provenances provenances_;
  bool all_provenances_;
  uint64_t matched_ = 0;
  uint32_t shown_ = 0;
  bool full_ = false;  // something matched that this page does not hold
  record::ItemKey last_;
};

}  // namespace

Result<Answer> everything(const Context& context, const EverythingQuery& query,
                          const Address& address, const PageRequest& page) {
  access::Visit& view = context.view;
  TRY(record::Located patient, locate(view, {fhir::kPatientType, query.patient}));
  // SAFETY: before anything of the question is judged: what is wrong with it must not tell that
  // there is somebody to ask about.
  TRY(record::Person person, view.person_of(patient.key.ord));
  TRY(auto as_of, asked_t(view, query));
  std::optional<PageToken> resume;
  if (page.token) {
    PageSeal seal{context.page_token_key, context.principal, address};
    TRY(resume, open_page_token(seal, *page.token));
    as_of = resume->t;
  }
  TRY(check_not_deleted(view, patient.key, as_of));

  TRY(uint64_t members, fingerprint(person));
  // SAFETY: items of a source patient who left would be missing from the pages to come, unsaid.
  if (resume && resume->members != members) {
    return fail(ErrorCode::kConflict,
                "who is joined with this patient has changed since the first page: start again");
  }

  record::T t = as_of.value_or(view.stable_t());
  if (t == view.stable_t()) {
    as_of.reset();  // the same, and quicker
  }
  Gathering gathering(context, query, page, as_of, resume, person);
  TRY(gathering.bundle().as_at(t));
  TRY(std::string outcome,
      record_outcome(context, person, query.from || query.before ? Period::kByDate : Period::kAll));
  TRY(gathering.bundle().add_outcome(outcome));
  for (const record::SourcePatient& member : person.members) {
    TRY(gathering.add_source_patient(member.ord));
  }
  return std::move(gathering).finish(address, t, members);
}

}  // namespace continuum::service
