#include "record/kv/kv_store.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "fhir/care_events.h"
#include "fhir/search_parameters.h"
#include "json/document.h"
#include "kv/memory_store.h"
#include "record/body.h"
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/kv/rocks_options.h"
#include "record/limits.h"
#include "rocks/rocks_store.h"

namespace continuum::record {
namespace {

std::string u64_value(uint64_t number) {
  std::string value;
  put_u64(value, number);
  return value;
}

bool is_source_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= kSourceNameMax &&
         std::all_of(name.begin(), name.end(), allowed);
}

// Whether a stored version is kept with the patients that the draft is about.
bool is_about_the_same(const Draft& draft, const StoredItem& stored) {
  std::set<Ord> now(draft.also_about.begin(), draft.also_about.end());
  std::set<Ord> before;
  for (const ItemPlace& place : places_of(stored.row)) {
    before.insert(place.ord);
  }
  before.erase(stored.key.ord);
  return now == before;
}

auto put_into(kv::Batch& batch) {
  return [&batch](FamilyNumber family, std::string_view key, std::string_view value) {
    batch.put(family, key, value);
  };
}

Status extract_index(const ItemKey& key, SourceNumber source, std::string_view body,
                     IndexEntries& out) {
  json::Document document;
  TRY(document.parse(body));
  out.add_resource(key, source, *document.root());
  return {};
}

}  // namespace

Status KvStore::open_log(const kv::Snapshot& snapshot, DamagedLedger damaged) {
  auto log = ledger::Log::open(snapshot, kLedgerFamilies);
  if (!log && damaged == DamagedLedger::kReadOnly && log.error().code == ErrorCode::kCorrupt) {
    ledger_damage_ = fail(log.error());
    return {};
  }
  TRY(log_, std::move(log));
  return {};
}

Status KvStore::open(DamagedLedger damaged) {
  auto view = kv_view();
  const kv::Snapshot& snapshot = view->snapshot();
  std::string format;
  TRY(bool exists, snapshot.get(kMeta, kMetaFormat, format));
  if (!exists) {
    kv::Batch batch;
    std::string value;
    put_u32(value, kStoreFormat);
    batch.put(kMeta, kMetaFormat, value);
    batch.put(kMeta, kMetaDefinitions, fhir::definitions_fingerprint());
    TRY(open_log(snapshot, damaged));
    return kv_->commit(batch, kv::Durability::kSynced);
  }
  TRY(uint32_t number, ByteReader(format).u32());
  if (number > kStoreFormat) {
    return fail(ErrorCode::kUnsupported,
                "the store has format " + std::to_string(number) + ", this program knows up to " +
                    std::to_string(kStoreFormat) + ": use a newer program");
  }
  if (number < kStoreFormat) {
    return fail(ErrorCode::kUnsupported,
                "the store has format " + std::to_string(number) +
                    ", of a program that was never released: load the data into a new store");
  }
  std::string definitions;
  TRY(bool defined, snapshot.get(kMeta, kMetaDefinitions, definitions));
  if (!defined || definitions != fhir::definitions_fingerprint()) {
    return fail(ErrorCode::kUnsupported,
                "the store was made with other FHIR definitions than this program was built with");
  }
  TRY(open_log(snapshot, damaged));
  TRY(last_t_, read_counter(snapshot, kMetaT));
  TRY(last_person_, read_counter(snapshot, kMetaPerson));
  std::string instant;
  TRY(bool timed, snapshot.get(kTimes, t_key(last_t_), instant));
  if (timed) {
    TRY(last_instant_, decode_instant(instant));
  }
  return {};
}

Status KvStore::use_temporary_folder(FileSystem& files, const std::string& folder) {
  TRY(files.make_directories(folder));
  TRY(auto names, files.list(folder));
  for (const std::string& name : names) {
    TRY(files.remove(folder + "/" + name));
  }
  std::string key = SecureRandom().bytes(temporary_.key.size());
  std::copy(key.begin(), key.end(), temporary_.key.begin());
  temporary_.files = &files;
  temporary_.folder = folder;
  return {};
}

