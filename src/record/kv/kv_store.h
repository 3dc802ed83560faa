// record::Store over kv::Store: the embedded engine.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "kv/store.h"
#include "record/kv/commit_queue.h"
#include "record/kv/kv_view.h"
#include "record/kv/row_run.h"
#include "record/kv/row_writer.h"
#include "record/store.h"

namespace continuum::record {

class KvStore final : public Store {
 public:
  KvStore(std::unique_ptr<kv::Store> kv, std::unique_ptr<KeyStore> keys, const Clock& clock)
      : kv_(std::move(kv)), keys_(std::move(keys)), clock_(clock) {}

  // Checks or writes format and definitions, and reads the counters.
  Status open(DamagedLedger damaged = DamagedLedger::kRefuse);
  // Where a bulk load may put rows aside; what is in the folder is removed. Without: in memory
  // only.
  Status use_temporary_folder(FileSystem& files, const std::string& folder);
  // Where freeze() puts a moment; what is there is removed. Without: it does not.
  Status use_moment_folder(FileSystem& files, const std::string& folder);

  std::unique_ptr<View> view() override {
    return std::make_unique<KvView>(kv_->snapshot(), *keys_, Counted(views_open_));
  }
  Result<SourceNumber> register_source(std::string_view name) override;
  IdMinter id_minter() const override;
  crypto::Key page_token_key() const override;
  Result<Ord> place_patient(SourceNumber source, const IdHash& patient,
                            std::string_view own_id) override;
  Status prepare(const Draft& draft, Prepared& out) override;
  Result<CommitResult> commit(std::span<Prepared> items, std::span<const ledger::Append> entries,
                              std::span<const Condition> conditions) override;
  Result<uint64_t> append_ledger(std::span<const ledger::Append> entries) override;
  void append_ledger(std::vector<ledger::Append> entries, Appended done) override;
  crypto::Key audit_key(Ord ord) override { return keys_->audit_key_or_new(ord); }
  crypto::Key audit_month_key(uint16_t month) override {
    return keys_->audit_month_key_or_new(month);
  }
  Result<std::unique_ptr<BulkLoad>> begin_bulk_load(const BulkLoadOptions& options) override;
  void forget_places() override;
  Status record_arrival(SourceNumber source, const Arrival& arrival,
                        std::span<const FileDigest> files,
                        std::span<const Refusal> refusals) override;
  Result<CheckReport> check(const CheckProgress& progress) override;
  // Keeps the erasure list at `path`, and does what stands on it and is not done. Until then
  // nothing can be erased.
  Status bring_up_to(FileSystem& files, const std::string& path);
  Status change_region_key(const crypto::Key& next, const KeyProgress& progress) override {
    return keys_->change_region_key(next, progress);
  }
  Result<ErasurePlan> plan_erasure(Ord ord) override;
  Result<ErasureDone> erase(const ErasureOrder& order, const FamilyProgress& progress) override;
  Result<uint64_t> unscrubbed_erasures() const override;
  Status scrub(const FamilyProgress& progress) override;
  std::vector<Erasure> erasures() const override;
  Result<std::unique_ptr<Moment>> freeze() override;
  Status flush() override { return kv_->flush(); }
  Sizes sizes() override;

 private:
  friend class KvBulkLoad;
  friend class KvMoment;

  // What one group of commits has gathered so far.
  struct Group {
    kv::Batch batch;
    std::unique_ptr<KvView> before;
    std::set<std::string> touched;  // directory keys: two may be about to create the same resource
    std::set<Ord> placed;           // whose place is written
    std::map<Ord, std::string> given_ids;  // of their Patients, where clients gave them
    StagedItems staged;                    // what its commits store
    std::set<std::pair<fhir::TypeNumber, SourceNumber>> changed;
    std::map<std::string, PersonNumber> matches;
    T t = 0;
    Instant instant;
    PersonNumber person = 0;
    bool is_rewritten = false;  // `before` is not what the next commits change
    std::set<Ord> erased;
  };

  std::unique_ptr<KvView> kv_view() const {
    return std::make_unique<KvView>(kv_->snapshot(), *keys_);
  }
  Status open_log(const kv::Snapshot& snapshot, DamagedLedger damaged);
  Result<ItemNumber> reserve_item(Ord ord, fhir::TypeNumber type, SourceNumber source);
  // The place of an ord, read on first use. Caller holds places_mutex_.
  Result<Place*> place(Ord ord, SourceNumber source);
  Status load_bucket(uint16_t bucket);
  // Rows that keep a place: its ord row, and the Patient's directory entry when new.
  void write_place(Ord ord, const Place& place, const PutRow& put) const;

