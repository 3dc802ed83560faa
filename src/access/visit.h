// One request's way through the door: everything a service reads of the record store it reads here,
// and sees only what the caller may see.
//
// A Visit decides each item by the caller's Scope and the facts of its place, remembers what was
// shown, what was withheld and who was named, and is closed by Door, which writes it all down
// before anything leaves.
//
// SAFETY: what is refused and what is not there give the same error; so does what waits in
// quarantine, except to the system that sent it. A body can be had from append_resource only, which
// decides once more and notes the item: there is no way to show what is not in the ledger.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/legitimate_relationships.h"
#include "access/policy.h"
#include "access/principal.h"
#include "access/scope.h"
#include "ledger/entry.h"
#include "ledger/log.h"
#include "record/store.h"

namespace continuum::access {

// What was asked, for the ledger. Texts over kQueryBytesMax are kept as their digest.
struct Request {
  std::string interaction;  // "read", "everything"...
  std::string method;
  std::string path;
  std::string query;
  std::string form;
  // Header fields that changed the answer, by name.
  std::vector<std::pair<std::string, std::string>> fields;
};

// Who is asking, with what the region says of them.
struct Caller {
  Principal principal;
  Organisation organisation;                   // of staff; empty for others
  std::optional<record::SourceNumber> source;  // of systems, when it ever sent anything
};

// Of a citizen with their own record, in the ledger.
inline constexpr std::string_view kSelfRelationship = "self";

// One thread at a time. Must not outlive the store.
class Visit {
 public:
  Visit(std::unique_ptr<record::View> view, Caller caller, const Policy& policy, Request request,
        Instant now, std::optional<record::T> as_of = std::nullopt,
        OwnOrganisations* remembered = nullptr);

  const Principal& principal() const { return caller_.principal; }
  const Scope& scope() const { return scope_; }
  // Of a system, once its source has sent anything.
  std::optional<record::SourceNumber> source() const { return caller_.source; }
  // The commit everything is of: the last, or that of the answer being replayed.
  record::T stable_t() const { return as_of_.value_or(view_->stable_t()); }
  bool is_replay() const { return as_of_.has_value(); }

  // As of record::View, with these in addition. Items in the answer of a function are allowed to
  // the caller; kNotFound is also what is refused. Where something is, locate() tells whoever asks:
  // it is for the services alone, which tell nothing of it before they have read it here.
  Result<record::Located> locate(const record::ResourceKey& resource);
  // The same, by the hash alone.
  Result<record::Located> locate(fhir::TypeNumber type, const record::IdHash& hash);
  // Where it is and was, with patients: now first.
  Result<std::vector<record::ItemKey>> places_of(const record::Located& located) const;
  // Where that version of it is, if it ever was.
  Result<record::ItemKey> place_of_version(const record::Located& located, uint32_t version) const;
  Result<record::StoredItem> read(const record::ItemKey& item);
  Result<record::StoredItem> read_version(const record::ItemKey& item, uint32_t version);
  Result<std::vector<record::StoredItem>> versions(const record::ItemKey& item);
  Result<record::StoredItem> read_version_of(const record::VersionKey& version);
  // As versions(), of one item, one by one and without their bodies being kept.
  Status scan_versions(const record::ItemKey& item, const record::ScanVisitor& visit);
  // Of all items in the range.
  Status scan_versions(const record::VersionRange& range, const record::ScanVisitor& visit);
  // The version that a change of the caller's own source made. Nothing: it is refused, or a copy
  // (told with its home), or the end of what goes on elsewhere, or the past, in quarantine, of what
  // had left it by commit `t`.
  Result<std::optional<record::StoredItem>> read_change(const record::VersionKey& version,
                                                        record::T t);
  Status scan(record::Ord ord, const record::ScanOptions& options,
              const record::ScanVisitor& visit);
  Result<std::vector<record::StoredItem>> find_token(fhir::TypeNumber type,
                                                     std::string_view parameter,
                                                     std::string_view system, std::string_view code,
                                                     size_t count_max);
  // kNotFound when the caller may see nothing of the person.
  Result<record::Person> person_of(record::Ord ord);
  // Of a citizen: who they are; with nobody in it when nobody is known by their number and birth
  // date.
  Result<record::Person> own_person();
  // Who shares the person's NHS number and is not joined. What may be told of each is to be asked.
  Result<std::vector<record::SourcePatient>> apart_from(const record::Person& person) const {
    return view_->apart_from(person.members.front().ord, as_of_);
  }
  // Appends the resource and notes that it was shown.
  Status append_resource(const record::StoredItem& item, std::string& out);
  // Whether a resource of another type that is made of the item may be seen where the item is. What
  // is told of it is to be noted (note_told).
  Result<bool> may_see_made(const record::StoredItem& item, fhir::TypeNumber type);
  // Notes that the item was shown without its body: the caller holds it already.
  Status note_shown(const record::StoredItem& item);

  // Staff and citizens: the policy's rule that lets them see items of that type of the person, so
  // that they may write them; of citizens it must be themselves. Lives as long as the visit.
  // kNotFound and a note when they may not.
  Result<std::string_view> may_author(record::Ord ord, fhir::TypeNumber type);
  // Whether that Patient was sent by a source of the caller's organisation; noted as told of.
  // kNotFound and a note when it was not: then it is not there.
  Status may_erase(const record::Located& patient);
  // Notes what is about to be stored: who writes it knows it. To be committed with this visit
  // (Door::commit), or not at all. `rule`: that allowed it.
  Status note_written(const record::Prepared& item, std::string_view rule);

  // Replay only: the source patients that the answer told of, where find_token looks.
  void look_among(std::vector<record::Ord> candidates) { candidates_ = std::move(candidates); }

