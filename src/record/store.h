// The record contract: what every engine of the record store promises.
//
// Resources are kept by source patient (Ord) and never leave it; a person is a set of source
// patients held as links. Every commit has a number t, unique and ordered within an ord; a View is
// one moment of the whole store on this engine, but callers may rely only on one moment *of each
// source patient*: a sharded engine has no more. Nothing here decides who may see what: callers
// stand behind `access`.
//
// Hazards and how this layer prevents them. Wrong person: an item is sealed under the key of its
// own source patient with its place as context, so a misplaced row does not open. Missing item: a
// row that does not open is an error of the whole read, never left out. Stale item: one current row
// an item, replaced with its index entries in one atomic commit. Silent failure: refusals are kept
// with their source and told with every whole record.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/instant.h"
#include "base/result.h"
#include "ledger/log.h"
#include "ledger/source.h"
#include "record/canonical.h"
#include "record/criteria.h"
#include "record/erasure_list.h"
#include "record/ids.h"
#include "record/key_store.h"
#include "record/kv/care.h"
#include "record/kv/changes.h"
#include "record/kv/index.h"
#include "record/kv/links.h"
#include "record/kv/meta.h"
#include "record/kv/row.h"

namespace continuum::record {

// One version of one resource as found. What is about several patients is found with each of them,
// once (row.h: copies). The sealed body is a view that lives as long as `bytes`,
// or, inside a scan callback, as long as the call.
struct StoredItem {
  ItemKey key;
  Row row;
  std::string bytes;  // owns what `row` views, outside scans
};

struct Located {
  ItemKey key;
  SourceNumber source = 0;
  std::string own_id;  // the source's own id
  ResourceId id;       // of the resource
};

struct SourcePatient {
  Ord ord;
  SourceNumber source = 0;
  ResourceId patient;  // of its Patient resource
  LinkMethod method = LinkMethod::kAlone;
};

struct Person {
  PersonNumber number = 0;
  std::vector<SourcePatient> members;  // by ord
};

struct SourceStatus {
  SourceNumber number = 0;
  std::string name;
  std::optional<Arrival> arrival;
};

struct ScanOptions {
  // Only these types; empty: all.
  std::span<const fhir::TypeNumber> types;
  // The record as it was right after commit `as_of`; nothing: as it is.
  std::optional<T> as_of;
  // Continue after this item (of the same ord).
  std::optional<ItemKey> after;
};

// A current item with a clinical date, and the commit that wrote it.
struct Dated {
  ItemKey key;
  T t = 0;
  Instant date;
};

// A version of an item, by the commit that made it.
struct VersionKey {
  T t = 0;
  ItemKey item;
  bool operator==(const VersionKey&) const = default;
};

// Of versions: the newest commit first, within one by item; or exactly the other way round.
enum class Order : uint8_t { kNewestFirst, kOldestFirst };
bool comes_before(const VersionKey& a, const VersionKey& b, Order order);

struct ChangesQuery {
  SourceNumber source = 0;
  // Of these commits, both included.
  T from = 1;
  T to = 0;
  Order order = Order::kNewestFirst;
  // Continue after this one.
  std::optional<VersionKey> after;
};
// Return false to stop.
using ChangeVisitor = std::function<Result<bool>(T t, const Change& change)>;

struct VersionRange {
  Ord ord;
  std::optional<fhir::TypeNumber> type;  // nothing: all
  std::optional<ItemNumber> item;        // of that type; nothing: all
};

// Return false to stop.
using ScanVisitor = std::function<Result<bool>(const StoredItem& item)>;

// One moment of the store. Thread-safe. Must not outlive its store; keeps old versions alive, so it
// should be short-lived.
class View {
 public:
  virtual ~View() = default;

  virtual T stable_t() const = 0;
  // The last commit at or before `instant`; 0 when all are later.
  virtual Result<T> t_at(Instant instant) const = 0;
  // When commit `t` happened. kNotFound: there is none of that number.
  virtual Result<Instant> instant_of(T t) const = 0;

