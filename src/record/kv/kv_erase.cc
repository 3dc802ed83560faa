// Erasing source patients. The line on the erasure list is what decides: before it nothing was
// done, from then on it will be, by erase() or by the next opening. Rows go in one commit with the
// certificate, then the data key goes.
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "json/writer.h"
#include "ledger/entry.h"
#include "record/kv/erase_rows.h"
#include "record/kv/kv_store.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

constexpr std::string_view kNamesOrd = "continuum erased ord";

// Names the ord to who has its audit key, and to nobody else.
std::string ord_digest(const crypto::Key& audit_key, Ord ord) {
  std::string message(kNamesOrd);
  put_u64(message, ord.value());
  return to_hex(crypto::view(crypto::Hmac(audit_key)(message)));
}

std::string counts_json(const std::map<std::string, uint64_t>& counts) {
  std::string out = "{";
  for (const auto& [name, count] : counts) {
    out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", json::quoted(name), count);
  }
  return out + "}";
}

std::map<std::string, uint64_t> resources_of(const ErasurePlan& plan) {
  std::map<std::string, uint64_t> counts;
  for (const auto& [type, count] : plan.types) {
    counts[std::string(fhir::type_name(type))] = count.resources;
  }
  return counts;
}

// Where a scan of whole rows of an ord starts, by family; empty: the family's rows of an ord are
// everywhere in it.
bool stands_together(FamilyNumber family) {
  return family == kCurrent || family == kHistory || family == kTimeline;
}

// Families with rows of a record. Of the ledger's, nothing is erased.
constexpr FamilyNumber kErasedFamilies[] = {kCurrent,  kHistory, kDirectory, kPostings, kRanges,
                                            kTimeline, kCare,    kLinks,     kChanges,  kMeta};

}  // namespace

Result<ErasurePlan> KvStore::plan_erasure(Ord ord) {
  auto view = kv_view();
  return record::plan_erasure(*view, ord);
}

std::vector<Erasure> KvStore::erasures() const {
  std::lock_guard lock(erasures_mutex_);
  return erasures_ ? erasures_->all() : std::vector<Erasure>();
}

Status KvStore::bring_up_to(FileSystem& files, const std::string& path) {
  std::lock_guard lock(erasures_mutex_);
  TRY(erasures_, ErasureList::open(files, path, keys_->purpose_key(Purpose::kErasures)));
  TRY(auto undone, undone_erasures());
  std::vector<Ord> ords;
  for (const Erasure& erasure : erasures_->all()) {
    erased_.insert(erasure.ord);
    ords.push_back(erasure.ord);
  }
  if (!ledger_damage_) {
    return {};  // read only: nothing can be erased, and nothing is served from it
  }
  for (const Erasure& erasure : undone) {
    TRY(ErasureDone done, carry_out(erasure, "replayed", {}));
    static_cast<void>(done);
  }
  return keys_->destroy_data_keys(ords);
}

Result<std::vector<Erasure>> KvStore::undone_erasures() {
  auto snapshot = kv_->snapshot();
  std::map<uint64_t, Erasure> done;
  auto cursor = snapshot->scan(kMeta, {erased_prefix(), kv::prefix_end(erased_prefix())});
  while (cursor->next()) {
    TRY(Erasure erasure, decode_erased(cursor->key(), cursor->value()));
    done.emplace(erasure.certificate, std::move(erasure));
  }
  TRY(cursor->status());
  for (const auto& [certificate, erasure] : done) {
    if (certificate == erasures_->next_certificate()) {
      TRY(erasures_->append(erasure));  // its end was lost
    }
    if (certificate > erasures_->all().size() || erasures_->all()[certificate - 1] != erasure) {
      return fail(
          ErrorCode::kCorrupt,
          "the erasure list and the store disagree on erasure " + std::to_string(certificate),
          {{"", "bring back the newest list of this region"}});
    }
  }
  std::vector<Erasure> undone;
  for (const Erasure& erasure : erasures_->all()) {
    if (!done.contains(erasure.certificate)) {
      undone.push_back(erasure);
    }
  }
  return undone;
}

Result<ErasureDone> KvStore::erase(const ErasureOrder& order, const FamilyProgress& progress) {
  if (order.reason.empty() || order.reason.size() > kEraseReasonBytesMax || !is_utf8(order.by)) {
    return fail(ErrorCode::kInvalid, "an erasure needs a reason, of at most " +
                                         std::to_string(kEraseReasonBytesMax) + " bytes");
  }
  std::lock_guard lock(erasures_mutex_);
  if (!erasures_) {
    return fail(ErrorCode::kUnavailable, "the store has no erasure list");
  }
  if (!ledger_damage_) {
    return fail(ledger_damage_.error());
  }
  TRY(ErasurePlan plan, plan_erasure(order.ord));
  if (plan.state != order.state) {
    return fail(ErrorCode::kConflict, "the record is not as it was when its erasure was requested",
                {{"", "request it again"}});
  }
  crypto::Key audit_key = keys_->audit_key_or_new(order.ord);
  TRY(keys_->sync());
  Erasure erasure;
  erasure.certificate = erasures_->next_certificate();
  erasure.instant = clock_.now();
  erasure.ord = order.ord;
  erasure.patient = erased_patient(keys_->purpose_key(Purpose::kErasures), plan.patient.hash);
  erasure.by = order.by;
  erasure.reason = seal_reason(audit_key, order.ord, order.reason);
  TRY(erasures_->append(erasure));
  TRY(ErasureDone done, carry_out(erasures_->all().back(), "done", progress));
  TRY(keys_->destroy_data_keys({&order.ord, 1}));
  return done;
}