  void commit_group(std::span<CommitQueue::Commit* const> commits);
  void add_entries(CommitQueue::Commit& commit, Group& group);
  Result<CommitResult> add_to_group(const CommitQueue::Commit& commit, Group& group);
  Result<CommitResult> add_items(std::span<Prepared> items, std::span<const Condition> conditions,
                                 Group& group);
  void note_changed(const Group& group);
  Status check_condition(const Condition& condition, Group& group) const;
  static Result<CommitResult> add_rewriting(const CommitQueue::Rewriting& rewriting, Group& group);
  Status check_unchanged(const Prepared& item, const Group& group) const;
  Status prepare_known(const Draft& draft, const KvView& view, const Located& located,
                       Prepared& out);
  // The version to be superseded, with its body.
  struct Before {
    const StoredItem* item = nullptr;  // null: there is none
    std::string body;
  };
  Status prepare_content(const Draft& draft, const KvView* view, const Before& before,
                         Prepared& out);
  Status prepare_copies(const Draft& draft, const KvView* view, const Before& before,
                        Prepared& out);
  static Status supersede_copy(const KvView& view, const Before& before, Prepared::Copy& copy);
  void write_item(const Prepared& item, Group& group);
  void write_place_of(Ord ord, Group& group);
  // What writing a Patient's link needs to know of before; nothing when the link stays as it is.
  struct LinkBefore {
    std::optional<PatientLink> link;
    std::optional<PersonNumber> matching;
  };
  Result<std::optional<LinkBefore>> read_link(const Prepared& item, const Group& group) const;
  void write_link(const Prepared& item, const LinkBefore& before, T t, Group& group);
  // The erasures on the list that the rows don't say were done; what only the rows say is added to
  // the list.
  Result<std::vector<Erasure>> undone_erasures();
  Result<ErasureDone> carry_out(const Erasure& erasure, std::string_view outcome,
                                const FamilyProgress& progress);
  Result<ErasureDone> try_to_carry_out(const Erasure& erasure, std::string_view outcome,
                                       const FamilyProgress& progress);
  static Status keep_number(const KvView& view, Ord ord, kv::Batch& rows);
  void forget_erased(Ord ord);
  Instant next_instant();
  std::unique_ptr<RowRun> temporary_run();

  std::unique_ptr<kv::Store> kv_;
  std::unique_ptr<KeyStore> keys_;
  const Clock& clock_;

  std::atomic<uint32_t> views_open_{0};

  struct Temporary {
    FileSystem* files = nullptr;
    std::string folder;
    crypto::Key key{};  // of this process alone
    std::atomic<uint64_t> next_number{0};
  };
  Temporary temporary_;

  struct MomentPlace {
    FileSystem* files = nullptr;
    std::string folder;
    std::atomic<bool> is_taken{false};
  };
  MomentPlace moment_;

  std::mutex places_mutex_;
  std::unordered_map<uint64_t, Place> places_;
  std::unordered_map<IdHash, Ord, IdHashHasher> placed_;
  std::unordered_map<uint16_t, uint32_t> next_local_;

  // Commits of resources pass it, and are refused while an erasure that they kept overtaking has it
  // closed.
  class Gate {
   public:
    bool enter() {
      std::lock_guard lock(mutex_);
      inside_ += is_closed_ ? 0 : 1;
      return !is_closed_;
    }
    void leave() {
      std::lock_guard lock(mutex_);
      --inside_;
      moved_.notify_all();
    }
    // Returns when nobody is inside.
    void close() {
      std::unique_lock lock(mutex_);
      is_closed_ = true;
      moved_.wait(lock, [this] { return inside_ == 0; });
    }
    void open() {
      std::lock_guard lock(mutex_);
      is_closed_ = false;
    }

   private:
    std::mutex mutex_;
    std::condition_variable moved_;
    bool is_closed_ = false;
    uint64_t inside_ = 0;
  };
  Gate gate_;

  mutable std::mutex erasures_mutex_;  // one erasure at a time; before all other mutexes
  std::optional<ErasureList> erasures_;
  // Nothing may be stored under these any more. Only the leader of the queue touches it, once open.
  std::set<Ord> erased_;

  std::mutex arrivals_mutex_;  // refusals kept are counted, then written

  // Only the leader of the queue touches it.
  std::optional<ledger::Log> log_;
  Status ledger_damage_;  // why the ledger can be read only
  // Only the leader of the queue, or the one bulk load, touches these.
  T last_t_ = 0;
  // When resources of a type and source (0: shared) were last stored by a commit; none before.
  std::map<std::pair<fhir::TypeNumber, SourceNumber>, T> changed_t_;
  T all_changed_t_ = 0;  // any may have been
  Instant last_instant_;
  PersonNumber last_person_ = 0;

  // Last: it may still commit while it goes.
  CommitQueue queue_{[this](auto commits) { commit_group(commits); },
                     [this] { return views_open_ > 0; }};
};

}  // namespace continuum::record