Result<SourceNumber> KvStore::register_source(std::string_view name) {
  if (!is_source_name(name)) {
    return fail(ErrorCode::kInvalid, "not a source name: expected 1 to 40 of a-z, 0-9 and hyphen");
  }
  std::lock_guard lock(places_mutex_);
  auto view = kv_view();
  std::string value;
  TRY(bool known, view->snapshot().get(kMeta, meta_source_key(name), value));
  if (known) {
    return ByteReader(value).u16();
  }
  TRY(auto all, view->sources());
  if (all.size() >= kSourcesMax) {
    return fail(ErrorCode::kTooLarge, "the store has as many sources as it can hold");
  }
  auto number = static_cast<SourceNumber>(all.size() + 1);
  kv::Batch batch;
  put_u16(value = {}, number);
  batch.put(kMeta, meta_source_key(name), value);
  batch.put(kMeta, meta_source_name_key(number), name);
  TRY(kv_->commit(batch, kv::Durability::kSynced));
  return number;
}

IdMinter KvStore::id_minter() const {
  return IdMinter(keys_->purpose_key(Purpose::kIds));
}

crypto::Key KvStore::page_token_key() const {
  return keys_->purpose_key(Purpose::kPageTokens);
}

Result<Ord> KvStore::place_patient(SourceNumber source, const IdHash& patient,
                                   std::string_view own_id) {
  std::lock_guard lock(places_mutex_);
  if (auto found = placed_.find(patient); found != placed_.end()) {
    return found->second;
  }
  uint16_t bucket = IdMinter::bucket_of(patient);
  auto view = kv_view();
  auto located = view->locate({fhir::kPatientType, {bucket, patient}});
  if (located) {
    placed_.emplace(patient, located->key.ord);
    return located->key.ord;
  }
  if (located.error().code != ErrorCode::kNotFound) {
    return fail(located.error());
  }
  TRY(load_bucket(bucket));
  Ord ord = Ord::patient(bucket, next_local_[bucket]++);
  places_[ord.value()] = {source, kPatientItem + 1, patient, true, std::string(own_id), {}};
  placed_.emplace(patient, ord);
  return ord;
}

Status KvStore::load_bucket(uint16_t bucket) {
  if (next_local_.contains(bucket)) {
    return {};
  }
  std::string value;
  TRY(bool found, kv_->snapshot()->get(kMeta, meta_bucket_key(bucket), value));
  uint32_t next = kFirstPatientLocal;
  if (found) {
    TRY(next, ByteReader(value).u32());
  }
  next_local_[bucket] = next;
  return {};
}

Result<Place*> KvStore::place(Ord ord, SourceNumber source) {
  auto found = places_.find(ord.value());
  if (found != places_.end()) {
    return &found->second;
  }
  Place place;
  place.source = ord.is_shared() ? SourceNumber{0} : source;
  std::string value;
  TRY(bool stored, kv_->snapshot()->get(kDirectory, ord_row_key(ord), value));
  if (stored) {
    TRY(OrdRow row, decode_ord_row(value));
    place = {row.source, row.next_item, row.patient, false, {}, std::move(row.patient_given_id)};
  }
  return &places_.emplace(ord.value(), std::move(place)).first->second;
}

Result<ItemNumber> KvStore::reserve_item(Ord ord, fhir::TypeNumber type, SourceNumber source) {
  if (ord.is_patient() && type == fhir::kPatientType) {
    return kPatientItem;
  }
  std::lock_guard lock(places_mutex_);
  TRY(Place * at, place(ord, source));
  // SAFETY: who cares for a patient is told by the patient's own source alone, whoever else writes.
  if (ord.is_patient() && at->source != source && fhir::may_tell_of_care(type)) {
    return fail(ErrorCode::kInvalid, "who cares for a patient is told by another source");
  }
  if (at->next_item == UINT32_MAX) {
    return fail(ErrorCode::kTooLarge, "a record holds as many items as it can");
  }
  return at->next_item++;
}