  // Where the resource of that id is (also when deleted). Of an id that a client gave, the text
  // counts. kNotFound.
  virtual Result<Located> locate(const ResourceKey& resource) const = 0;
  // The same by the hash alone, whatever the bucket; nothing when there is none.
  virtual Result<std::optional<Located>> find(fhir::TypeNumber type, const IdHash& hash) const = 0;
  // Where the resource was before it was moved, the last place first; `hash` is of its id.
  virtual Result<std::vector<FormerPlace>> former_places(fhir::TypeNumber type,
                                                         const IdHash& hash) const = 0;
  // The current version. kNotFound; kGone when deleted.
  virtual Result<StoredItem> read(const ItemKey& item) const = 0;
  // That version; one whose row says deleted has no body. kNotFound.
  virtual Result<StoredItem> read_version(const ItemKey& item, uint32_t version) const = 0;
  // All versions, newest first, deletions included.
  virtual Result<std::vector<StoredItem>> versions(const ItemKey& item) const = 0;
  // The version that commit made. kNotFound.
  virtual Result<StoredItem> read_version_of(const VersionKey& version) const = 0;
  // All versions in a range, item by item, newest first in each, deletions included.
  virtual Status scan_versions(const VersionRange& range, const ScanVisitor& visit) const = 0;
  // Of the versions of the same item in the same place, the next older and the next newer.
  virtual Result<std::optional<RowHeader>> version_before(const VersionKey& version) const = 0;
  virtual Result<std::optional<RowHeader>> version_after(const VersionKey& version) const = 0;
  // Its id, as its body says it, or that of the version before when it is a deletion. Errors as
  // append_resource; kCorrupt when there is none.
  virtual Result<ResourceId> id_of(const StoredItem& item) const = 0;
  // What a source changed, with copies, and the deletions that close what moved away
  // (RowHeader::moved). Reads nothing of other sources.
  virtual Status scan_changes(const ChangesQuery& query, const ChangeVisitor& visit) const = 0;
  // Appends the resource as JSON, versionId and lastUpdated spliced in. kCorrupt when the body does
  // not open; kNotFound when its key was erased.
  virtual Status append_resource(const StoredItem& item, std::string& out) const = 0;
  // The canonical body alone.
  virtual Status open_canonical(const StoredItem& item, std::string& out) const = 0;

  // The live items of one ord, by type and item; none that was deleted.
  virtual Status scan(Ord ord, const ScanOptions& options, const ScanVisitor& visit) const = 0;
  // The current items of one ord that have a clinical date, newest first. What the date of a
  // resource is: fhir/timeline.h; of several the earliest start, or the end of a
  // period without one.
  virtual Status scan_timeline(Ord ord, const std::function<bool(const Dated&)>& visit) const = 0;
  // The same date of any version, read from its body: for versions that scan_timeline no longer
  // tells of. Errors as append_resource.
  virtual Result<std::optional<Instant>> clinical_date(const StoredItem& item) const = 0;
  // Who cares for the patients of a source, or for one of them, as the source tells it. As of a t
  // (one patient only) it is read from the bodies of then. Return false to stop.
  using CareVisitor = std::function<bool(const CareEvent& event)>;
  virtual Status scan_care(SourceNumber source, const CareVisitor& visit) const = 0;
  virtual Status scan_care(SourceNumber source, Ord ord, std::optional<T> as_of,
                           const CareVisitor& visit) const = 0;
  // The ords with at least one item or a Patient, in order, from `from` on.
  virtual Status scan_ords(Ord from, const std::function<bool(Ord, SourceNumber)>& visit) const = 0;
  // Items of `type` with that token, each at its home, in order of (ord, item); at most
  // `count_max`.
  virtual Result<std::vector<ItemKey>> find_token(fhir::TypeNumber type, std::string_view parameter,
                                                  std::string_view system, std::string_view code,
                                                  size_t count_max) const = 0;
  // Current items that meet the criteria, in no order, each at its home; at most `count_max`.
  // kTooLarge: too many resources meet some of them.
  virtual Result<std::vector<ItemKey>> find_matching(const Criteria& criteria,
                                                     size_t count_max) const = 0;

  // The person a source patient belongs to, or belonged to as of a t. kNotFound when the ord is no
  // patient.
  virtual Result<Person> person_of(Ord ord, std::optional<T> as_of = std::nullopt) const = 0;
  // Who is joined in a person that has a match key, perhaps nobody.
  virtual Result<Person> person(PersonNumber number,
                                std::optional<T> as_of = std::nullopt) const = 0;
  // Source patients that share an NHS number with that one but not the birth date: not joined.
  virtual Result<std::vector<SourcePatient>> apart_from(
      Ord ord, std::optional<T> as_of = std::nullopt) const = 0;
  // The person whose source patients are joined by that match key (identity/exact_match.h).
  virtual Result<std::optional<PersonNumber>> person_matching(std::string_view match) const = 0;
  virtual Result<SourcePatient> source_patient(Ord ord) const = 0;

