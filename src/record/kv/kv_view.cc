#include "record/kv/kv_view.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "json/document.h"
#include "record/body.h"
#include "record/canonical.h"
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/kv/families.h"

namespace continuum::record {
namespace {

Result<StoredItem> decode_item(const ItemKey& key, std::string bytes) {
  StoredItem item;
  item.key = key;
  item.bytes = std::move(bytes);
  TRY(item.row, decode_row(item.bytes));
  return item;
}

bool wanted(const ScanOptions& options, fhir::TypeNumber type) {
  return options.types.empty() ||
         std::find(options.types.begin(), options.types.end(), type) != options.types.end();
}

// Where a scan of an ord begins: at its first item, or right after the given one and all its past.
std::string scan_start(Ord ord, const ScanOptions& options) {
  return options.after ? kv::prefix_end(current_key(*options.after)) : ord_key(ord);
}

std::string start_of_type(Ord ord, fhir::TypeNumber type) {
  std::string key = ord_key(ord);
  put_u8(key, type);
  return key;
}

}  // namespace

Result<uint64_t> read_counter(const kv::Snapshot& snapshot, std::string_view key) {
  std::string value;
  TRY(bool found, snapshot.get(kMeta, key, value));
  if (!found) {
    return 0;
  }
  return ByteReader(value).u64();
}

T KvView::stable_t() const {
  T t = stable_t_.load(std::memory_order_relaxed);
  if (t == 0) {
    t = read_counter(*snapshot_, kMetaT).value_or(0);
    stable_t_.store(t, std::memory_order_relaxed);
  }
  return t;
}

// Instants never go back along t (commits take the later of the clock and the last instant), so the
// answer is found by halving.
Result<T> KvView::t_at(Instant instant) const {
  T low = 0;
  T high = stable_t();
  while (low < high) {
    T middle = low + (high - low + 1) / 2;
    auto cursor = snapshot_->scan(kTimes, {t_key(middle)});
    bool found = cursor->next();
    TRY(cursor->status());
    if (!found) {
      high = middle - 1;
      continue;
    }
    TRY(Instant at, decode_instant(cursor->value()));
    TRY(T t, decode_t_key(cursor->key()));
    if (at <= instant) {
      low = t;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

Result<Instant> KvView::instant_of(T t) const {
  std::string value;
  TRY(bool found, snapshot_->get(kTimes, t_key(t), value));
  if (!found) {
    return fail(ErrorCode::kNotFound, "there is no commit of that number");
  }
  return decode_instant(value);
}

Result<std::optional<Located>> KvView::find(fhir::TypeNumber type, const IdHash& hash) const {
  std::string value;
  TRY(bool found, snapshot_->get(kDirectory, directory_key(type, hash), value));
  if (!found) {
    return std::optional<Located>();
  }
  TRY(DirectoryRow row, decode_directory_row(value));
  Located located;
  located.key = {row.ord, type, row.item};
  located.source = row.source;
  located.own_id = std::move(row.own_id);
  located.id = {row.id_bucket, hash, row.id_is_given ? located.own_id : std::string()};
  return std::optional(std::move(located));
}

Result<Located> KvView::locate(const ResourceKey& resource) const {
  ResourceId id = resource.id;
  auto absent = [] {
    return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
  };
  if (!id.given.empty()) {
    std::string value;
    TRY(bool is_given, snapshot_->get(kDirectory, given_id_key(resource.type, id.given), value));
    if (!is_given) {
      return absent();
    }
    TRY(id.hash, decode_given_id(value));
  }
  TRY(auto located, find(resource.type, id.hash));
  if (!located || located->id.given != id.given ||
      (id.given.empty() && located->id.bucket != id.bucket)) {
    return absent();
  }
  return std::move(*located);
}

Result<std::vector<FormerPlace>> KvView::former_places(fhir::TypeNumber type,
                                                       const IdHash& hash) const {
  std::vector<FormerPlace> places;
  std::string prefix = former_places_prefix(type, hash);
  auto cursor = snapshot_->scan(kDirectory, {prefix, kv::prefix_end(prefix)});
  while (cursor->next()) {
    TRY(FormerPlace place, decode_former_place(cursor->key(), cursor->value(), nullptr));
    places.insert(places.begin(), place);
  }
  TRY(cursor->status());
  return places;
}

Result<std::optional<StoredItem>> KvView::find_current(const ItemKey& item) const {
  std::string value;
  TRY(bool found, snapshot_->get(kCurrent, current_key(item), value));
  if (!found) {
    return std::optional<StoredItem>();
  }
  TRY(StoredItem stored, decode_item(item, std::move(value)));
  return std::optional<StoredItem>(std::move(stored));
}

Result<std::optional<StoredItem>> KvView::find_newest_history(const ItemKey& item) const {
  std::string from = current_key(item);
  auto cursor = snapshot_->scan(kHistory, {from, kv::prefix_end(from)});
  if (!cursor->next()) {
    TRY(cursor->status());
    return std::optional<StoredItem>();
  }
  TRY(StoredItem stored, decode_item(item, std::string(cursor->value())));
  return std::optional<StoredItem>(std::move(stored));
}

Result<StoredItem> KvView::read(const ItemKey& item) const {
  TRY(auto current, find_current(item));
  if (current) {
    return std::move(*current);
  }
  TRY(auto past, find_newest_history(item));
  if (past && past->row.header.deleted) {
    return fail(ErrorCode::kGone, "the resource was deleted");
  }
  return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
}

Result<StoredItem> KvView::read_version(const ItemKey& item, uint32_t version) const {
  TRY(auto all, versions(item));
  for (StoredItem& stored : all) {
    if (stored.row.header.version == version) {
      return std::move(stored);
    }
  }
  return fail(ErrorCode::kNotFound, "the resource has no such version");
}

Result<std::vector<StoredItem>> KvView::versions(const ItemKey& item) const {
  std::vector<StoredItem> out;
  TRY(auto current, find_current(item));
  if (current) {
    out.push_back(std::move(*current));
  }
  std::string from = current_key(item);
  auto cursor = snapshot_->scan(kHistory, {from, kv::prefix_end(from)});
  while (cursor->next()) {
    TRY(StoredItem stored, decode_item(item, std::string(cursor->value())));
    out.push_back(std::move(stored));
  }
  TRY(cursor->status());
  return out;
}

Result<StoredItem> KvView::read_version_of(const VersionKey& version) const {
  TRY(auto current, find_current(version.item));
  if (current && current->row.header.t == version.t) {
    return std::move(*current);
  }
  std::string value;
  TRY(bool found, snapshot_->get(kHistory, history_key(version.item, version.t), value));
  if (!found) {
    return fail(ErrorCode::kNotFound, "the resource has no such version");
  }
  return decode_item(version.item, std::move(value));
}

// Walks current and history side by side.
Status KvView::scan_versions(const VersionRange& range, const ScanVisitor& visit) const {
  CHECK(range.type || !range.item);
  std::string from = range.item   ? current_key({range.ord, *range.type, *range.item})
                     : range.type ? start_of_type(range.ord, *range.type)
                                  : ord_key(range.ord);
  std::string to = kv::prefix_end(from);
  auto current = snapshot_->scan(kCurrent, {from, to});
  auto history = snapshot_->scan(kHistory, {from, to});
  bool in_current = current->next();
  TRY(current->status());
  bool in_history = history->next();
  TRY(history->status());
  while (in_current || in_history) {
    bool take_current =
        in_current && (!in_history || current->key() <= history->key().substr(0, kItemKeySize));
    kv::Cursor& cursor = take_current ? *current : *history;
    StoredItem item;
    TRY(item.key, decode_item_key(cursor.key()));
    TRY(item.row, decode_row(cursor.value()));
    TRY(bool go_on, visit(item));
    if (!go_on) {
      return {};
    }
    (take_current ? in_current : in_history) = cursor.next();
    TRY(cursor.status());
  }
  return {};
}

Result<std::optional<RowHeader>> KvView::version_before(const VersionKey& version) const {
  std::string to = kv::prefix_end(current_key(version.item));
  auto cursor = snapshot_->scan(kHistory, {history_key(version.item, version.t), to});
  bool found = cursor->next();
  if (found && cursor->key() == history_key(version.item, version.t)) {
    found = cursor->next();
  }
  TRY(cursor->status());
  if (!found) {
    return std::optional<RowHeader>();
  }
  TRY(Row row, decode_row(cursor->value()));
  return std::optional<RowHeader>(row.header);
}

Result<std::optional<RowHeader>> KvView::version_after(const VersionKey& version) const {
  std::string from = current_key(version.item);
  auto cursor = snapshot_->scan(kHistory, {from, kv::prefix_end(from)});
  if (cursor->seek_before(history_key(version.item, version.t))) {
    TRY(Row row, decode_row(cursor->value()));
    return std::optional<RowHeader>(row.header);
  }
  TRY(cursor->status());
  TRY(auto current, find_current(version.item));
  return current && current->row.header.t > version.t
             ? std::optional<RowHeader>(current->row.header)
             : std::nullopt;
}

Result<ResourceId> KvView::id_of(const StoredItem& item) const {
  std::string body;
  if (!item.row.header.deleted) {
    TRY(open_canonical(item, body));
  } else {
    // Before a deletion there was something, unless it is the end of an end.
    std::string to = kv::prefix_end(current_key(item.key));
    auto cursor = snapshot_->scan(kHistory, {history_key(item.key, item.row.header.t), to});
    while (body.empty() && cursor->next()) {
      StoredItem before;
      before.key = item.key;
      TRY(before.row, decode_row(cursor->value()));
      if (!before.row.header.deleted) {
        TRY(open_canonical(before, body));
      }
    }
    TRY(cursor->status());
  }
  auto id = id_in(body, fhir::type_name(item.key.type));
  auto parsed = id ? ResourceId::named(*id) : std::nullopt;
  if (!parsed) {
    return fail(ErrorCode::kCorrupt, "a body does not start with the type of its key and an id");
  }
  return *parsed;
}

bool comes_before(const VersionKey& a, const VersionKey& b, Order order) {
  bool is_newer_first = a.t != b.t ? a.t > b.t : a.item < b.item;
  return order == Order::kNewestFirst ? is_newer_first : a != b && !is_newer_first;
}

Status KvView::scan_changes(const ChangesQuery& query, const ChangeVisitor& visit) const {
  CHECK(query.from >= 1);
  return query.order == Order::kNewestFirst ? scan_changes_forwards(query, visit)
                                            : scan_changes_backwards(query, visit);
}

Status KvView::scan_changes_forwards(const ChangesQuery& query, const ChangeVisitor& visit) const {
  auto cursor =
      snapshot_->scan(kChanges, {changes_prefix(query.source, query.to),
                                 kv::prefix_end(changes_prefix(query.source, query.from))});
  bool more = false;
  if (query.after) {
    // The row that holds it may begin before it.
    std::string at = changes_key({query.source, query.after->t, query.after->item});
    at.push_back('\0');
    more = cursor->seek_before(at);
    TRY(cursor->status());
    more = more || cursor->seek(at);
  } else {
    more = cursor->next();
  }
  for (; more; more = cursor->next()) {
    TRY(ChangesKey key, decode_changes_key(cursor->key()));
    TRY(auto changes, decode_changes(key, cursor->value()));
    for (const Change& change : changes) {
      if (query.after && !comes_before(*query.after, {key.t, change.item}, query.order)) {
        continue;
      }
      TRY(bool go_on, visit(key.t, change));
      if (!go_on) {
        return {};
      }
    }
  }
  return cursor->status();
}

Status KvView::scan_changes_backwards(const ChangesQuery& query, const ChangeVisitor& visit) const {
  std::string end = kv::prefix_end(changes_prefix(query.source, query.from));
  auto cursor = snapshot_->scan(kChanges, {changes_prefix(query.source, query.to), end});
  std::string before =
      query.after ? changes_key({query.source, query.after->t, query.after->item}) : end;
  while (cursor->seek_before(before)) {
    before = cursor->key();
    TRY(ChangesKey key, decode_changes_key(before));
    TRY(auto changes, decode_changes(key, cursor->value()));
    for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
      if (query.after && !comes_before(*query.after, {key.t, change->item}, query.order)) {
        continue;
      }
      TRY(bool go_on, visit(key.t, *change));
      if (!go_on) {
        return {};
      }
    }
  }
  return cursor->status();
}

Status KvView::open_canonical(const StoredItem& item, std::string& out) const {
  TRY(crypto::Key key, keys_.data_key(item.key.ord));
  return open_body(key, item.key, item.row, out);
}

Status KvView::append_resource(const StoredItem& item, std::string& out) const {
  thread_local std::string body;
  TRY(open_canonical(item, body));
  const RowHeader& header = item.row.header;
  if (header.splice_offset > body.size()) {
    return fail(ErrorCode::kCorrupt, "a row's splice offset is outside its body");
  }
  append_spliced(out, body, header.splice_offset, header.version, header.instant);
  return {};
}

Status KvView::scan(Ord ord, const ScanOptions& options, const ScanVisitor& visit) const {
  return options.as_of ? scan_as_of(ord, options, visit) : scan_current(ord, options, visit);
}

Status KvView::scan_current(Ord ord, const ScanOptions& options, const ScanVisitor& visit) const {
  std::string from = scan_start(ord, options);
  std::string to = kv::prefix_end(ord_key(ord));
  auto cursor = snapshot_->scan(kCurrent, {from, to});
  bool more = cursor->next();
  while (more) {
    TRY(ItemKey key, decode_item_key(cursor->key()));
    if (!wanted(options, key.type)) {
      more = key.type < UINT8_MAX &&
             cursor->seek(start_of_type(ord, static_cast<fhir::TypeNumber>(key.type + 1)));
      continue;
    }
    StoredItem item;
    item.key = key;
    TRY(item.row, decode_row(cursor->value()));
    TRY(bool go_on, visit(item));
    if (!go_on) {
      return {};
    }
    more = cursor->next();
  }
  return cursor->status();
}

// Walks current and history side by side. The version of an item as of t is its current row when
// that is old enough, else the newest history row that is.
Status KvView::scan_as_of(Ord ord, const ScanOptions& options, const ScanVisitor& visit) const {
  std::string from = scan_start(ord, options);
  std::string to = kv::prefix_end(ord_key(ord));
  auto current = snapshot_->scan(kCurrent, {from, to});
  auto history = snapshot_->scan(kHistory, {from, to});
  bool in_current = current->next();
  bool in_history = history->next();
  while (in_current || in_history) {
    std::string_view at_current = in_current ? current->key() : std::string_view();
    std::string_view at_history =
        in_history ? history->key().substr(0, kItemKeySize) : std::string_view();
    bool take_current = in_current && (!in_history || at_current <= at_history);
    std::string item_bytes(take_current ? at_current : at_history);
    TRY(ItemKey key, decode_item_key(item_bytes));
    StoredItem item;
    item.key = key;
    bool found = false;
    if (take_current) {
      TRY(item.row, decode_row(current->value()));
      found = item.row.header.t <= *options.as_of;
    }
    if (!found && in_history && at_history == item_bytes &&
        history->seek(history_key(key, *options.as_of)) &&
        history->key().substr(0, kItemKeySize) == item_bytes) {
      TRY(item.row, decode_row(history->value()));
      found = true;
    }
    if (found && !item.row.header.deleted && wanted(options, key.type)) {
      TRY(bool go_on, visit(item));
      if (!go_on) {
        return {};
      }
    }
    // SAFETY: a cursor forgets its error when it is moved again, so each move is asked: a row that
    // can't be read must not become a missing item.
    TRY(history->status());
    if (take_current) {
      in_current = current->next();
      TRY(current->status());
    }
    in_history = history->seek(kv::prefix_end(item_bytes));
    TRY(history->status());
  }
  TRY(current->status());
  return history->status();
}

Status KvView::scan_timeline(Ord ord, const std::function<bool(const Dated&)>& visit) const {
  std::string prefix = ord_key(ord);
  auto cursor = snapshot_->scan(kTimeline, {prefix, kv::prefix_end(prefix)});
  while (cursor->next()) {
    Dated dated;
    TRY(dated.key, decode_index_item(kTimeline, cursor->key()));
    TRY(dated.date, decode_timeline_date(cursor->key()));
    TRY(IndexStamp stamp, decode_index_stamp(cursor->value()));
    dated.t = stamp.t;
    if (!visit(dated)) {
      return {};
    }
  }
  return cursor->status();
}

Result<std::optional<Instant>> KvView::clinical_date(const StoredItem& item) const {
  std::string body;
  TRY(open_canonical(item, body));
  json::Document document;
  TRY(document.parse(body));
  IndexEntries index;
  index.add_resource(item.key, item.row.header.source, *document.root());
  for (const IndexEntries::Entry& entry : index.entries()) {
    if (entry.family == kTimeline) {
      TRY(Instant date, decode_timeline_date(index.key(entry)));
      return std::optional<Instant>(date);
    }
  }
  return std::optional<Instant>();
}

Status KvView::scan_care_rows(const std::string& prefix, const CareVisitor& visit) const {
  auto cursor = snapshot_->scan(kCare, {prefix, kv::prefix_end(prefix)});
  while (cursor->next()) {
    TRY(CareEvent event, decode_care(cursor->key(), cursor->value()));
    if (!visit(event)) {
      return {};
    }
  }
  return cursor->status();
}

Status KvView::scan_care(SourceNumber source, const CareVisitor& visit) const {
  return scan_care_rows(care_prefix(source), visit);
}

Status KvView::scan_care(SourceNumber source, Ord ord, std::optional<T> as_of,
                         const CareVisitor& visit) const {
  if (!as_of) {
    return scan_care_rows(care_prefix(source, ord), visit);
  }
  return scan_as_of(ord, {.types = {}, .as_of = as_of, .after = {}},
                    [&](const StoredItem& item) { return tell_care(source, item, visit); });
}

// What one version tells, read from its body.
Result<bool> KvView::tell_care(SourceNumber source, const StoredItem& item,
                               const CareVisitor& visit) const {
  if (item.row.header.source != source || !fhir::may_tell_of_care(item.key.type)) {
    return true;
  }
  std::string body;
  TRY(open_canonical(item, body));
  json::Document document;
  TRY(document.parse(body));
  bool go_on = true;
  fhir::care_events(item.key.type, *document.root(), [&](const fhir::CareEvent& event) {
    CareEvent told = to_care_event(item.key, event);
    told.t = item.row.header.t;
    go_on = go_on && visit(told);
  });
  return go_on;
}

Status KvView::scan_ords(Ord from, const std::function<bool(Ord, SourceNumber)>& visit) const {
  auto cursor = snapshot_->scan(kDirectory, {ord_row_key(from), "q"});
  while (cursor->next()) {
    TRY(Ord ord, decode_ord_row_key(cursor->key()));
    TRY(OrdRow row, decode_ord_row(cursor->value()));
    if (!visit(ord, row.source)) {
      return {};
    }
  }
  return cursor->status();
}

Result<std::vector<ItemKey>> KvView::find_token(fhir::TypeNumber type, std::string_view parameter,
                                                std::string_view system, std::string_view code,
                                                size_t count_max) const {
  std::vector<ItemKey> found;
  std::string prefix = token_prefix(type, parameter, system, code);
  auto cursor = snapshot_->scan(kPostings, {prefix, kv::prefix_end(prefix)});
  while (found.size() < count_max && cursor->next()) {
    TRY(ItemKey item, decode_index_item(kPostings, cursor->key()));
    TRY(IndexStamp stamp, decode_index_stamp(cursor->value()));
    if (!stamp.is_copy) {
      found.push_back(item);
    }
  }
  TRY(cursor->status());
  return found;
}

Result<std::optional<PatientLink>> KvView::link_of(Ord ord, std::optional<T> as_of) const {
  std::string prefix = patient_link_prefix(ord);
  std::string from = as_of ? patient_link_key(ord, *as_of) : prefix;
  auto cursor = snapshot_->scan(kLinks, {from, kv::prefix_end(prefix)});
  if (!cursor->next()) {
    TRY(cursor->status());
    return std::optional<PatientLink>();
  }
  TRY(PatientLink link, decode_patient_link(cursor->value()));
  return std::optional<PatientLink>(std::move(link));
}

Result<std::optional<PersonNumber>> KvView::person_matching(std::string_view match) const {
  std::string value;
  TRY(bool found, snapshot_->get(kLinks, match_key(match), value));
  if (!found) {
    return std::optional<PersonNumber>();
  }
  TRY(PersonNumber person, decode_person(value));
  return std::optional<PersonNumber>(person);
}

Result<bool> KvView::is_member(PersonNumber person, Ord ord) const {
  std::string prefix = membership_prefix(person, ord);
  auto cursor = snapshot_->scan(kLinks, {prefix, kv::prefix_end(prefix)});
  if (!cursor->next()) {
    TRY(cursor->status());
    return false;
  }
  return decode_joined(cursor->value());
}

Result<SourcePatient> KvView::source_patient(Ord ord) const {
  TRY(SourcePatient out, source_patient(ord, LinkMethod::kAlone));
  TRY(auto link, link_of(ord));
  if (link) {
    out.method = link->method;
  }
  return out;
}

Result<SourcePatient> KvView::source_patient(Ord ord, LinkMethod method) const {
  std::string value;
  TRY(bool found, snapshot_->get(kDirectory, ord_row_key(ord), value));
  if (!found || !ord.is_patient()) {
    return fail(ErrorCode::kNotFound, "there is no such source patient");
  }
  TRY(OrdRow row, decode_ord_row(value));
  return SourcePatient{
      ord, row.source, {ord.bucket(), row.patient, std::move(row.patient_given_id)}, method};
}

Result<std::vector<SourcePatient>> KvView::members_of(PersonNumber person, LinkMethod method,
                                                      std::optional<T> as_of) const {
  std::vector<SourcePatient> members;
  std::string prefix = membership_prefix(person);
  auto cursor = snapshot_->scan(kLinks, {prefix, kv::prefix_end(prefix)});
  std::optional<Ord> last;
  while (cursor->next()) {
    TRY(Membership membership, decode_membership_key(cursor->key()));
    if (last == membership.ord || membership.t > as_of.value_or(membership.t)) {
      continue;  // an older state, or a later one
    }
    last = membership.ord;
    TRY(bool joined, decode_joined(cursor->value()));
    if (joined) {
      TRY(SourcePatient member, source_patient(membership.ord, method));
      members.push_back(member);
    }
  }
  TRY(cursor->status());
  return members;
}

// Match keys of one NHS number start with it.
Result<std::vector<SourcePatient>> KvView::apart_from(Ord ord, std::optional<T> as_of) const {
  std::vector<SourcePatient> apart;
  TRY(auto link, link_of(ord, as_of));
  size_t shared = link ? link->match.find('|') : std::string::npos;
  if (shared == std::string::npos) {
    return apart;
  }
  std::string start = match_prefix(link->match.substr(0, shared + 1));
  auto cursor = snapshot_->scan(kLinks, {start, kv::prefix_end(start)});
  while (cursor->next()) {
    TRY(PersonNumber other, decode_person(cursor->value()));
    if (other != link->person) {
      TRY(auto members, members_of(other, LinkMethod::kNhsNumberAndBirthDate, as_of));
      apart.insert(apart.end(), members.begin(), members.end());
    }
  }
  TRY(cursor->status());
  return apart;
}

// Match keys of one NHS number stand together.
Result<std::vector<std::vector<SourcePatient>>> KvView::numbers_in_doubt(size_t count_max) const {
  std::vector<std::vector<SourcePatient>> groups;
  std::string number;
  std::vector<PersonNumber> persons;
  auto end_number = [&]() -> Status {
    std::vector<SourcePatient> all;
    size_t present = 0;
    for (size_t i = 0; persons.size() > 1 && i < persons.size(); ++i) {
      TRY(auto members, members_of(persons[i], LinkMethod::kNhsNumberAndBirthDate));
      present += members.empty() ? 0 : 1;
      all.insert(all.end(), members.begin(), members.end());
    }
    if (present > 1 && groups.size() < count_max) {
      groups.push_back(std::move(all));
    }
    persons.clear();
    return {};
  };
  auto cursor = snapshot_->scan(kLinks, {"k", "l"}, kv::ReadKind::kScan);
  while (groups.size() < count_max && cursor->next()) {
    TRY(std::string match, decode_match_key(cursor->key()));
    std::string this_number = match.substr(0, match.find('|'));
    if (this_number != number) {
      TRY(end_number());
      number = this_number;
    }
    TRY(PersonNumber person, decode_person(cursor->value()));
    persons.push_back(person);
  }
  TRY(cursor->status());
  TRY(end_number());
  return groups;
}

Result<Person> KvView::person_of(Ord ord, std::optional<T> as_of) const {
  Person person;
  TRY(auto link, link_of(ord, as_of));
  if (!link) {
    TRY(SourcePatient self, source_patient(ord));
    person.members.push_back(self);
    return person;
  }
  person.number = link->person;
  TRY(person.members, members_of(link->person, link->method, as_of));
  return person;
}

Result<Person> KvView::person(PersonNumber number, std::optional<T> as_of) const {
  Person person;
  person.number = number;
  TRY(person.members, members_of(number, LinkMethod::kNhsNumberAndBirthDate, as_of));
  return person;
}

Result<ledger::Reader> KvView::ledger() const {
  return ledger::Reader::open(*snapshot_, kLedgerFamilies);
}

Result<ledger::KvSource> KvView::ledger_source() const {
  return ledger::KvSource::open(*snapshot_, kLedgerFamilies);
}

Result<std::vector<SourceStatus>> KvView::sources() const {
  std::vector<SourceStatus> out;
  auto cursor = snapshot_->scan(kMeta, {"n", "o"});
  while (cursor->next()) {
    ByteReader reader(cursor->key().substr(1));
    SourceStatus status;
    TRY(status.number, reader.u16());
    status.name = cursor->value();
    std::string value;
    TRY(bool arrived, snapshot_->get(kMeta, meta_arrival_key(status.number), value));
    if (arrived) {
      TRY(status.arrival, decode_arrival(value));
    }
    out.push_back(std::move(status));
  }
  TRY(cursor->status());
  return out;
}

Result<std::optional<SourceNumber>> KvView::source_number(std::string_view name) const {
  std::string value;
  TRY(bool known, snapshot_->get(kMeta, meta_source_key(name), value));
  if (!known) {
    return std::optional<SourceNumber>();
  }
  TRY(SourceNumber number, ByteReader(value).u16());
  return std::optional<SourceNumber>(number);
}

Result<std::vector<Refusal>> KvView::refusals(SourceNumber source, size_t count_max) const {
  std::vector<Refusal> out;
  std::string prefix = refusal_prefix(source);
  auto cursor = snapshot_->scan(kMeta, {prefix, kv::prefix_end(prefix)});
  while (out.size() < count_max && cursor->next()) {
    TRY(Refusal refusal, decode_refusal(cursor->key(), cursor->value()));
    out.push_back(std::move(refusal));
  }
  TRY(cursor->status());
  return out;
}

}  // namespace continuum::record