void KvStore::write_place(Ord ord, const Place& place, const PutRow& put) const {
  put(kDirectory, ord_row_key(ord),
      encode_ord_row({place.source, place.next_item, place.patient, place.patient_given_id}));
  if (!ord.is_patient() || !place.is_new) {
    return;
  }
  put(kDirectory, directory_key(fhir::kPatientType, place.patient),
      encode_directory_row({ord.bucket(), ord, kPatientItem, place.source, place.patient_own_id,
                            !place.patient_given_id.empty()}));
  std::string next;
  put_u32(next, next_local_.at(ord.bucket()));
  put(kMeta, meta_bucket_key(ord.bucket()), next);
}

Status KvStore::prepare(const Draft& draft, Prepared& out) {
  out.id = draft.resource.id;
  out.source = draft.source;
  out.own_id = draft.own_id;
  out.create = true;
  out.moved_from.reset();
  out.unchanged = false;
  out.deletion = draft.canonical == nullptr;
  out.previous_version = 0;
  out.previous_deleted = false;
  out.previous_t = 0;
  out.header = RowHeader();
  out.header.source = draft.source;
  out.header.deleted = out.deletion;
  out.sealed.clear();
  out.index.clear();
  out.superseded.clear();
  out.superseded_row.clear();
  out.match.reset();
  out.copies.clear();
  out.places.clear();
  if (draft.resource.type == fhir::kPatientType) {
    out.match = std::string(draft.match);
  }

  std::unique_ptr<KvView> view;
  std::optional<Located> located;
  if (!draft.is_absent) {
    view = kv_view();
    TRY(located, view->find(draft.resource.type, draft.resource.id.hash));
  }
  if (located) {
    return prepare_known(draft, *view, *located, out);
  }
  if (out.deletion) {
    return fail(ErrorCode::kNotFound, "there is no such resource to delete");
  }
  out.key.ord = draft.ord;
  out.key.type = draft.resource.type;
  TRY(out.key.item, reserve_item(draft.ord, draft.resource.type, draft.source));
  return prepare_content(draft, nullptr, {}, out);
}

// Seals the new version for its home and every patient it is about besides.
Status KvStore::prepare_content(const Draft& draft, const KvView* view, const Before& before,
                                Prepared& out) {
  if (!out.deletion) {
    out.header.dictionary = kCurrentDictionary;
    out.header.splice_offset = draft.canonical->splice_offset;
    out.header.body_size = static_cast<uint32_t>(draft.canonical->body.size());
    out.header.body_digest = draft.canonical->digest;
    seal_body(keys_->data_key_or_new(out.key.ord), out.key, draft.canonical->body, out.sealed);
    out.index.add_resource(out.key, draft.source, *draft.tree);
  }
  return prepare_copies(draft, view, before, out);
}

Status KvStore::prepare_copies(const Draft& draft, const KvView* view, const Before& before,
                               Prepared& out) {
  CHECK(draft.also_about.size() < kPlacesMax);
  std::vector<ItemPlace> former;
  if (before.item != nullptr && !before.item->row.places.empty()) {
    former = places_of(before.item->row);
    former.erase(former.begin());  // the home
  }
  for (Ord ord : draft.also_about) {
    Prepared::Copy& copy = out.copies.emplace_back();
    copy.key = {ord, out.key.type, 0};
    auto known = std::find_if(former.begin(), former.end(),
                              [ord](const ItemPlace& place) { return place.ord == ord; });
    if (known != former.end()) {
      copy.key.item = known->item;
      former.erase(known);
      TRY(supersede_copy(*view, before, copy));
    } else {
      TRY(copy.key.item, reserve_item(ord, out.key.type, draft.source));
    }
    seal_body(keys_->data_key_or_new(ord), copy.key, draft.canonical->body, copy.sealed);
    copy.index.add_resource(copy.key, draft.source, *draft.tree);
  }
  if (!out.copies.empty()) {
    out.places.push_back({out.key.ord, out.key.item});
    for (const Prepared::Copy& copy : out.copies) {
      out.places.push_back({copy.key.ord, copy.key.item});
    }
  }
  for (const ItemPlace& place : former) {
    Prepared::Copy& copy = out.copies.emplace_back();
    copy.key = {place.ord, out.key.type, place.item};
    copy.leaves = true;
    TRY(supersede_copy(*view, before, copy));
  }
  return {};
}