  // Groups of source patients that share an NHS number and are not one person; at most `count_max`.
  virtual Result<std::vector<std::vector<SourcePatient>>> numbers_in_doubt(
      size_t count_max) const = 0;

  // The ledger as of this view, which must outlive it.
  virtual Result<ledger::Reader> ledger() const = 0;
  // The same as it is stored, to be verified.
  virtual Result<ledger::KvSource> ledger_source() const = 0;
  // The keys that seal its entries. kNotFound: destroyed, or never made.
  virtual Result<crypto::Key> audit_key(Ord ord) const = 0;
  virtual Result<crypto::Key> audit_month_key(uint16_t month) const = 0;

  virtual Result<std::vector<SourceStatus>> sources() const = 0;
  // A number never changes. Nothing: that source never sent anything.
  virtual Result<std::optional<SourceNumber>> source_number(std::string_view name) const = 0;
  virtual Result<std::vector<Refusal>> refusals(SourceNumber source, size_t count_max) const = 0;
};

// One resource to write, ready but for its number t. Made by Store::prepare.
struct Prepared {
  ItemKey key;
  ResourceId id;
  SourceNumber source = 0;
  std::string own_id;
  bool create = true;  // nothing of this id was ever stored in this place
  // Set when the resource goes to another place, because its patient is now known or was corrected:
  // where it was. It keeps its id and goes on with its version numbers; its past stays behind,
  // closed by a deletion.
  std::optional<ItemKey> moved_from;
  bool unchanged = false;  // the current version has this very body: nothing to write
  bool deletion = false;
  uint32_t previous_version = 0;  // 0 when create
  bool previous_deleted = false;
  T previous_t = 0;
  RowHeader header;  // version and t are set by the commit
  std::string sealed;
  IndexEntries index;
  IndexEntries superseded;           // index entries of the current version, when there is one
  std::string superseded_row;        // its row, to be moved to history
  std::optional<std::string> match;  // Patients only: the match key, empty for none

  // The same version for another patient it is about; moves in step with the item itself.
  struct Copy {
    ItemKey key;
    bool leaves = false;  // the new version is not about this patient any more
    T previous_t = 0;     // 0: it was not there
    std::string sealed;
    IndexEntries index;
    IndexEntries superseded;
    std::string superseded_row;
  };
  std::vector<Copy> copies;
  std::vector<ItemPlace> places;  // of the new version: its own, then its copies'; empty: only one

