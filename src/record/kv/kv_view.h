// record::View over a kv snapshot.
#pragma once

#include <atomic>
#include <memory>

#include "base/counted.h"
#include "kv/store.h"
#include "record/key_store.h"
#include "record/store.h"

namespace continuum::record {

class KvView final : public View {
 public:
  // `keys` must outlive the view. `open`: counts it among those that are open.
  KvView(std::unique_ptr<kv::Snapshot> snapshot, const KeyStore& keys, Counted open = {})
      : snapshot_(std::move(snapshot)), keys_(keys), open_(std::move(open)) {}

  T stable_t() const override;
  Result<T> t_at(Instant instant) const override;
  Result<Instant> instant_of(T t) const override;
  Result<Located> locate(const ResourceKey& resource) const override;
  Result<std::vector<FormerPlace>> former_places(fhir::TypeNumber type,
                                                 const IdHash& hash) const override;
  Result<std::optional<Located>> find(fhir::TypeNumber type, const IdHash& hash) const override;
  Result<StoredItem> read(const ItemKey& item) const override;
  Result<StoredItem> read_version(const ItemKey& item, uint32_t version) const override;
  Result<std::vector<StoredItem>> versions(const ItemKey& item) const override;
  Result<StoredItem> read_version_of(const VersionKey& version) const override;
  Status scan_versions(const VersionRange& range, const ScanVisitor& visit) const override;
  Result<std::optional<RowHeader>> version_before(const VersionKey& version) const override;
  Result<std::optional<RowHeader>> version_after(const VersionKey& version) const override;
  Result<ResourceId> id_of(const StoredItem& item) const override;
  Status scan_changes(const ChangesQuery& query, const ChangeVisitor& visit) const override;
  Status append_resource(const StoredItem& item, std::string& out) const override;
  Status open_canonical(const StoredItem& item, std::string& out) const override;
  Status scan(Ord ord, const ScanOptions& options, const ScanVisitor& visit) const override;
  Status scan_timeline(Ord ord, const std::function<bool(const Dated&)>& visit) const override;
  Result<std::optional<Instant>> clinical_date(const StoredItem& item) const override;
  Status scan_care(SourceNumber source, const CareVisitor& visit) const override;
  Status scan_care(SourceNumber source, Ord ord, std::optional<T> as_of,
                   const CareVisitor& visit) const override;
  Status scan_ords(Ord from, const std::function<bool(Ord, SourceNumber)>& visit) const override;
  Result<std::vector<ItemKey>> find_token(fhir::TypeNumber type, std::string_view parameter,
                                          std::string_view system, std::string_view code,
                                          size_t count_max) const override;
  Result<std::vector<ItemKey>> find_matching(const Criteria& criteria,
                                             size_t count_max) const override;
  Result<Person> person_of(Ord ord, std::optional<T> as_of) const override;
  Result<Person> person(PersonNumber number, std::optional<T> as_of) const override;
  Result<std::vector<SourcePatient>> apart_from(Ord ord, std::optional<T> as_of) const override;
  Result<std::optional<PersonNumber>> person_matching(std::string_view match) const override;
  Result<SourcePatient> source_patient(Ord ord) const override;
  Result<std::vector<std::vector<SourcePatient>>> numbers_in_doubt(size_t count_max) const override;
  Result<ledger::Reader> ledger() const override;
  Result<ledger::KvSource> ledger_source() const override;
  Result<crypto::Key> audit_key(Ord ord) const override { return keys_.audit_key(ord); }
  Result<crypto::Key> audit_month_key(uint16_t month) const override {
    return keys_.audit_month_key(month);
  }
  Result<std::vector<SourceStatus>> sources() const override;
  Result<std::optional<SourceNumber>> source_number(std::string_view name) const override;
  Result<std::vector<Refusal>> refusals(SourceNumber source, size_t count_max) const override;

  const kv::Snapshot& snapshot() const { return *snapshot_; }
  // The current row, or nothing (never stored, or deleted).
  Result<std::optional<StoredItem>> find_current(const ItemKey& item) const;
  // The newest row of the history family, or nothing.
  Result<std::optional<StoredItem>> find_newest_history(const ItemKey& item) const;
  Result<std::optional<PatientLink>> link_of(Ord ord, std::optional<T> as_of = std::nullopt) const;
  Result<bool> is_member(PersonNumber person, Ord ord) const;

 private:
  Result<bool> tell_care(SourceNumber source, const StoredItem& item,
                         const CareVisitor& visit) const;
  Status scan_care_rows(const std::string& prefix, const CareVisitor& visit) const;
  Status scan_changes_forwards(const ChangesQuery& query, const ChangeVisitor& visit) const;
  Status scan_changes_backwards(const ChangesQuery& query, const ChangeVisitor& visit) const;
  Status scan_current(Ord ord, const ScanOptions& options, const ScanVisitor& visit) const;
  Status scan_as_of(Ord ord, const ScanOptions& options, const ScanVisitor& visit) const;
  Result<SourcePatient> source_patient(Ord ord, LinkMethod method) const;
  // All members of a person were joined by the same method: one match key made the person.
  Result<std::vector<SourcePatient>> members_of(PersonNumber person, LinkMethod method,
                                                std::optional<T> as_of = std::nullopt) const;

  std::unique_ptr<kv::Snapshot> snapshot_;
  const KeyStore& keys_;
  Counted open_;
  mutable std::atomic<T> stable_t_{0};  // once it was read; 0: not yet, or no commit
};

// Reads a u64 counter of the meta family; 0 when absent.
Result<uint64_t> read_counter(const kv::Snapshot& snapshot, std::string_view key);

}  // namespace continuum::record