Status KvStore::supersede_copy(const KvView& view, const Before& before, Prepared::Copy& copy) {
  TRY(auto current, view.find_current(copy.key));
  if (!current) {
    return fail(ErrorCode::kCorrupt, "a resource is not with all the patients it is kept with");
  }
  copy.previous_t = current->row.header.t;
  copy.superseded_row = current->bytes;
  return extract_index(copy.key, before.item->row.header.source, before.body, copy.superseded);
}

// The id is known: compares, and takes along what the new version supersedes.
Status KvStore::prepare_known(const Draft& draft, const KvView& view, const Located& located,
                              Prepared& out) {
  if (located.id != draft.resource.id) {
    return fail(ErrorCode::kConflict, "the resource is known by another id");
  }
  bool moves = located.key.ord != draft.ord;
  if (moves && draft.resource.type == fhir::kPatientType) {
    return fail(ErrorCode::kInvalid, "a Patient is always its own");
  }
  out.key = located.key;
  TRY(auto versions, view.versions(located.key));
  const StoredItem* newest = versions.empty() ? nullptr : &versions.front();
  if (newest != nullptr) {
    out.previous_version = newest->row.header.version;
    out.previous_t = newest->row.header.t;
    out.previous_deleted = newest->row.header.deleted;
  }
  if (out.deletion && newest == nullptr) {
    return fail(ErrorCode::kNotFound, "there is no such resource to delete");
  }
  out.create = false;
  bool same = newest != nullptr &&
              (out.deletion ? out.previous_deleted
                            : !out.previous_deleted && is_about_the_same(draft, *newest) &&
                                  newest->row.header.body_digest == draft.canonical->digest);
  out.unchanged = same && !moves;
  if (out.unchanged) {
    return {};
  }
  Before before;
  if (newest != nullptr && !out.previous_deleted) {
    before.item = newest;
    TRY(view.open_canonical(*newest, before.body));
    TRY(extract_index(located.key, newest->row.header.source, before.body, out.superseded));
    out.superseded_row = newest->bytes;
  }
  if (moves && !out.deletion) {
    out.moved_from = located.key;
    out.key.ord = draft.ord;
    out.create = true;
    TRY(out.key.item, reserve_item(draft.ord, draft.resource.type, draft.source));
  }
  return prepare_content(draft, &view, before, out);
}

Result<uint64_t> KvStore::append_ledger(std::span<const ledger::Append> entries) {
  CHECK(!entries.empty());
  TRY(CommitResult result, commit({}, entries, {}));
  return *result.ledger_number;
}

void KvStore::append_ledger(std::vector<ledger::Append> entries, Appended done) {
  CHECK(!entries.empty());
  queue_.begin(std::move(entries), std::move(done));
}

Result<CommitResult> KvStore::commit(std::span<Prepared> items,
                                     std::span<const ledger::Append> entries,
                                     std::span<const Condition> conditions) {
  if (items.size() > kCommitItemsMax) {
    return fail(ErrorCode::kTooLarge,
                "a commit has more than " + std::to_string(kCommitItemsMax) + " resources");
  }
  if (items.empty()) {
    return queue_.commit(items, entries, conditions);
  }
  if (!gate_.enter()) {
    return fail(ErrorCode::kBusy, "a record is being erased: try again in a moment");
  }
  auto result = queue_.commit(items, entries, conditions);
  gate_.leave();
  return result;
}

Instant KvStore::next_instant() {
  return std::max(clock_.now(), last_instant_);
}