  bool is_new() const { return previous_version == 0 && !deletion && !unchanged; }
};

struct Draft {
  ResourceKey resource;
  Ord ord;  // where it belongs now; another place than it has moves it
  SourceNumber source = 0;
  std::string_view own_id;
  const Canonical* canonical = nullptr;  // null: delete
  const json::Node* tree = nullptr;      // the canonical tree, for index entries
  std::string_view match;                // Patients only
  // Other patients, of the same source, whom it is about too: distinct, none of them `ord`, fewer
  // than kPlacesMax. Only where `ord` is a patient's.
  std::span<const Ord> also_about = {};
  // The caller has looked the id up since it could last have been stored, and there is none: saves
  // looking again. Not for Patients, whose place is there before them.
  bool is_absent = false;
};

struct CommitResult {
  T t = 0;                                // 0 when nothing had to be written
  std::optional<uint64_t> ledger_number;  // of the first entry appended with it
  uint32_t created = 0;
  uint32_t updated = 0;
  uint32_t deleted = 0;
  uint32_t unchanged = 0;
};

struct BulkLoadOptions {
  uint64_t buffer_bytes = uint64_t{80} << 20;  // rows in memory: over it is_full()
  // Rows in temporary files: a make_room() that would go over it flushes. Bounds disk space, and
  // what a kill throws away.
  uint64_t put_aside_bytes = uint64_t{4} << 30;
};

// Takes in large numbers of new resources: rows are gathered, sorted and ingested without a
// write-ahead log. One bulk load at a time, and no commit() beside it; add() from several threads
// at once.
class BulkLoad {
 public:
  virtual ~BulkLoad() = default;  // what was not flushed is dropped
  // `prepared.is_new()` must hold. After this the buffer may be over its budget: see is_full().
  virtual Status add(const Prepared& prepared) = 0;
  // Durable and visible when it returns; atomic. No prepare() or add() may run meanwhile. After a
  // failure nothing of the load can be flushed any more: begin another.
  virtual Status flush() = 0;
  virtual bool is_full() const = 0;
  // Empties the buffer: puts rows aside in temporary files, to be sorted in by the next flush(), or
  // flushes. As flush() otherwise.
  virtual Status make_room() = 0;
};

// What a check finds. Findings name ids, families and counts; never content.
struct CheckReport {
  uint64_t items = 0;
  uint64_t versions = 0;
  uint64_t index_rows = 0;
  uint64_t source_patients = 0;
  std::vector<std::string> findings;  // empty: the store is sound; at most kFindingsMax
  uint64_t finding_count = 0;
};
inline constexpr size_t kFindingsMax = 100;
using CheckProgress = std::function<void(uint64_t items_done)>;

// What the erasure of a source patient would destroy, as of one moment. Counts, never content.
struct ErasurePlan {
  Ord ord;
  ResourceId patient;
  SourceNumber source = 0;
  // Changes with every version stored or link made: who confirms this state confirms what was
  // counted.
  crypto::Digest state{};
  struct Count {
    uint64_t resources = 0;  // current ones
    uint64_t versions = 0;   // with all past ones and deletions
  };
  std::map<fhir::TypeNumber, Count> types;
  uint64_t kept_with_others = 0;  // resources of which other patients keep a copy
  uint64_t others = 0;            // other source patients linked as the same person
};

struct ErasureOrder {
  Ord ord;
  crypto::Digest state{};  // of the plan that was confirmed
  std::string by;
  std::string reason;  // at most kEraseReasonBytesMax; kept sealed
};

// What was done, as the ledger's certificate says it.
struct ErasureDone {
  uint64_t certificate = 0;
  T t = 0;
  uint64_t ledger_number = 0;
  std::map<std::string, uint64_t> rows;  // removed, by family
};

// Of work that reads or rewrites whole families.
using FamilyProgress = std::function<void(std::string_view family, size_t done, size_t total)>;

// The store's files as of one moment, beside the store at work, for a backup to copy: nobody may
// write to them. They go with it. Must not outlive its store.
class Moment {
 public:
  virtual ~Moment() = default;
  virtual const std::string& folder() const = 0;
};

struct Sizes {
  struct Family {
    std::string name;
    uint64_t bytes = 0;
    uint64_t keys = 0;
  };
  std::vector<Family> families;
};

// Thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  virtual std::unique_ptr<View> view() = 0;

  // The number of a source, registered (durably) when new. kInvalid: not a source name.
  virtual Result<SourceNumber> register_source(std::string_view name) = 0;
  virtual IdMinter id_minter() const = 0;
  virtual crypto::Key page_token_key() const = 0;

  // The ord of the source patient whose Patient has that id hash and own id, made when new. The
  // place is kept from the first commit or flush that stores something in it, whether or not that
  // is the Patient itself.
  virtual Result<Ord> place_patient(SourceNumber source, const IdHash& patient,
                                    std::string_view own_id) = 0;

  // Looks up what is there, seals, and extracts index entries. `previous` work is compared by
  // digest. A patient's record may hold items of other sources than the patient's, but for what
  // tells of care (fhir/care_events.h): kInvalid.
  virtual Status prepare(const Draft& draft, Prepared& out) = 0;
  // All or none, durable when it returns. kConflict: something changed since prepare, or a given id
  // was taken meanwhile: prepare again. kBusy: an erasure keeps others back for a while. kInvalid:
  // a resource is there twice. `entries` go into the ledger in the same batch. `conditions` hold at
  // the moment of the commit, or it is kConflict.
  virtual Result<CommitResult> commit(std::span<Prepared> items,
                                      std::span<const ledger::Append> entries = {},
                                      std::span<const Condition> conditions = {}) = 0;
  // Appends to the ledger: all or none, durable when it returns; the number of the first. One sync
  // serves all that wait. Also while a bulk load runs, but not at the moment of its flush().
  virtual Result<uint64_t> append_ledger(std::span<const ledger::Append> entries) = 0;
  // The same without waiting. `done` is called once, on a thread of the store or of one who commits
  // meanwhile, before the store is gone. Others wait for it: it must be quick, and write nothing.
  using Appended = std::function<void(Result<uint64_t> number)>;
  virtual void append_ledger(std::vector<ledger::Append> entries, Appended done) = 0;
  // The keys that seal what is appended; a new one is durable with the next append or commit.
  virtual crypto::Key audit_key(Ord ord) = 0;
  virtual crypto::Key audit_month_key(uint16_t month) = 0;
  virtual Result<std::unique_ptr<BulkLoad>> begin_bulk_load(const BulkLoadOptions& options) = 0;
  // Frees what is remembered of places since they were first used. Everything prepared must have
  // been committed or flushed, or be dropped.
  virtual void forget_places() = 0;