// Caller holds erasures_mutex_.
Result<ErasureDone> KvStore::carry_out(const Erasure& erasure, std::string_view outcome,
                                       const FamilyProgress& progress) {
  auto done = try_to_carry_out(erasure, outcome, progress);
  if (done || done.error().code != ErrorCode::kConflict) {
    return done;
  }
  // What was stored meanwhile may be this patient's. Reads go on, and are written down.
  gate_.close();
  done = try_to_carry_out(erasure, outcome, progress);
  gate_.open();
  return done;
}

Result<ErasureDone> KvStore::try_to_carry_out(const Erasure& erasure, std::string_view outcome,
                                              const FamilyProgress& progress) {
  auto view = kv_view();
  ErasurePlan plan;
  auto planned = record::plan_erasure(*view, erasure.ord);
  if (planned) {
    plan = std::move(*planned);
    std::string patient = erased_patient(keys_->purpose_key(Purpose::kErasures), plan.patient.hash);
    if (patient != erasure.patient) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("what erasure {} names is another patient's in this store",
                              erasure.certificate),
                  {{"", "the store was written to without its erasure list: use a newer copy"}});
    }
  } else if (planned.error().code != ErrorCode::kNotFound) {
    return fail(planned.error());
  }
  TRY(ErasedRows rows, rows_to_erase(*view, erasure.ord, progress));

  CommitQueue::Rewriting rewriting;
  rewriting.as_of = view->stable_t();
  rewriting.rows = std::move(rows.changes);
  rewriting.erased = erasure.ord;
  rewriting.rows.put(kMeta, erased_key(erasure.ord), encode_erased(erasure));
  const std::vector<Ord> touched(rows.touched.begin(), rows.touched.end());
  rewriting.rows.put(kMeta, unscrubbed_key(erasure.certificate), encode_ords(touched));
  TRY(keep_number(*view, erasure.ord, rewriting.rows));

  ErasureDone done;
  done.certificate = erasure.certificate;
  done.t = rewriting.as_of + 1;
  done.rows = std::move(rows.removed);
  ledger::CommandEntry entry;
  entry.instant = clock_.now();
  entry.command = "erase";
  entry.by = erasure.by;
  entry.outcome = outcome;
  entry.details = fmt::format(
      R"({{"certificate":{},"ordered":"{}","ord":"{}","reason":"{}","t":{},"resources":{},"rows":{},"kept_with_others":{}}})",
      erasure.certificate, to_fhir_instant(erasure.instant),
      ord_digest(keys_->audit_key_or_new(erasure.ord), erasure.ord), to_base64(erasure.reason),
      done.t, counts_json(resources_of(plan)), counts_json(done.rows), plan.kept_with_others);
  ledger::Append append;
  TRY(append.entry, ledger::encode(entry));
  TRY(CommitResult result, queue_.commit({}, {&append, 1}, {}, &rewriting));
  done.ledger_number = *result.ledger_number;
  forget_erased(erasure.ord);
  return done;
}

// A number that was somebody's is nobody's again, also in a copy that is older than they are.
Status KvStore::keep_number(const KvView& view, Ord ord, kv::Batch& rows) {
  std::string value;
  TRY(bool found, view.snapshot().get(kMeta, meta_bucket_key(ord.bucket()), value));
  uint32_t next = kFirstPatientLocal;
  if (found) {
    TRY(next, ByteReader(value).u32());
  }
  if (ord.local() >= next) {
    std::string kept;
    put_u32(kept, ord.local() + 1);
    rows.put(kMeta, meta_bucket_key(ord.bucket()), kept);
  }
  return {};
}

void KvStore::forget_erased(Ord ord) {
  std::lock_guard lock(places_mutex_);
  places_.erase(ord.value());
  std::erase_if(placed_, [ord](const auto& placed) { return placed.second == ord; });
  if (auto next = next_local_.find(ord.bucket()); next != next_local_.end()) {
    next->second = std::max(next->second, ord.local() + 1);
  }
}

Result<uint64_t> KvStore::unscrubbed_erasures() const {
  auto snapshot = kv_->snapshot();
  auto cursor = snapshot->scan(kMeta, {unscrubbed_prefix(), kv::prefix_end(unscrubbed_prefix())});
  uint64_t count = 0;
  while (cursor->next()) {
    ++count;
  }
  TRY(cursor->status());
  return count;
}

Status KvStore::scrub(const FamilyProgress& progress) {
  std::lock_guard lock(erasures_mutex_);
  if (views_open_ > 0) {  // they would keep alive what is to go
    return fail(ErrorCode::kBusy, "somebody reads from the store");
  }
  if (moment_.is_taken) {
    return fail(ErrorCode::kBusy, "a backup is being made");
  }
  std::set<Ord> touched;
  kv::Batch scrubbed;
  {
    auto snapshot = kv_->snapshot();
    auto cursor = snapshot->scan(kMeta, {unscrubbed_prefix(), kv::prefix_end(unscrubbed_prefix())});
    while (cursor->next()) {
      TRY(auto ords, decode_ords(cursor->value()));
      touched.insert(ords.begin(), ords.end());
      scrubbed.remove(kMeta, cursor->key());
    }
    TRY(cursor->status());
  }
  if (scrubbed.empty()) {
    return {};
  }
  size_t done = 0;
  for (FamilyNumber family : kErasedFamilies) {
    if (progress) {
      progress(kFamilyNames[family], done, std::size(kErasedFamilies));
    }
    ++done;
    if (!stands_together(family)) {
      TRY(kv_->scrub(family, {}));
      continue;
    }
    for (Ord ord : touched) {
      std::string prefix = ord_key(ord);
      TRY(kv_->scrub(family, {prefix, kv::prefix_end(prefix)}));
    }
  }
  return kv_->commit(scrubbed, kv::Durability::kSynced);
}

}  // namespace continuum::record