void KvStore::commit_group(std::span<CommitQueue::Commit* const> commits) {
  if (!ledger_damage_) {
    for (CommitQueue::Commit* commit : commits) {
      commit->result = fail(ledger_damage_.error());
    }
    return;
  }
  Group group;
  bool looks_back = std::any_of(commits.begin(), commits.end(), [](const auto* commit) {
    return !commit->items.empty() || !commit->conditions.empty();
  });
  if (looks_back) {
    group.before = kv_view();
  }
  group.t = last_t_;
  group.person = last_person_;
  group.instant = next_instant();
  for (CommitQueue::Commit* commit : commits) {
    commit->result = add_to_group(*commit, group);
    if (commit->result && !commit->entries.empty()) {
      add_entries(*commit, group);
    }
  }
  if (group.batch.empty()) {
    return;
  }
  if (group.t != last_t_) {
    group.batch.put(kMeta, kMetaT, u64_value(group.t));
    group.batch.put(kMeta, kMetaPerson, u64_value(group.person));
  }
  Status written = keys_->sync();
  if (written) {
    written = kv_->commit(group.batch, kv::Durability::kSynced);
  }
  if (!written) {
    // What could not be written is as if it had never been asked for. An engine that cannot tell
    // what its disk holds now refuses everything until it is opened anew.
    log_->abandon();
    for (CommitQueue::Commit* commit : commits) {
      if (commit->result) {
        commit->result = fail(written.error());
      }
    }
    return;
  }
  log_->confirm();
  if (group.t == last_t_) {
    return;  // the ledger alone
  }
  last_t_ = group.t;
  last_person_ = group.person;
  last_instant_ = group.instant;
  note_changed(group);
  erased_.merge(group.erased);
  std::lock_guard lock(places_mutex_);
  for (Ord ord : group.placed) {
    places_.at(ord.value()).is_new = false;
  }
  for (auto& [ord, id] : group.given_ids) {
    if (auto at = places_.find(ord.value()); at != places_.end()) {
      at->second.patient_given_id = std::move(id);
    }
  }
}

void KvStore::add_entries(CommitQueue::Commit& commit, Group& group) {
  commit.result->ledger_number = log_->stage(
      commit.entries, [&group](kv::Family family, std::string_view key, std::string_view value) {
        group.batch.put(family, key, value);
      });
}

Result<CommitResult> KvStore::add_to_group(const CommitQueue::Commit& commit, Group& group) {
  return commit.rewriting != nullptr ? add_rewriting(*commit.rewriting, group)
                                     : add_items(commit.items, commit.conditions, group);
}

Result<CommitResult> KvStore::add_rewriting(const CommitQueue::Rewriting& rewriting, Group& group) {
  if (rewriting.as_of != group.t) {
    return fail(ErrorCode::kConflict, "something was stored meanwhile");
  }
  for (const kv::Batch::Entry& entry : rewriting.rows.entries()) {
    if (entry.removes) {
      group.batch.remove(entry.family, rewriting.rows.key(entry));
    } else {
      group.batch.put(entry.family, rewriting.rows.key(entry), rewriting.rows.value(entry));
    }
  }
  group.is_rewritten = true;
  if (rewriting.erased) {
    group.erased.insert(*rewriting.erased);
  }
  CommitResult result;
  result.t = ++group.t;
  group.batch.put(kTimes, t_key(result.t), encode_instant(group.instant));
  return result;
}

namespace {

// What a condition may be about.
std::pair<fhir::TypeNumber, SourceNumber> kind_of(const Prepared& item) {
  return {item.key.type, item.key.ord.is_shared() ? SourceNumber{0} : item.source};
}

}  // namespace

