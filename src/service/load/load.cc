#include "service/load/load.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "base/check.h"
#include "crypto/digest.h"
#include "identity/exact_match.h"
#include "json/writer.h"
#include "service/load/limits.h"

namespace continuum::service {
namespace {

using record::Canonical;
using record::Draft;
using record::Prepared;

// What a thread of the second pass owns.
struct Worker {
  explicit Worker(record::IdMinter own) : minter(std::move(own)) {}

  record::IdMinter minter;
  std::unique_ptr<record::View> view;
  json::Document document;
  Canonical canonical;
  std::vector<Prepared> prepared;  // of the unit at hand; the first `used` are in use
  size_t used = 0;
  std::unordered_map<std::string, std::string> resolved;  // of the unit at hand; empty: unresolved
};

// One version of a resource that comes several times in one load.
struct RepeatedVersion {
  OccurrenceIndex occurrence = 0;
  int64_t updated = INT64_MIN;
  bool deletion = false;
  crypto::Digest digest{};
  std::string body;
  std::string own_id;
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
        catalogue_(store, source, options.source) {}

  Result<LoadReport> run() {
    TRY(report_.input, find_input_files(files_, options_.paths));
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
  // Runs `work(unit)` for every unit on all threads. The first error stops all.
  template <typename MakeWorker, typename Work>
  Status for_each_unit(bool storing, const MakeWorker& make_worker, const Work& work) {
    UnitReader reader(files_, report_.input);
    std::mutex read_mutex;
    std::mutex error_mutex;
    Status first_error;
    std::atomic<bool> failed{false};
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
        Status done = work(*worker, unit);
        if (!done) {
          std::lock_guard lock(error_mutex);
          if (!failed.exchange(true)) {
            first_error = done;
          }
        }
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
    return for_each_unit(false, make, [&](Scanner& scanner, Unit& unit) -> Status {
      Scanned scanned;
      scanned.place = {unit.file, unit.line};
      Result<Parts> parts = unit.status ? take_apart(unit.text)
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
    });
  }

  Status second_pass() {
    TRY(bulk_, store_.begin_bulk_load(kBulkBudgetBytes));
    auto make = [&] {
      auto worker = std::make_unique<Worker>(store_.id_minter());
      worker->view = store_.view();
      return worker;
    };
    TRY(for_each_unit(true, make, [&](Worker& worker, Unit& unit) -> Status {
      {
        std::shared_lock lock(storing_);
        TRY(store_unit(worker, unit));
      }
      if (bulk_->is_full()) {
        std::unique_lock lock(storing_);
        if (bulk_->is_full()) {
          TRY(write_out());
        }
      }
      return {};
    }));
    return write_out();
  }

  // Makes everything so far durable: new resources by bulk, changes to old ones by commits.
  Status write_out() {
    TRY(bulk_->flush());
    for (auto& items : waiting_commits_) {
      TRY(auto result, store_.commit(items));
      static_cast<void>(result);
    }
    waiting_commits_.clear();
    // Places of patients whose turn is yet to come are known to the catalogue by their ords, and
    // must stay known to the store.
    return {};
  }

  Status store_unit(Worker& worker, const Unit& unit) {
    if (!unit.status) {
      return {};  // refused in the first pass
    }
    Result<Parts> parts = take_apart(unit.text);
    if (!parts) {
      return {};
    }
    worker.used = 0;
    worker.resolved.clear();
    OccurrenceIndex first = catalogue_.first_of_unit(unit.number);
    std::vector<LoadRefusal> refusals;
    for (size_t i = 0; i < parts->entries.size(); ++i) {
      const Entry& entry = parts->entries[i];
      auto index = static_cast<OccurrenceIndex>(first + i);
      Status stored = store_entry(worker, unit, entry, index);
      if (!stored && !is_of_entry(stored.error())) {
        return stored;
      }
      if (!stored) {
        refusals.push_back({unit.file, unit.line, entry.number,
                            std::string(fhir::type_name(catalogue_.at(index).type)),
                            stored.error()});
      }
    }
    if (parts->atomic && !refusals.empty()) {
      refuse_whole(*parts, unit, first, refusals);
      worker.used = 0;
    }
    TRY(take_in(worker));
    std::lock_guard lock(report_mutex_);
    report_.refusals.insert(report_.refusals.end(), refusals.begin(), refusals.end());
    return {};
  }

  // Errors that lie in the entry; all others are the store's and end the load.
  static bool is_of_entry(const Error& error) {
    return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kTooLarge ||
           error.code == ErrorCode::kUnsupported || error.code == ErrorCode::kConflict ||
           error.code == ErrorCode::kNotFound;
  }

  void refuse_whole(const Parts& parts, const Unit& unit, OccurrenceIndex first,
                    std::vector<LoadRefusal>& refusals) {
    std::vector<uint32_t> named;
    for (const LoadRefusal& refusal : refusals) {
      named.push_back(refusal.entry);
    }
    for (size_t i = 0; i < parts.entries.size(); ++i) {
      const Occurrence& occurrence = catalogue_.at(static_cast<OccurrenceIndex>(first + i));
      bool is_named = std::find(named.begin(), named.end(), parts.entries[i].number) != named.end();
      if (occurrence.fate != Fate::kStore || is_named) {
        continue;
      }
      refusals.push_back({unit.file, unit.line, parts.entries[i].number,
                          std::string(fhir::type_name(occurrence.type)),
                          Error{ErrorCode::kConflict,
                                "entry " + std::to_string(named.front()) +
                                    " was refused, and a transaction, message or document is taken "
                                    "whole"}});
    }
  }

  Status store_entry(Worker& worker, const Unit& unit, const Entry& entry, OccurrenceIndex index) {
    const Occurrence& occurrence = catalogue_.at(index);
    switch (occurrence.fate) {
      case Fate::kRefused:
        return {};
      case Fate::kSkip: {
        std::lock_guard lock(report_mutex_);
        ++report_.skipped_entries;
        return {};
      }
      case Fate::kSame: {
        std::lock_guard lock(report_mutex_);
        ++report_.counts.same;
        ++report_.by_type[occurrence.type].same;
        return {};
      }
      case Fate::kDelete:
        remember_version({index, INT64_MAX, true, {}, {}, {}});
        return {};
      case Fate::kStore:
        break;
    }
    TRY(worker.document.parse(entry.resource));
    json::Node& root = *worker.document.root();
    TRY(Described described, describe(entry, root));
    if (!is_kept_whole(entry, described)) {
      TRY(rewrite_references(worker, unit, entry, root));
    }
    record::ResourceId id = catalogue_.id_of(index);
    TRY(record::canonicalise(worker.document, root, id.text(), options_.source, worker.canonical));
    if (occurrence.repeated) {
      remember_version({index, occurrence.updated, false, worker.canonical.digest,
                        worker.canonical.body, described.own_id});
      return {};
    }
    return prepare(worker, index, described.own_id, root);
  }

  // A Bundle stored whole keeps what was sent, references included.
  static bool is_kept_whole(const Entry& entry, const Described& described) {
    return entry.number == 0 && fhir::type_name(described.type) == "Bundle";
  }

  Status prepare(Worker& worker, OccurrenceIndex index, std::string_view own_id,
                 const json::Node& root) {
    if (worker.used == worker.prepared.size()) {
      worker.prepared.emplace_back();
    }
    const Occurrence& occurrence = catalogue_.at(index);
    Draft draft;
    draft.resource = {occurrence.type, catalogue_.id_of(index)};
    draft.ord = catalogue_.home_of(index);
    draft.source = source_;
    draft.own_id = own_id;
    draft.canonical = &worker.canonical;
    draft.tree = &root;
    std::string match;
    if (occurrence.type == fhir::kPatientType) {
      match = match_of(root);
      draft.match = match;
    }
    TRY(store_.prepare(draft, worker.prepared[worker.used]));
    ++worker.used;
    return {};
  }

  std::string match_of(const json::Node& patient) {
    identity::ExactMatch match = identity::exact_match(patient);
    std::lock_guard lock(report_mutex_);
    ++report_.patients;
    ++report_.unlinkable[static_cast<size_t>(match.obstacle)];
    return match.key;
  }

  // Hands a unit's items on: new ones to the bulk load, and units that change what is stored,
  // whole, to a commit after it.
  Status take_in(Worker& worker) {
    std::span<Prepared> items(worker.prepared.data(), worker.used);
    bool all_new = true;
    for (Prepared& item : items) {
      count(item);
      all_new = all_new && (item.is_new() || item.unchanged);
    }
    if (all_new) {
      for (const Prepared& item : items) {
        if (!item.unchanged) {
          TRY(bulk_->add(item));
        }
      }
      return {};
    }
    std::vector<Prepared> kept(std::make_move_iterator(items.begin()),
                               std::make_move_iterator(items.end()));
    worker.prepared.clear();
    std::lock_guard lock(report_mutex_);
    waiting_commits_.push_back(std::move(kept));
    return {};
  }

  void count(const Prepared& item) {
    std::lock_guard lock(report_mutex_);
    for (LoadCounts* counts : {&report_.counts, &report_.by_type[item.key.type]}) {
      counts->unchanged += item.unchanged ? 1 : 0;
      counts->deleted += item.deletion && !item.unchanged ? 1 : 0;
      counts->created += item.is_new() ? 1 : 0;
      counts->updated += !item.unchanged && !item.deletion && !item.is_new() ? 1 : 0;
      counts->quarantined += !item.unchanged && item.key.ord.is_quarantine() ? 1 : 0;
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
    TRY(auto target, catalogue_.resolve(url.text, worker.minter, *worker.view));
    if (target && fhir::type_name(target->type) == "Binary") {
      worker.document.set_text(url, "Binary/" + target->id.text());
    }
    return {};
  }

  Status rewrite_reference(Worker& worker, const Unit& unit, const Entry& entry,
                           json::Node& reference) {
    std::string text(reference.text);
    auto found = worker.resolved.find(text);
    if (found == worker.resolved.end()) {
      TRY(auto target, catalogue_.resolve(text, worker.minter, *worker.view));
      std::string written;
      if (target) {
        written = std::string(fhir::type_name(target->type)) + "/" + target->id.text();
      }
      found = worker.resolved.emplace(text, std::move(written)).first;
    }
    if (!found->second.empty()) {
      worker.document.set_text(reference, found->second);
      return {};
    }
    std::lock_guard lock(report_mutex_);
    ++report_.unresolved_count;
    if (report_.unresolved.size() < kUnresolvedKept) {
      report_.unresolved.push_back({unit.file, unit.line, entry.number, text});
    }
    return {};
  }

  void remember_version(RepeatedVersion version) {
    OccurrenceIndex leader = catalogue_.at(version.occurrence).leader;
    std::lock_guard lock(report_mutex_);
    auto& versions = repeated_[leader];
    auto same = std::find_if(versions.begin(), versions.end(), [&](const RepeatedVersion& other) {
      return other.deletion == version.deletion && other.digest == version.digest;
    });
    if (same == versions.end()) {
      versions.push_back(std::move(version));
      return;
    }
    ++report_.counts.unchanged;
    ++report_.by_type[catalogue_.at(leader).type].unchanged;
    if (version.occurrence < same->occurrence) {
      same->occurrence = version.occurrence;
      same->updated = version.updated;
    }
  }

  Status store_repeated() {
    auto worker = std::make_unique<Worker>(store_.id_minter());
    for (auto& [leader, versions] : repeated_) {
      TRY(store_versions(*worker, leader, versions));
    }
    store_.forget_places();
    return {};
  }

  // Oldest first: by lastUpdated where every version has one, else as they stand in the input.
  static void put_in_order(std::vector<RepeatedVersion>& versions) {
    bool all_dated = std::all_of(versions.begin(), versions.end(),
                                 [](const RepeatedVersion& v) { return v.updated != INT64_MIN; });
    std::sort(versions.begin(), versions.end(),
              [all_dated](const RepeatedVersion& a, const RepeatedVersion& b) {
                return all_dated && a.updated != b.updated ? a.updated < b.updated
                                                           : a.occurrence < b.occurrence;
              });
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

  Status store_versions(Worker& worker, OccurrenceIndex leader,
                        std::vector<RepeatedVersion>& versions) {
    put_in_order(versions);
    const Occurrence& occurrence = catalogue_.at(leader);
    auto view = store_.view();
    TRY(auto located, view->find(occurrence.type, occurrence.identity));
    std::vector<record::StoredItem> stored;
    if (located) {
      TRY(stored, view->versions(located->key));
    }
    size_t done = stored_already(versions, stored);
    report_.counts.unchanged += done;
    report_.by_type[occurrence.type].unchanged += done;
    for (size_t i = done; i < versions.size(); ++i) {
      Status written = store_version(worker, leader, versions[i]);
      if (!written && !is_of_entry(written.error())) {
        return written;
      }
      if (!written && !(versions[i].deletion && written.error().code == ErrorCode::kNotFound)) {
        report_.refusals.push_back(
            {0, 0, 0, std::string(fhir::type_name(occurrence.type)), written.error()});
      }
    }
    return {};
  }

  Status store_version(Worker& worker, OccurrenceIndex leader, const RepeatedVersion& version) {
    worker.used = 0;
    if (version.deletion) {
      if (worker.prepared.empty()) {
        worker.prepared.emplace_back();
      }
      Draft draft;
      draft.resource = {catalogue_.at(leader).type, catalogue_.id_of(leader)};
      draft.ord = catalogue_.home_of(leader);
      draft.source = source_;
      TRY(store_.prepare(draft, worker.prepared.front()));
      worker.used = 1;
    } else {
      TRY(worker.document.parse(version.body));
      TRY(record::canonicalise(worker.document, *worker.document.root(),
                               catalogue_.id_of(leader).text(), options_.source, worker.canonical));
      TRY(prepare(worker, leader, version.own_id, *worker.document.root()));
    }
    std::span<Prepared> items(worker.prepared.data(), worker.used);
    count(items.front());
    TRY(auto result, store_.commit(items));
    static_cast<void>(result);
    return {};
  }

  static record::FileDigest file_digest(const std::string& path) {
    std::string name = path.substr(path.rfind('/') + 1);
    crypto::Digest digest = crypto::sha256(name);
    record::FileDigest out;
    std::memcpy(out.data(), digest.data(), out.size());
    return out;
  }

  Status remember_arrival() {
    static const SystemClock system_clock;
    const Clock& clock = options_.clock != nullptr ? *options_.clock : system_clock;
    record::Arrival arrival{clock.now(), report_.counts.taken(), report_.refusals.size()};
    std::vector<record::FileDigest> files;
    for (const InputFile& file : report_.input.files) {
      files.push_back(file_digest(file.path));
    }
    std::vector<record::Refusal> refusals;
    for (const LoadRefusal& refusal : report_.refusals) {
      record::Refusal kept;
      kept.source = source_;
      kept.file = files.at(refusal.file);
      // Lines and entries in one number: a line of NDJSON may be a Bundle.
      kept.entry = refusal.line * 10'000 + refusal.entry;
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
  }

  record::Store& store_;
  FileSystem& files_;
  const LoadOptions& options_;
  const LoadProgressSink& progress_;
  record::SourceNumber source_;
  Catalogue catalogue_;
  LoadReport report_;
  std::mutex report_mutex_;    // guards report_, waiting_commits_ and repeated_ in the second pass
  std::shared_mutex storing_;  // shared: a unit is being stored; unique: everything is written out
  std::unique_ptr<record::BulkLoad> bulk_;
  std::vector<std::vector<Prepared>> waiting_commits_;
  std::map<OccurrenceIndex, std::vector<RepeatedVersion>> repeated_;
  std::atomic<uint64_t> stored_{0};
};

}  // namespace

Result<LoadReport> load(record::Store& store, FileSystem& files, const LoadOptions& options,
                        const LoadProgressSink& progress) {
  TRY(record::SourceNumber source, store.register_source(options.source));
  return Load(store, files, options, progress, source).run();
}

}  // namespace continuum::service
