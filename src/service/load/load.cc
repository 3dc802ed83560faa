#include "service/load/load.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "crypto/digest.h"
#include "fhir/reference.h"
#include "identity/exact_match.h"
#include "json/writer.h"
#include "service/load/limits.h"

namespace continuum::service {
namespace {

using record::Canonical;
using record::Draft;
using record::Prepared;

// One version of a resource that comes several times in one load.
struct RepeatedVersion {
  OccurrenceIndex occurrence = 0;
  int64_t updated = INT64_MIN;
  OccurrenceIndex order = 0;  // where there are no times: as the versions came
  bool deletion = false;
  crypto::Digest digest{};
  std::string body;
  std::string own_id;
};

// What a patient can be linked by.
struct MatchNote {
  identity::MatchObstacle obstacle{};
  std::string id;  // of one that can't be
};

// A unit with what it was taken apart into.
struct OpenUnit {
  Unit unit;
  Parts parts;
};

// An entry on its way into the store.
struct Incoming {
  const Unit* unit = nullptr;
  const Entry* entry = nullptr;
  OccurrenceIndex index = 0;
  OccurrenceIndex order = 0;  // among the versions of one resource
};

// What a thread of the second pass owns.
struct Worker {
  explicit Worker(record::IdMinter own) : minter(std::move(own)) {}

  record::IdMinter minter;
  std::unique_ptr<record::View> view;
  json::Document document;
  Canonical canonical;

  // Of the unit at hand.
  std::vector<Prepared> prepared;  // the first `used` are in use
  size_t used = 0;
  std::vector<RepeatedVersion> versions;
  std::vector<record::Ord> also_about;     // of the entry at hand
  std::vector<OccurrenceIndex> same;       // ifNoneExist found another
  std::vector<OccurrenceIndex> unchanged;  // stored with another unit; or nothing there to delete
  uint64_t skipped = 0;
  std::vector<UnresolvedReference> unresolved;
  std::vector<MatchNote> matches;
  std::vector<OccurrenceIndex> claims;
  std::vector<record::Condition> conditions;              // beside writers
  Catalogue::Scope scope;                                 // where `resolved` holds
  std::unordered_map<std::string, std::string> resolved;  // empty text: names nothing
  std::unordered_map<std::string, std::string> searched;  // the same by identifier, in any scope

  void start_unit() {
    used = 0;
    versions.clear();
    same.clear();
    unchanged.clear();
    skipped = 0;
    unresolved.clear();
    matches.clear();
    claims.clear();
    conditions.clear();
    resolved.clear();
  }

  // Beside writers: what the next commit brings, and the units that it views.
  std::deque<OpenUnit> open;
  std::vector<Incoming> gathered;
  size_t gathered_bytes = 0;
};

// All versions of one resource that came, and how many of them are stored.
struct VersionLine {
  OccurrenceIndex leader = 0;
  std::vector<RepeatedVersion> versions;  // oldest first
  size_t done = 0;
};

class Load {
 public:
  Load(record::Store& store, FileSystem& files, const LoadOptions& options,
       const LoadProgressSink& progress, record::SourceNumber source)
      : store_(store),
        files_(files),
        options_(options),
        progress_(progress),
        source_(source),
        catalogue_(store, source, options.source, options.threads) {}

  Result<LoadReport> run() {
    TRY(report_.input, find_input_files(files_, options_.paths));
    TRY(mark_under_way());
    TRY(first_pass());
    TRY(catalogue_.finish());
    report_.refusals.insert(report_.refusals.end(), catalogue_.refusals().begin(),
                            catalogue_.refusals().end());
    TRY(second_pass());
    TRY(store_repeated());
    TRY(remember_arrival());
    sort_report();
    return std::move(report_);
  }