// All that can fail comes before the first change of the group: others' commits are in it.
Result<CommitResult> KvStore::add_items(std::span<Prepared> items,
                                        std::span<const Condition> conditions, Group& group) {
  if (group.is_rewritten && (!items.empty() || !conditions.empty())) {
    return fail(ErrorCode::kConflict, "a record was erased meanwhile");
  }
  std::set<std::string> touched;
  std::vector<std::optional<LinkBefore>> links;
  for (const Prepared& item : items) {
    TRY(check_unchanged(item, group));
    if (!touched.insert(directory_key(item.key.type, item.id.hash)).second) {
      return fail(ErrorCode::kInvalid, "a commit holds the same resource twice");
    }
    TRY(auto link, read_link(item, group));
    links.push_back(std::move(link));
  }
  for (const Condition& condition : conditions) {
    TRY(check_condition(condition, group));
  }
  CommitResult result;
  std::vector<Change> changes;
  T t = group.t + 1;
  for (Prepared& item : items) {
    if (item.unchanged) {
      ++result.unchanged;
      continue;
    }
    item.header.version = item.previous_version + 1;
    item.header.t = t;
    item.header.instant = group.instant;
    const uint32_t version = item.header.version;
    const SourceNumber source = item.header.source;
    changes.push_back({item.key, version, item.deletion, source});
    if (item.moved_from && !item.previous_deleted) {
      changes.push_back({*item.moved_from, version, true, source});
    }
    for (const Prepared::Copy& copy : item.copies) {
      changes.push_back({copy.key, version, item.deletion || copy.leaves, source});
    }
    ++(item.deletion                ? result.deleted
       : item.previous_version == 0 ? result.created
                                    : result.updated);
  }
  if (changes.empty()) {
    return result;
  }
  group.t = t;
  result.t = t;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].unchanged) {
      write_item(items[i], group);
      group.staged.add(items[i]);
      group.changed.insert(kind_of(items[i]));
      group.touched.insert(directory_key(items[i].key.type, items[i].id.hash));
      if (!items[i].id.given.empty()) {
        group.touched.insert(given_id_key(items[i].key.type, items[i].id.given));
      }
    }
    if (links[i]) {
      write_link(items[i], *links[i], t, group);
    }
  }
  write_changes(t, changes, put_into(group.batch));
  group.batch.put(kTimes, t_key(t), encode_instant(group.instant));
  return result;
}

// Another commit, of this group or before it, may have come between prepare and now.
void KvStore::note_changed(const Group& group) {
  for (const auto& kind : group.changed) {
    changed_t_[kind] = group.t;
  }
  if (group.is_rewritten) {
    all_changed_t_ = group.t;
  }
}

// It was looked up in a view: again, when anything that could meet it was stored since, and among
// what this group stores.
Status KvStore::check_condition(const Condition& condition, Group& group) const {
  const Criteria& criteria = condition.criteria;
  auto last_change = [&](SourceNumber source) {
    auto changed = changed_t_.find({criteria.type, source});
    return changed == changed_t_.end() ? T{0} : changed->second;
  };
  // What is shared counts as of no source, whoever brought it.
  T last = std::max({all_changed_t_, last_change(0), last_change(criteria.source.value_or(0))});
  bool holds = true;
  if (last > condition.as_of) {
    TRY(auto found, group.before->find_matching(criteria, 2));
    holds = condition.match ? found == std::vector{*condition.match} : found.empty();
  }
  bool is_touched = condition.match && group.staged.contains(*condition.match);
  if (!holds || is_touched || !group.staged.meeting(criteria).empty()) {
    return fail(ErrorCode::kConflict, "what a condition is about was changed meanwhile");
  }
  return {};
}

Status KvStore::check_unchanged(const Prepared& item, const Group& group) const {
  auto conflict = [] {
    return fail(ErrorCode::kConflict, "the resource was changed by another writer meanwhile");
  };
  std::string directory = directory_key(item.key.type, item.id.hash);
  if (group.touched.contains(directory)) {
    return conflict();
  }
  bool is_erased =
      std::any_of(item.copies.begin(), item.copies.end(),
                  [this](const auto& copy) { return erased_.contains(copy.key.ord); }) ||
      (item.moved_from && erased_.contains(item.moved_from->ord));
  if (is_erased || erased_.contains(item.key.ord)) {
    return conflict();
  }
  bool is_patient = item.key.type == fhir::kPatientType && item.key.ord.is_patient();
  const bool is_first = item.create && !item.moved_from;
  std::string unused;
  if (is_first && !is_patient) {  // a Patient's place is there before it
    TRY(bool taken, group.before->snapshot().get(kDirectory, directory, unused));
    if (taken) {
      return conflict();
    }
  }
  if (is_first && !item.id.given.empty()) {
    std::string given = given_id_key(item.key.type, item.id.given);
    TRY(bool taken, group.before->snapshot().get(kDirectory, given, unused));
    if (taken || group.touched.contains(given)) {
      return conflict();
    }
  }
  const ItemKey& was = item.moved_from ? *item.moved_from : item.key;
  TRY(auto newest, group.before->find_current(was));
  if (!newest) {
    TRY(newest, group.before->find_newest_history(was));
  }
  if ((newest ? newest->row.header.t : 0) != item.previous_t) {
    return conflict();
  }
  return {};
}