  // Notes that so many facts of a type were told of a person that are no items of their record.
  void note_told(record::Ord ord, fhir::TypeNumber type, uint64_t count);

  // What the caller's own source changed. Nothing when it never sent anything.
  Status scan_changes(const record::ChangesQuery& query, const record::ChangeVisitor& visit) const;
  // These tell nothing of a person: they are of items that were given here.
  Result<std::optional<record::RowHeader>> version_before(const record::VersionKey& version) const {
    return view_->version_before(version);
  }
  Result<std::optional<record::RowHeader>> version_after(const record::VersionKey& version) const {
    return view_->version_after(version);
  }
  Result<record::ResourceId> id_of(const record::StoredItem& item) const {
    return view_->id_of(item);
  }
  Status scan_timeline(record::Ord ord, const std::function<bool(const record::Dated&)>& visit) {
    return view_->scan_timeline(ord, visit);
  }
  Result<std::optional<Instant>> clinical_date(const record::StoredItem& item) {
    return view_->clinical_date(item);
  }
  Result<record::T> t_at(Instant instant) const { return view_->t_at(instant); }
  Result<Instant> instant_of(record::T t) const { return view_->instant_of(t); }
  Result<std::vector<record::SourceStatus>> sources() const { return view_->sources(); }
  Result<std::vector<record::Refusal>> refusals(record::SourceNumber source,
                                                size_t count_max) const {
    return view_->refusals(source, count_max);
  }
  // kForbidden when the policy denies this caller the parameter, whatever it would find.
  Status check_search(fhir::TypeNumber type, std::string_view parameter) const;
  // Whether anything of a source patient may be seen.
  Result<bool> may_see_anything_of(record::Ord ord);
  // For services that write, where access::may_write decides, and for those that read the ledger
  // itself: who looked at whom.
  const record::View& whole_view() const { return *view_; }

  // The request names one resource or person that is not there (to the caller, perhaps).
  void note_absent() { named_absent_ = true; }
  // The answer is an error: nothing that was noted as shown leaves.
  void show_nothing();

  // What there is to write down so far.
  struct Summary {
    std::vector<ledger::PersonPart> persons;  // in the order of their entries
    crypto::Digest manifest{};                // of the request
  };
  Summary summary() const;
  uint64_t shown() const { return shown_; }
  uint64_t withheld() const { return withheld_; }

 private:
  friend class Door;

  // What is known of a place, and why.
  struct Standing {
    PlaceFacts facts;
    std::string relationship;                // the kind, for the ledger; empty for none
    record::Ord first;                       // of the person's source patients
    std::shared_ptr<record::Person> person;  // shared: by the standings of all its members
  };
  // What happened to one source patient.
  struct Note {
    ledger::PersonPart part;
    std::string manifest;                                      // its bytes, not yet hashed
    std::vector<std::pair<fhir::TypeNumber, uint64_t>> types;  // with counts, by first mention
    bool told = false;                                         // something, be it no item
  };

  // `source`: whose patient that is, when it is known.
  using KnownSource = std::optional<record::SourceNumber>;
  Result<const Standing*> standing_of(record::Ord ord, KnownSource source = std::nullopt);
  Status make_standings(record::Ord ord, KnownSource source);
  Result<bool> settle_by_own_patient(record::Ord ord, KnownSource source, Standing& standing);
  Status make_standings_of_person(record::Ord ord);
  struct Judgement {
    Decision decision;
    const Standing* standing;  // of the place that decided
  };
  Result<Judgement> judge(const record::StoredItem& item) { return judge(item, item.key.type); }
  Result<Judgement> judge(const record::StoredItem& item, fhir::TypeNumber type);
  PlaceFacts facts_of(const Standing& standing, const record::StoredItem& item) const;
  // kNotFound and a note when refused.
  Status allow(const record::StoredItem& item);
  Note& note_of(record::Ord ord);
  void refuse(record::Ord named, const Standing& standing, std::string_view rule);
  void note_gone(const record::StoredItem& item);
  Result<record::StoredItem> read_found(const record::ItemKey& item);
  static void count(Note& note, fhir::TypeNumber type, uint64_t more);
  Result<std::optional<record::PersonNumber>> self();
  Result<bool> has_left_quarantine(const record::StoredItem& item, record::T t) const;
  Result<std::optional<record::StoredItem>> version_as_of(const record::ItemKey& item);
  Result<record::Located> located_as_of(Result<std::optional<record::Located>> found);
  Result<std::vector<record::ItemKey>> find_among_candidates(std::string_view system,
                                                             std::string_view code);

  std::unique_ptr<record::View> view_;
  Caller caller_;
  Policy policy_;
  Scope scope_;
  Request request_;
  Instant now_;
  std::optional<record::T> as_of_;
  std::vector<record::Ord> candidates_;
  LegitimateRelationships relationships_;
  std::optional<std::optional<record::PersonNumber>> self_;  // of citizens, once looked up
  // PERF: items of a record come in runs of one source patient: the last ones are kept at hand.
  std::unordered_map<uint64_t, Standing> standings_;
  std::pair<uint64_t, const Standing*> last_standing_{0, nullptr};
  std::vector<Note> notes_;  // by first mention
  std::unordered_map<uint64_t, size_t> note_at_;
  std::pair<uint64_t, size_t> last_note_{0, SIZE_MAX};
  std::unordered_map<uint64_t, record::Ord> refused_;  // by the first source patient of the person
  std::string shared_manifest_;
  uint64_t shown_ = 0;
  uint64_t withheld_ = 0;
  bool named_absent_ = false;
};

}  // namespace continuum::access