 private:
  // Runs `work(worker, unit)` for every unit on all threads, and `finish(worker)` at the end of
  // each. The first error stops all.
  template <typename MakeWorker, typename Work, typename Finish>
  Status for_each_unit(bool storing, const MakeWorker& make_worker, const Work& work,
                       const Finish& finish) {
    UnitReader reader(files_, report_.input);
    std::mutex read_mutex;
    std::mutex error_mutex;
    Status first_error;
    std::atomic<bool> failed{false};
    auto note = [&](const Status& done) {
      if (!done) {
        std::lock_guard lock(error_mutex);
        if (!failed.exchange(true)) {
          first_error = done;
        }
      }
    };
    auto run_thread = [&] {
      auto worker = make_worker();
      Unit unit;
      while (!failed) {
        {
          std::lock_guard lock(read_mutex);
          if (!reader.next(unit)) {
            break;
          }
          tell(storing, reader.position());
        }
        note(is_stopped() ? stopped() : work(*worker, unit));
      }
      if (!failed) {
        note(finish(*worker));
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < std::max(1U, options_.threads); ++i) {
      threads.emplace_back(run_thread);
    }
    run_thread();
    for (std::thread& thread : threads) {
      thread.join();
    }
    return first_error;
  }

  void tell(bool storing, uint64_t position) {
    if (progress_) {
      uint64_t total = report_.input.bytes;
      progress_({storing, position + (storing ? total : 0), total * 2, stored_.load()});
    }
  }

  bool is_stopped() const { return options_.stop != nullptr && options_.stop->load(); }
  static Status stopped() {
    return fail(ErrorCode::kCancelled,
                "the load was stopped: load again to go on; what is stored stays");
  }

  static uint32_t first_entry(const Parts& parts) {
    return parts.entries.empty() ? 0 : parts.entries.front().number;
  }

  Status first_pass() {
    struct Scanned {
      UnitScan scan;
      Catalogue::UnitPlace place;
    };
    std::map<uint32_t, Scanned> waiting;  // finished before an earlier unit
    uint32_t next = 0;
    std::mutex mutex;
    auto make = [&] { return std::make_unique<Scanner>(store_.id_minter(), options_.source); };
    return for_each_unit(
        false, make,
        [&](Scanner& scanner, Unit& unit) -> Status {
          Scanned scanned;
          scanned.place = {unit.file, unit.line};
          Result<Parts> parts = unit.status
                                    ? take_apart(unit.text)
                                    : Result<Parts>(tl::unexpected<Error>(unit.status.error()));
          if (parts) {
            scanned.place.first_entry = first_entry(*parts);
            scanned.place.atomic = parts->atomic;
            scanned.scan = scanner.scan(*parts, unit.file, unit.line);
          } else {
            scanned.scan.refusals.push_back({unit.file, unit.line, 0, {}, parts.error()});
          }
          std::lock_guard lock(mutex);
          waiting.emplace(unit.number, std::move(scanned));
          for (auto at = waiting.begin(); at != waiting.end() && at->first == next; ++next) {
            catalogue_.add(std::move(at->second.scan), at->second.place);
            at = waiting.erase(at);
          }
          return {};
        },
        [](Scanner&) { return Status(); });
  }

  Status second_pass() {
    auto make = [&] {
      auto worker = std::make_unique<Worker>(store_.id_minter());
      worker->view = store_.view();
      return worker;
    };
    if (options_.beside_writers) {
      return for_each_unit(
          true, make, [&](Worker& worker, Unit& unit) { return gather(worker, unit); },
          [&](Worker& worker) { return store_gathered(worker); });
    }
    TRY(bulk_, store_.begin_bulk_load({options_.batch_bytes, options_.put_aside_bytes}));
    auto store_whole = [&](Worker& worker, Unit& unit) -> Status {
      {
        std::shared_lock lock(storing_);
        Status stored = store_unit(worker, unit);
        if (!stored) {
          cut_short_ = true;  // SAFETY: half a unit may be in hand; nobody may write it out
          return stored;
        }
      }
      return make_room();
    };
    TRY(for_each_unit(true, make, store_whole, [](Worker&) { return Status(); }));
    TRY(write_out());
    bulk_.reset();
    return {};
  }

  Status make_room() {
    auto many_wait = [this] {
      return waiting_bytes_.load() >= std::min(kWaitingBytesMax, options_.batch_bytes);
    };
    if (!bulk_->is_full() && !many_wait()) {
      return {};
    }
    std::unique_lock lock(storing_);
    if (cut_short_) {
      return {};
    }
    if (many_wait()) {
      return write_out();
    }
    return bulk_->is_full() ? bulk_->make_room() : Status();
  }

  // Makes everything so far durable: new resources by bulk, changes to old ones by commits. Places
  // of patients whose turn is yet to come are known to the catalogue by their ords, and stay known
  // to the store.
  Status write_out() {
    TRY(bulk_->flush());
    for (auto& items : waiting_commits_) {
      TRY(commit(items));
    }
    waiting_commits_.clear();
    waiting_bytes_ = 0;
    return {};
  }

  Status commit(std::span<Prepared> items) {
    if (items.empty()) {
      return {};
    }
    TRY(auto result, store_.commit(items));
    static_cast<void>(result);
    return {};
  }

  static tl::unexpected<Error> file_changed() {
    return fail(ErrorCode::kConflict, "the input changed while it was loaded: load it again");
  }

  // The unit as the first pass took it apart; without entries when it could not be.
  Result<Parts> take_again(const Unit& unit) const {
    if (unit.number >= catalogue_.unit_count()) {
      return file_changed();
    }
    Catalogue::Scope scope = catalogue_.scope_of_unit(unit.number);
    Result<Parts> parts = unit.status ? take_apart(unit.text) : Result<Parts>(Parts());
    if (!parts) {
      parts = Parts();
    }
    if (parts->entries.size() != scope.end - scope.begin) {
      return file_changed();
    }
    return parts;
  }

  Incoming incoming(const Unit& unit, const Parts& parts, size_t entry) const {
    Catalogue::Scope scope = catalogue_.scope_of_unit(unit.number);
    auto index = static_cast<OccurrenceIndex>(scope.begin + entry);
    auto order = parts.newest_first ? static_cast<OccurrenceIndex>(scope.end - 1 - entry) : index;
    return {&unit, &parts.entries[entry], index, order};
  }

  // What is wrong with an entry was found in the first pass; here only the store can fail.
  Status store_unit(Worker& worker, const Unit& unit) {
    TRY(Parts parts, take_again(unit));
    worker.start_unit();
    // What is new throughout needs no commit of its own: it is taken in, whole, with all else.
    bool in_pieces =
        !parts.atomic || catalogue_.is_all_absent(catalogue_.scope_of_unit(unit.number));
    for (size_t i = 0; i < parts.entries.size(); ++i) {
      TRY(store_entry(worker, incoming(unit, parts, i)));
      if (in_pieces && worker.used >= kPreparedMax) {
        TRY(take_in(worker, parts.atomic));
      }
    }
    TRY(take_in(worker, parts.atomic));
    note_rest(worker);
    return {};
  }

  // Beside writers: entries are gathered for a commit of moderate size, which a unit that is taken
  // whole may exceed.
  Status gather(Worker& worker, Unit& unit) {
    const size_t bytes = unit.text.size();
    OpenUnit& open = worker.open.emplace_back();
    open.unit = std::move(unit);
    TRY(open.parts, take_again(open.unit));
    const size_t count = open.parts.entries.size();
    if (open.parts.atomic && worker.gathered.size() + count > kBesideEntriesMax) {
      TRY(store_gathered(worker));
    }
    for (size_t i = 0; i < count; ++i) {
      worker.gathered.push_back(incoming(open.unit, open.parts, i));
      if (!open.parts.atomic && worker.gathered.size() >= kBesideEntriesMax) {
        TRY(store_gathered(worker));
      }
    }
    worker.gathered_bytes += bytes;
    if (worker.gathered.size() >= kBesideEntriesMax || worker.gathered_bytes >= kBesideBytesMax) {
      TRY(store_gathered(worker));
    }
    if (count == 0) {
      worker.open.pop_back();
    }
    // The input is not kept: a unit stays only as long as entries of it wait, and the last one.
    CHECK(worker.open.size() <= worker.gathered.size() + 1);
    return {};
  }

  // Again when another writer was first: what they wrote is then seen.
  Status store_gathered(Worker& worker) {
    for (int tries = 0; tries < kBesideTriesMax; ++tries) {
      TRY(bool stored, try_to_store(worker));
      if (stored) {
        worker.gathered.clear();
        worker.gathered_bytes = 0;
        while (worker.open.size() > 1) {  // the last one may have entries that are yet to come
          worker.open.pop_front();
        }
        return {};
      }
      unclaim(worker);
    }
    return overtaken();
  }

  static tl::unexpected<Error> overtaken() {
    return fail(ErrorCode::kConflict,
                "another writer changed what this load brings, while it ran: load again to go on; "
                "what is stored stays");
  }

  // False: another writer was first, and nothing is stored.
  Result<bool> try_to_store(Worker& worker) {
    worker.start_unit();
    worker.view = store_.view();
    for (const Incoming& in : worker.gathered) {
      TRY(store_entry(worker, in));
    }
    for (record::Condition& condition : worker.conditions) {
      TRY(auto found, worker.view->find_matching(condition.criteria, 1));
      if (!found.empty()) {
        return false;
      }
      condition.as_of = worker.view->stable_t();
    }
    std::span<Prepared> items(worker.prepared.data(), worker.used);
    // SAFETY: a load moves nothing but what had no home. What an author moved since the first pass
    // is refused by name the next time.
    bool moves = std::any_of(items.begin(), items.end(), [](const Prepared& item) {
      return item.moved_from && !item.moved_from->ord.is_quarantine();
    });
    if (moves) {
      return false;
    }
    TRY(bool stored, commit_beside(items, worker.conditions));
    if (stored) {
      count(items);
      note_rest(worker);
    }
    return stored;
  }

  // False: kConflict. While a record is being erased, it waits.
  Result<bool> commit_beside(std::span<Prepared> items,
                             std::span<const record::Condition> conditions) {
    if (items.empty()) {
      return true;
    }
    auto result = store_.commit(items, {}, conditions);
    for (int waits = 0; !result && result.error().code == ErrorCode::kBusy; ++waits) {
      if (waits == kBesideWaitsMax || is_stopped()) {
        return fail(result.error());
      }
      std::this_thread::sleep_for(kBesideWait);
      result = store_.commit(items, {}, conditions);
    }
    if (!result && result.error().code != ErrorCode::kConflict) {
      return fail(result.error());
    }
    return result.has_value();
  }

  Status store_entry(Worker& worker, const Incoming& in) {
    const OccurrenceIndex index = in.index;
    const Entry& entry = *in.entry;
    const Occurrence& occurrence = catalogue_.at(index);
    // SAFETY: ids and homes were found for the text the first pass read, and hold for no other.
    if (occurrence.content != Scanner::content_of(entry)) {
      return file_changed();
    }
    switch (occurrence.fate) {
      case Fate::kRefused:
        return {};
      case Fate::kSkip:
        ++worker.skipped;
        return {};
      case Fate::kSame:
        worker.same.push_back(index);
        return {};
      case Fate::kDelete:
        return delete_entry(worker, in);
      case Fate::kStore:
        break;
    }
    if (occurrence.uniform && !claim(worker, occurrence.leader)) {
      worker.unchanged.push_back(index);
      return {};
    }
    TRY(worker.document.parse(entry.resource));
    json::Node& root = *worker.document.root();
    TRY(Described described, describe(entry, root));
    if (!is_kept_whole(entry, described)) {
      // The same text may come in several units, and must mean the same wherever it is taken from.
      use_scope(worker, catalogue_.scope_of(occurrence.uniform ? occurrence.leader : index));
      TRY(rewrite_references(worker, *in.unit, entry, root));
    }
    record::ResourceId id = catalogue_.id_of(index);
    TRY(record::canonicalise(worker.document, root, id.text(), options_.source, worker.canonical));
    if (occurrence.repeated && !occurrence.uniform) {
      worker.versions.push_back({index, occurrence.updated, in.order, false,
                                 worker.canonical.digest, worker.canonical.body, described.own_id});
      return {};
    }
    if (options_.beside_writers && occurrence.conditional) {
      if (auto condition = catalogue_.condition_of(index)) {
        worker.conditions.push_back(*std::move(condition));
      }
    }
    return prepare(worker, index, described.own_id, root);
  }

  Status delete_entry(Worker& worker, const Incoming& in) {
    const Occurrence& occurrence = catalogue_.at(in.index);
    if (occurrence.repeated) {
      worker.versions.push_back({in.index, occurrence.updated, in.order, true, {}, {}, {}});
      return {};
    }
    return prepare_deletion(worker, in.index);
  }

  Status prepare_deletion(Worker& worker, OccurrenceIndex index) {
    const Occurrence& occurrence = catalogue_.at(index);
    auto view = store_.view();
    TRY(auto located, view->find(occurrence.type, occurrence.identity));
    if (!located) {
      worker.unchanged.push_back(index);
      return {};
    }
    Draft draft;
    draft.resource = {occurrence.type, located->id};
    draft.ord = located->key.ord;
    draft.source = source_;
    TRY(store_.prepare(draft, next_prepared(worker)));
    ++worker.used;
    return {};
  }

  // Whether this unit is the first to bring a resource that comes in several.
  bool claim(Worker& worker, OccurrenceIndex leader) {
    std::lock_guard lock(report_mutex_);
    if (!claimed_.insert(leader).second) {
      return false;
    }
    worker.claims.push_back(leader);
    return true;
  }
  void unclaim(const Worker& worker) {
    std::lock_guard lock(report_mutex_);
    for (OccurrenceIndex leader : worker.claims) {
      claimed_.erase(leader);
    }
  }

  static void use_scope(Worker& worker, Catalogue::Scope scope) {
    if (worker.scope.begin != scope.begin || worker.scope.end != scope.end) {
      worker.resolved.clear();
      worker.scope = scope;
    }
  }

  static Prepared& next_prepared(Worker& worker) {
    if (worker.used == worker.prepared.size()) {
      worker.prepared.emplace_back();
    }
    return worker.prepared[worker.used];
  }

  // A Bundle stored whole keeps what was sent, references included.
  static bool is_kept_whole(const Entry& entry, const Described& described) {
    return entry.number == 0 && fhir::type_name(described.type) == "Bundle";
  }

  Status prepare(Worker& worker, OccurrenceIndex index, std::string_view own_id,
                 const json::Node& root) {
    const Occurrence& occurrence = catalogue_.at(index);
    Draft draft;
    draft.resource = {occurrence.type, catalogue_.id_of(index)};
    draft.ord = catalogue_.home_of(index);
    draft.source = source_;
    draft.own_id = own_id;
    draft.canonical = &worker.canonical;
    draft.tree = &root;
    draft.is_absent = !options_.beside_writers && catalogue_.is_absent(index) &&
                      occurrence.type != fhir::kPatientType;
    TRY(worker.also_about, catalogue_.also_about(index, root, *worker.view));
    draft.also_about = worker.also_about;
    std::string match;
    if (occurrence.type == fhir::kPatientType) {
      identity::ExactMatch found = identity::exact_match(root);
      worker.matches.push_back({found.obstacle, {}});
      if (found.key.empty()) {
        worker.matches.back().id = draft.resource.id.text();
      }
      match = std::move(found.key);
      draft.match = match;
    }
    TRY(store_.prepare(draft, next_prepared(worker)));
    ++worker.used;
    return {};
  }

  // Hands prepared items on: new ones to the bulk load, and those of units that change what is
  // stored, whole, to a commit after it.
  Status take_in(Worker& worker, bool atomic) {
    std::span<Prepared> items(worker.prepared.data(), std::exchange(worker.used, 0));
    count(items);
    bool all_new = std::all_of(items.begin(), items.end(), [](const Prepared& item) {
      return item.is_new() || item.unchanged;
    });
    if (!all_new) {
      wait_for_commit(items, atomic);
      return {};
    }
    for (const Prepared& item : items) {
      if (!item.unchanged) {
        TRY(bulk_->add(item));
      }
    }
    return {};
  }

  // Units that are small, or need not be taken whole, share commits.
  void wait_for_commit(std::span<Prepared> items, bool atomic) {
    std::lock_guard lock(report_mutex_);
    auto has_room = [this](size_t count) {
      return !waiting_commits_.empty() &&
             waiting_commits_.back().size() + count <= kWaitingItemsMax;
    };
    if (atomic && !has_room(items.size())) {
      waiting_commits_.emplace_back();
    }
    for (Prepared& item : items) {
      if (item.unchanged) {
        continue;
      }
      if (!atomic && !has_room(1)) {
        waiting_commits_.emplace_back();
      }
      waiting_bytes_ += sizeof item + item.sealed.size() + item.superseded_row.size();
      for (const Prepared::Copy& copy : item.copies) {
        waiting_bytes_ += sizeof copy + copy.sealed.size() + copy.superseded_row.size();
      }
      waiting_commits_.back().push_back(std::exchange(item, Prepared()));
    }
  }

  void count(std::span<const Prepared> items) {
    std::lock_guard lock(report_mutex_);
    for (const Prepared& item : items) {
      count(item);
    }
  }

  // All that a unit brings besides prepared items.
  void note_rest(Worker& worker) {
    std::lock_guard lock(report_mutex_);
    for (OccurrenceIndex index : worker.same) {
      ++report_.counts.same;
      ++report_.by_type[catalogue_.at(index).type].same;
    }
    for (OccurrenceIndex index : worker.unchanged) {
      count_unchanged(index, 1);
    }
    report_.skipped_entries += worker.skipped;
    for (MatchNote& match : worker.matches) {
      ++report_.patients;
      ++report_.unlinkable[static_cast<size_t>(match.obstacle)];
      if (!match.id.empty() && report_.unlinkable_patients.size() < kUnlinkableKept) {
        report_.unlinkable_patients.push_back(
            {static_cast<uint8_t>(match.obstacle), std::move(match.id)});
      }
    }
    for (RepeatedVersion& version : worker.versions) {
      repeated_[catalogue_.at(version.occurrence).leader].push_back(std::move(version));
    }
    report_.unresolved_count += worker.unresolved.size();
    for (UnresolvedReference& reference : worker.unresolved) {
      keep_unresolved(std::move(reference));
    }
  }

  // Keeps the first by place, whatever the order the threads find them in.
  void keep_unresolved(UnresolvedReference reference) {
    auto place = [](const UnresolvedReference& r) { return std::tie(r.file, r.line, r.entry); };
    auto before = [&](const UnresolvedReference& a, const UnresolvedReference& b) {
      return place(a) < place(b);
    };
    auto& kept = report_.unresolved;
    if (kept.size() < kUnresolvedKept) {
      kept.push_back(std::move(reference));
      std::push_heap(kept.begin(), kept.end(), before);
    } else if (before(reference, kept.front())) {
      std::pop_heap(kept.begin(), kept.end(), before);
      kept.back() = std::move(reference);
      std::push_heap(kept.begin(), kept.end(), before);
    }
  }

  void count_unchanged(OccurrenceIndex index, size_t number) {
    report_.counts.unchanged += number;
    report_.by_type[catalogue_.at(index).type].unchanged += number;
  }

  // Caller holds report_mutex_, or is the only thread.
  void count(const Prepared& item) {
    for (LoadCounts* counts : {&report_.counts, &report_.by_type[item.key.type]}) {
      counts->unchanged += item.unchanged ? 1 : 0;
      counts->deleted += item.deletion && !item.unchanged ? 1 : 0;
      counts->created += item.is_new() ? 1 : 0;
      counts->updated += !item.unchanged && !item.deletion && !item.is_new() ? 1 : 0;
      counts->quarantined +=
          !item.unchanged && !item.deletion && item.key.ord.is_quarantine() ? 1 : 0;
    }
    stored_.fetch_add(1);
  }

  // Writes Type/<regional id> where a reference names a resource of this source; leaves all others
  // as they are, and lists those that should have led somewhere.
  Status rewrite_references(Worker& worker, const Unit& unit, const Entry& entry,
                            json::Node& node) {
    for (json::Node& child : children(node)) {
      if (child.is_string() && child.key == "reference" && !child.text.starts_with('#')) {
        TRY(rewrite_reference(worker, unit, entry, child));
      } else if (child.is_string() && child.key == "url" && names_binary(child.text)) {
        TRY(rewrite_attachment(worker, child));
      } else if (child.first != nullptr) {
        TRY(rewrite_references(worker, unit, entry, child));
      }
    }
    return {};
  }

  static bool names_binary(std::string_view text) {
    return text.starts_with("urn:uuid:") || text.find("Binary/") != std::string_view::npos;
  }

  Status rewrite_attachment(Worker& worker, json::Node& url) {
    TRY(auto target, catalogue_.resolve(url.text, worker.scope, worker.minter, *worker.view));
    if (target && fhir::type_name(target->type) == "Binary") {
      worker.document.set_text(url, "Binary/" + target->id.text());
    }
    return {};
  }

  Status rewrite_reference(Worker& worker, const Unit& unit, const Entry& entry,
                           json::Node& reference) {
    std::string text(reference.text);
    bool is_search = text.find('?') != std::string::npos &&
                     fhir::parse_reference(text).kind == fhir::ReferenceKind::kConditional;
    auto& known = is_search ? worker.searched : worker.resolved;
    auto found = known.find(text);
    if (found == known.end()) {
      if (known.size() >= kSearchesKept) {
        known.clear();
      }
      TRY(auto target, catalogue_.resolve(text, worker.scope, worker.minter, *worker.view));
      std::string written;
      if (target) {
        written = std::string(fhir::type_name(target->type)) + "/" + target->id.text();
      }
      found = known.emplace(text, std::move(written)).first;
    }
    if (!found->second.empty()) {
      worker.document.set_text(reference, found->second);
      return {};
    }
    worker.unresolved.push_back({unit.file, unit.line, entry.number, std::move(text)});
    return {};
  }

  // After all else: resources that come in several versions. The next version of each of them is
  // one step, so that many share a commit.
  Status store_repeated() {
    std::vector<VersionLine> lines;
    for (auto& [leader, versions] : repeated_) {
      TRY(VersionLine line, version_line(leader, std::move(versions)));
      lines.push_back(std::move(line));
    }
    repeated_.clear();
    Worker worker(store_.id_minter());
    bool again = !lines.empty();
    while (again) {
      TRY(again, store_next_versions(worker, lines));
    }
    if (!options_.beside_writers) {  // others may have prepared what they are about to store
      store_.forget_places();
    }
    return {};
  }

  Result<VersionLine> version_line(OccurrenceIndex leader, std::vector<RepeatedVersion> versions) {
    VersionLine line{leader, std::move(versions)};
    count_unchanged(leader, put_in_order(line.versions));
    const Occurrence& occurrence = catalogue_.at(leader);
    auto view = store_.view();
    TRY(auto located, view->find(occurrence.type, occurrence.identity));
    if (located) {
      TRY(auto stored, view->versions(located->key));
      line.done = stored_already(line.versions, stored);
      count_unchanged(leader, line.done);
    }
    return line;
  }

  // Oldest first: by time where every version has one, else as they came. Of neighbours that say
  // the same one stays; answers how many went.
  static size_t put_in_order(std::vector<RepeatedVersion>& versions) {
    bool all_dated = std::all_of(versions.begin(), versions.end(),
                                 [](const RepeatedVersion& v) { return v.updated != INT64_MIN; });
    std::sort(versions.begin(), versions.end(),
              [all_dated](const RepeatedVersion& a, const RepeatedVersion& b) {
                return all_dated && a.updated != b.updated ? a.updated < b.updated
                                                           : a.order < b.order;
              });
    size_t before = versions.size();
    auto same = [](const RepeatedVersion& a, const RepeatedVersion& b) {
      return a.deletion == b.deletion && a.digest == b.digest;
    };
    versions.erase(std::unique(versions.begin(), versions.end(), same), versions.end());
    return before - versions.size();
  }

  // How many of these versions are the last ones stored already.
  static size_t stored_already(const std::vector<RepeatedVersion>& versions,
                               const std::vector<record::StoredItem>& newest_first) {
    auto same = [](const RepeatedVersion& version, const record::RowHeader& header) {
      return version.deletion == header.deleted &&
             (version.deletion || version.digest == header.body_digest);
    };
    for (size_t count = std::min(versions.size(), newest_first.size()); count > 0; --count) {
      bool all_same = true;
      for (size_t i = 0; i < count && all_same; ++i) {
        all_same = same(versions[i], newest_first[count - 1 - i].row.header);
      }
      if (all_same) {
        return count;
      }
    }
    return 0;
  }

  // False when nothing is left to do.
  Result<bool> store_next_versions(Worker& worker, std::vector<VersionLine>& lines) {
    bool any = false;
    worker.start_unit();
    for (VersionLine& line : lines) {
      if (line.done == line.versions.size()) {
        continue;
      }
      any = true;
      TRY(prepare_version(worker, line.versions[line.done++]));
      if (worker.used >= (options_.beside_writers ? kBesideEntriesMax : kWaitingItemsMax)) {
        TRY(commit_versions(worker));
      }
    }
    TRY(commit_versions(worker));
    return any;
  }

  Status prepare_version(Worker& worker, const RepeatedVersion& version) {
    worker.view = store_.view();
    if (version.deletion) {
      return prepare_deletion(worker, version.occurrence);
    }
    TRY(worker.document.parse(version.body));
    TRY(record::canonicalise(worker.document, *worker.document.root(),
                             catalogue_.id_of(version.occurrence).text(), options_.source,
                             worker.canonical));
    return prepare(worker, version.occurrence, version.own_id, *worker.document.root());
  }

  Status commit_versions(Worker& worker) {
    std::span<Prepared> items(worker.prepared.data(), std::exchange(worker.used, 0));
    if (options_.beside_writers) {
      TRY(bool stored, commit_beside(items, {}));
      if (!stored) {
        return overtaken();
      }
    } else {
      TRY(commit(items));
    }
    count(items);
    note_rest(worker);
    worker.start_unit();
    return {};
  }

  static record::FileDigest file_digest(const std::string& name) {
    crypto::Digest digest = crypto::sha256(name);
    record::FileDigest out;
    std::memcpy(out.data(), digest.data(), out.size());
    return out;
  }

  Instant now() const {
    static const SystemClock system_clock;
    return (options_.clock != nullptr ? *options_.clock : system_clock).now();
  }

  // SAFETY: until this load ends, and after one that was cut short, every record says that
  // something of this source may be missing.
  Status mark_under_way() {
    record::Arrival arrival{now()};
    TRY(auto sources, store_.view()->sources());
    for (const record::SourceStatus& status : sources) {
      if (status.number == source_ && status.arrival) {
        arrival = *status.arrival;
      }
    }
    arrival.complete = false;
    return store_.record_arrival(source_, arrival, {}, {});
  }

  Result<uint64_t> count_quarantined() const {
    uint64_t count = 0;
    auto view = store_.view();
    TRY(view->scan(record::Ord::quarantine(source_), {},
                   [&](const record::StoredItem&) -> Result<bool> {
                     ++count;
                     return true;
                   }));
    return count;
  }

  Status remember_arrival() {
    record::Arrival arrival{now(), report_.counts.taken(), report_.refusals.size()};
    TRY(arrival.quarantined, count_quarantined());
    std::vector<record::FileDigest> files;
    for (const InputFile& file : report_.input.files) {
      files.push_back(file_digest(file.name));
    }
    std::vector<record::Refusal> refusals;
    for (const LoadRefusal& refusal : report_.refusals) {
      record::Refusal kept;
      kept.source = source_;
      kept.file = files.at(refusal.file);
      kept.line = refusal.line;
      kept.entry = refusal.entry;
      kept.instant = arrival.instant;
      kept.code = to_string(refusal.error.code);
      kept.reason = refusal.error.message;
      kept.type = refusal.type;
      refusals.push_back(std::move(kept));
    }
    return store_.record_arrival(source_, arrival, files, refusals);
  }

  void sort_report() {
    auto in_order = [](const auto& a, const auto& b) {
      return std::tie(a.file, a.line, a.entry) < std::tie(b.file, b.line, b.entry);
    };
    std::stable_sort(report_.refusals.begin(), report_.refusals.end(), in_order);
    std::stable_sort(report_.unresolved.begin(), report_.unresolved.end(), in_order);
    std::sort(report_.unlinkable_patients.begin(), report_.unlinkable_patients.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
  }

  record::Store& store_;
  FileSystem& files_;
  const LoadOptions& options_;
  const LoadProgressSink& progress_;
  record::SourceNumber source_;
  Catalogue catalogue_;
  LoadReport report_;
  std::mutex report_mutex_;    // guards report_, waiting_commits_, claimed_, repeated_, second pass
  std::shared_mutex storing_;  // shared: a unit is being stored; unique: everything is written out
  std::unique_ptr<record::BulkLoad> bulk_;
  std::vector<std::vector<Prepared>> waiting_commits_;
  std::atomic<uint64_t> waiting_bytes_{0};
  std::unordered_set<OccurrenceIndex> claimed_;  // leaders of uniform repeats
  std::map<OccurrenceIndex, std::vector<RepeatedVersion>> repeated_;
  std::atomic<uint64_t> stored_{0};
  std::atomic<bool> cut_short_{false};
};

}  // namespace

Result<LoadReport> load(record::Store& store, FileSystem& files, const LoadOptions& options,
                        const LoadProgressSink& progress) {
  TRY(record::SourceNumber source, store.register_source(options.source));
  return Load(store, files, options, progress, source).run();
}

}  // namespace continuum::service