namespace {

// Moves the row of `key` to history, and its index rows out.
void supersede(const ItemKey& key, const IndexEntries& index, std::string_view row, T t,
               kv::Batch& batch) {
  for (const auto& entry : index.entries()) {
    batch.remove(entry.family, index.key(entry));
  }
  if (!row.empty()) {
    batch.put(kHistory, history_key(key, t), row);
    batch.remove(kCurrent, current_key(key));
  }
}

}  // namespace

void KvStore::write_item(const Prepared& item, Group& group) {
  kv::Batch& batch = group.batch;
  const ItemKey& was = item.moved_from ? *item.moved_from : item.key;
  supersede(was, item.superseded, item.superseded_row, item.previous_t, batch);
  if (item.moved_from && !item.previous_deleted) {
    RowHeader end = item.header;
    end.moved = true;
    write_end(was, end, {}, put_into(batch));
  }
  if (item.key.type == fhir::kPatientType && !item.id.given.empty()) {
    group.given_ids[item.key.ord] = item.id.given;
  }
  write_place_of(item.key.ord, group);
  write_item_rows(item, item.header, put_into(batch));
  for (const Prepared::Copy& copy : item.copies) {
    supersede(copy.key, copy.superseded, copy.superseded_row, copy.previous_t, batch);
    write_copy_rows(item, copy, item.header, put_into(batch));
    write_place_of(copy.key.ord, group);
  }
}

void KvStore::write_place_of(Ord ord, Group& group) {
  std::lock_guard lock(places_mutex_);
  auto at = places_.find(ord.value());
  if (at != places_.end()) {
    Place place = at->second;
    if (auto given = group.given_ids.find(ord); given != group.given_ids.end()) {
      place.patient_given_id = given->second;
    }
    write_place(ord, place, put_into(group.batch));
    group.placed.insert(ord);
  }
}

Result<std::optional<KvStore::LinkBefore>> KvStore::read_link(const Prepared& item,
                                                              const Group& group) const {
  std::optional<LinkBefore> out;
  if (!item.match || item.deletion || item.unchanged || !item.key.ord.is_patient()) {
    return out;
  }
  LinkBefore before;
  TRY(before.link, group.before->link_of(item.key.ord));
  if (before.link && before.link->match == *item.match) {
    return out;
  }
  if (!item.match->empty()) {
    TRY(before.matching, group.before->person_matching(*item.match));
  }
  out = std::move(before);
  return out;
}

// A Patient whose NHS number or birth date changed leaves its person and joins another, or stands
// alone.
void KvStore::write_link(const Prepared& item, const LinkBefore& before, T t, Group& group) {
  PatientLink link;
  link.match = *item.match;
  if (link.match.empty()) {
    link.person = ++group.person;
  } else {
    link.method = LinkMethod::kNhsNumberAndBirthDate;
    auto [found, is_first] = group.matches.try_emplace(link.match, 0);
    if (is_first) {
      found->second = before.matching ? *before.matching : ++group.person;
      group.batch.put(kLinks, match_key(link.match), encode_person(found->second));
    }
    link.person = found->second;
  }
  Ord ord = item.key.ord;
  if (before.link && before.link->person != link.person) {
    group.batch.put(kLinks, membership_key({before.link->person, ord, t}), encode_joined(false));
  }
  group.batch.put(kLinks, patient_link_key(ord, t), encode_patient_link(link));
  group.batch.put(kLinks, membership_key({link.person, ord, t}), encode_joined(true));
}