  // Replaces what is remembered of a source's arrivals, and of refusals from those files.
  virtual Status record_arrival(SourceNumber source, const Arrival& arrival,
                                std::span<const FileDigest> files,
                                std::span<const Refusal> refusals) = 0;

  // Reads everything: every body opens and matches its digest, every index row has its resource and
  // every resource its index rows, all references between families hold, the ledger agrees with
  // itself and is found by whom it is about. Changes nothing.
  virtual Result<CheckReport> check(const CheckProgress& progress) = 0;

  // Seals all keys under another region key (key_store.h), while the store is in use. The store's
  // files stay as they are: they are enciphered under a key of their own.
  virtual Status change_region_key(const crypto::Key& next, const KeyProgress& progress) = 0;

  // What would go. kNotFound: there is no such source patient.
  virtual Result<ErasurePlan> plan_erasure(Ord ord) = 0;
  // Destroys the record of a source patient: its data key, and its rows in every family, in one
  // commit with the certificate in the ledger. From the moment it stands on the erasure list it
  // will be done: what a failure or a power cut leaves undone, the next open_store() does. Reads
  // whole families. kConflict: its state is another than was confirmed; nothing was done.
  // kNotFound: there is none. kInvalid: the reason is empty or too long.
  virtual Result<ErasureDone> erase(const ErasureOrder& order, const FamilyProgress& progress) = 0;
  // Erasures whose rows older files may still hold: see scrub().
  virtual Result<uint64_t> unscrubbed_erasures() const = 0;
  // Rewrites the files that may hold rows of what was erased. When the store was then opened once
  // more, none of its files holds any. kBusy: a view is open, or a moment is kept. May be repeated
  // after a failure.
  virtual Status scrub(const FamilyProgress& progress) = 0;
  // What stands on the erasure list, in its order.
  virtual std::vector<Erasure> erasures() const = 0;

  // All families at one moment, record and ledger together: every commit acknowledged before the
  // call, and of those that come meanwhile none or the first so many, whole. Reading and writing go
  // on; what is kept takes room on the disk as files that are replaced don't go. One at a time.
  // kBusy: there is one. kUnsupported: the engine has no files.
  virtual Result<std::unique_ptr<Moment>> freeze() = 0;

  virtual Status flush() = 0;
  virtual Sizes sizes() = 0;
};

enum class Engine : uint8_t { kRocks, kMemory };

// What becomes of a store whose ledger could not be gone on with, as its rows are damaged. Read
// only: it opens, so that the damage can be named; commits and entries are refused.
enum class DamagedLedger : uint8_t { kRefuse, kReadOnly };

struct StoreOptions {
  std::string data_folder;
  std::string keys_folder;  // empty: data_folder + ".keys"; the erasure list is this + ".erasures"
  crypto::Key region_key;
  uint64_t cache_bytes = uint64_t{256} << 20;
  Engine engine = Engine::kRocks;
  FileSystem* files = nullptr;   // null: the disk
  const Clock* clock = nullptr;  // null: the system's
  bool tiny = false;             // tests: small blocks and buffers
  DamagedLedger damaged_ledger = DamagedLedger::kRefuse;
};

// Opens, or makes, a store. What stands on the erasure list and is still there (an older copy was
// brought back, or an erasure was cut short) is erased before it returns, with an entry in the
// ledger. Errors: of the key store and erasure list (key_store.h, erasure_list.h), of the files
// (rocks_store.h);
// kUnsupported for a newer format or other definitions; kUnavailable for a store whose key store is
// gone.
Result<std::unique_ptr<Store>> open_store(const StoreOptions& options);
// Where the erasure list of a key store is.
std::string erasure_list_path(const std::string& keys_folder);
// Whether a folder holds a store.
bool store_exists(FileSystem& files, const std::string& data_folder);

}  // namespace continuum::record