void KvStore::forget_places() {
  std::lock_guard lock(places_mutex_);
  places_.clear();
  placed_.clear();
}

Status KvStore::record_arrival(SourceNumber source, const Arrival& arrival,
                               std::span<const FileDigest> files,
                               std::span<const Refusal> refusals) {
  std::lock_guard lock(arrivals_mutex_);
  auto view = kv_view();
  kv::Batch batch;
  TRY(auto known, view->refusals(source, SIZE_MAX));
  const std::set<FileDigest> replaced(files.begin(), files.end());
  size_t kept = 0;
  for (const Refusal& refusal : known) {
    if (replaced.contains(refusal.file)) {
      batch.remove(kMeta, refusal_key(refusal));
    } else {
      ++kept;
    }
  }
  for (const Refusal& refusal : refusals) {
    if (kept++ < kLoadRefusalsKept) {
      batch.put(kMeta, refusal_key(refusal), encode_refusal(refusal));
    }
  }
  Arrival counted = arrival;
  counted.refused = kept;
  batch.put(kMeta, meta_arrival_key(source), encode_arrival(counted));
  return kv_->commit(batch, kv::Durability::kSynced);
}

Sizes KvStore::sizes() {
  Sizes sizes;
  for (kv::Family family = 0; family < kFamilyCount; ++family) {
    auto size = kv_->family_size(family);
    sizes.families.push_back({kFamilyNames[family], size.bytes, size.keys});
  }
  return sizes;
}

namespace {

const Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const StoreOptions& options) {
  FileSystem& files = options.files != nullptr ? *options.files : posix_files();
  std::string keys_folder =
      options.keys_folder.empty() ? options.data_folder + ".keys" : options.keys_folder;
  bool keys_are_gone = !files.exists(keys_folder + "/keys.log");
  if (options.engine == Engine::kRocks && keys_are_gone &&
      store_exists(files, options.data_folder)) {
    return fail(ErrorCode::kUnavailable, "the key store of this data folder is not there",
                {{keys_folder, "bring back its keys.log: without it nothing can be read"}});
  }
  std::unique_ptr<kv::Store> kv;
  std::unique_ptr<KeyStore> keys;
  if (options.engine == Engine::kMemory) {
    kv = kv::make_memory_store(kFamilyCount);
    TRY(keys, KeyStore::open(files, keys_folder, options.region_key));
  } else {
    // SAFETY: the data folder's lock guards the key store too. Read before it is held, the keys
    // would lack those that another process is adding, and cutting off the end would lose them.
    TRY(auto file_key, KeyStore::peek(files, keys_folder, options.region_key, Purpose::kFiles));
    if (!file_key) {
      TRY(keys, KeyStore::open(files, keys_folder, options.region_key));
      file_key = keys->purpose_key(Purpose::kFiles);
    }
    TRY(kv, rocks::open_store(rocks_options(options, *file_key)));
    if (keys == nullptr) {
      TRY(keys, KeyStore::open(files, keys_folder, options.region_key));
    }
  }
  auto store = std::make_unique<KvStore>(
      std::move(kv), std::move(keys), options.clock != nullptr ? *options.clock : system_clock());
  TRY(store->open(options.damaged_ledger));
  TRY(store->bring_up_to(files, erasure_list_path(keys_folder)));
  if (options.engine == Engine::kRocks) {
    TRY(store->use_temporary_folder(files, options.data_folder + "/temporary"));
    TRY(store->use_moment_folder(files, options.data_folder + "/moment"));
  }
  return store;
}

std::string erasure_list_path(const std::string& keys_folder) {
  return keys_folder + ".erasures";
}

bool store_exists(FileSystem& files, const std::string& data_folder) {
  return files.exists(data_folder + "/CURRENT");
}

}  // namespace continuum::record
