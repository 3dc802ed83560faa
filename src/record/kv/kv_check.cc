// Checking a whole store. Index rows are compared with what the bodies say by a sum over all of
// them (count, and a 128-bit sum of key digests), and so are the changes with the rows they made;
// only when the sums differ is each row looked up by itself.
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <set>

#include "base/bytes.h"
#include "fhir/care_events.h"
#include "json/document.h"
#include "record/body.h"
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/kv/kv_check_ledger.h"
#include "record/kv/kv_store.h"

namespace continuum::record {
namespace {

constexpr uint64_t kProgressStep = 4096;
constexpr std::array<FamilyNumber, 4> kIndexFamilies = {kPostings, kRanges, kTimeline, kCare};

// An order-free sum over a set of rows.
struct Sum {
  uint64_t count = 0;
  uint64_t low = 0;
  uint64_t high = 0;

  void add(std::string_view key, std::string_view value) {
    std::string row;
    put_length_prefixed(row, key);
    row.append(value);
    crypto::Digest digest = crypto::sha256(row);
    uint64_t part[2];
    std::memcpy(part, digest.data(), sizeof part);
    low += part[0];
    high += part[1];
    ++count;
  }
  bool operator==(const Sum&) const = default;
};

class Checker {
 public:
  Checker(const KvView& view, const KeyStore& keys, const CheckProgress& progress)
      : view_(view), keys_(keys), progress_(progress) {}

  Result<CheckReport> run() {
    TRY(check_current());
    TRY(check_history());
    TRY(check_directory());
    TRY(check_index());
    TRY(check_places());
    TRY(check_sources());
    TRY(check_links());
    TRY(check_memberships());
    TRY(check_commits());
    TRY(check_erased());
    TRY(check_ledger(view_.snapshot(), keys_,
                     [this](std::string finding) { find(std::move(finding)); }));
    return std::move(report_);
  }

 private:
  void find(std::string finding) {
    ++report_.finding_count;
    if (report_.findings.size() < kFindingsMax) {
      report_.findings.push_back(std::move(finding));
    }
  }
  static std::string name(const ItemKey& key) {
    return fmt::format("{} item {} of ord {:x}", fhir::type_name(key.type), key.item,
                       key.ord.value());
  }
  std::unique_ptr<kv::Cursor> all(FamilyNumber family) const {
    return view_.snapshot().scan(family, {}, kv::ReadKind::kScan);
  }
  void step() {
    if (++report_.items % kProgressStep == 0 && progress_) {
      progress_(report_.items);
    }
  }

  // Opens a row's body, checks it, and leaves the tree in document_; false when it is unsound.
  bool body_is_sound(const ItemKey& key, const Row& row) {
    auto data_key = keys_.data_key(key.ord);
    if (!data_key) {
      find(name(key) + ": the key store has no key for it");
      return false;
    }
    if (Status opened = open_body(*data_key, key, row, body_); !opened) {
      find(name(key) + ": " + opened.error().message);
      return false;
    }
    if (crypto::sha256(body_) != row.header.body_digest) {
      find(name(key) + ": the body is not the one its digest was made of");
      return false;
    }
    if (!document_.parse(body_)) {
      find(name(key) + ": the body is not JSON");
      return false;
    }
    constexpr std::string_view kMetaStart = "\"meta\":{";
    size_t splice = body_.find(kMetaStart);
    if (splice == std::string::npos || splice + kMetaStart.size() != row.header.splice_offset) {
      find(name(key) + ": the splice offset is not that of its meta");
      return false;
    }
    const json::Node& root = *document_.root();
    if (root.string("resourceType") != fhir::type_name(key.type)) {
      find(name(key) + ": the body is of another type");
      return false;
    }
    return true;
  }

  // What all rows have in common: their ord has a place, and their commit is known.
  Status note_row(const ItemKey& key, const RowHeader& header) {
    ++report_.versions;
    add_version(header.t, {key, header.version, header.deleted, header.source}, stored_);
    if (header.t > view_.stable_t()) {
      find(name(key) + ": committed after the last commit");
    }
    TRY(find_instant(header.t));
    if (instant_ != header.instant) {
      find(name(key) + ": its instant is not that of its commit");
    }
    if (key.ord != place_ord_) {
      TRY(find_place(key.ord));
    }
    if (key.ord.is_patient() && place_source_ != 0 && header.source != place_source_ &&
        !may_be_others(key)) {
      find(name(key) + ": another source wrote it than its patient's");
    }
    if (key.item >= next_item_) {
      find(name(key) + ": the item is used but not reserved");
    }
    return {};
  }
  // Who a patient is, and who cares for them, is told by their own source alone.
  static bool may_be_others(const ItemKey& key) {
    return key.type != fhir::kPatientType && !fhir::may_tell_of_care(key.type);
  }
  Status find_instant(T t) {
    if (t != instant_t_) {
      instant_t_ = t;
      instant_.reset();
      std::string value;
      TRY(bool found, view_.snapshot().get(kTimes, t_key(t), value));
      if (auto instant = decode_instant(value); found && instant) {
        instant_ = *instant;
      }
    }
    return {};
  }
  Status find_place(Ord ord) {
    place_ord_ = ord;
    place_source_ = 0;
    next_item_ = UINT32_MAX;
    std::string value;
    TRY(bool found, view_.snapshot().get(kDirectory, ord_row_key(ord), value));
    auto row = decode_ord_row(value);
    if (!found) {
      find(fmt::format("directory: ord {:x} has items and no row", ord.value()));
    } else if (row) {
      next_item_ = row->next_item;
      place_source_ = row->source;
    }
    return {};
  }
  // Nothing when the row can't be read or is missing: that is told where rows are walked.
  template <typename Found>
  static Found unless_unsound(Found found) {
    if (!found &&
        (found.error().code == ErrorCode::kCorrupt || found.error().code == ErrorCode::kNotFound)) {
      found.emplace();
    }
    return found;
  }

  Status check_current() {
    auto cursor = all(kCurrent);
    while (cursor->next()) {
      step();
      auto key = decode_item_key(cursor->key());
      if (!key || cursor->key().size() != kItemKeySize) {
        find("current: a key can't be read");
        continue;
      }
      auto row = decode_row(cursor->value());
      if (!row || row->header.deleted) {
        find(name(*key) + ": the row can't be read");
        continue;
      }
      item_count_ += is_copy(*row, *key) ? 0 : 1;
      TRY(note_row(*key, row->header));
      TRY(expect_places(*key, *row));
      if (body_is_sound(*key, *row)) {
        TRY(expect_index(*key, *row));
        TRY(expect_directory(*key, *row, document_.root()->string("id")));
        if (left_behind_.contains(*key) || copies_left_behind_.contains(*key)) {
          find(name(*key) + ": it is current, and its id leads elsewhere");
        }
        TRY(expect_link(*key));
      }
    }
    return cursor->status();
  }

  // Each place has the same version, and knows all others.
  Status expect_places(const ItemKey& key, const Row& row) {
    std::vector<ItemPlace> places = places_of(row);
    bool has_own = places.empty();
    for (const ItemPlace& place : places) {
      ItemKey other{place.ord, key.type, place.item};
      has_own = has_own || other == key;
      TRY(auto current, unless_unsound(view_.find_current(other)));
      if (!current || current->row.header.version != row.header.version ||
          current->row.header.body_digest != row.header.body_digest ||
          current->row.places != row.places) {
        find(name(key) + ": it is kept with several patients, and not the same with each");
      }
    }
    if (!has_own) {
      find(name(key) + ": it is kept where it does not say");
    }
    return {};
  }

  Status expect_index(const ItemKey& key, const Row& row) {
    unique_.clear();
    TRY(expect_index_rows(key, row, unique_));
    for (const auto& [at, value] : unique_) {
      expected_[at.first].add(at.second, value);
    }
    return {};
  }

  Status expect_directory(const ItemKey& key, const Row& row, std::string_view id_text) {
    std::vector<ItemPlace> places = places_of(row);
    ItemKey home =
        places.empty() ? key : ItemKey{places.front().ord, key.type, places.front().item};
    auto id = ResourceId::named(id_text);
    auto located =
        id ? view_.locate({key.type, *id}) : Result<Located>(fail(ErrorCode::kNotFound, "no id"));
    TRY(bool was_left, was_left(located, home));
    if (was_left) {
      (home == key ? left_behind_ : copies_left_behind_).insert(key);
    } else if (!located || located->key != home) {
      find(name(key) + ": the directory does not lead from its id to it");
    } else if (located->source != row.header.source) {
      find(name(key) + ": row and directory name different sources");
    }
    return {};
  }

  // Whether a resource was there before it was moved to where its id leads.
  Result<bool> was_left(const Result<Located>& located, const ItemKey& place) const {
    if (!located || located->key == place) {
      return false;
    }
    TRY(auto former, unless_unsound(view_.former_places(place.type, located->id.hash)));
    return std::any_of(former.begin(), former.end(),
                       [&place](const FormerPlace& other) { return other.item == place; });
  }

  Status expect_link(const ItemKey& key) {
    if (key.type == fhir::kPatientType && key.ord.is_patient()) {
      TRY(auto link, unless_unsound(view_.link_of(key.ord)));
      if (!link) {
        find(fmt::format("links: ord {:x} has no link", key.ord.value()));
      }
    }
    return {};
  }

  Status check_history() {
    auto cursor = all(kHistory);
    std::string last_item;
    uint32_t newer_version = 0;
    while (cursor->next()) {
      auto key = decode_item_key(cursor->key());
      auto t = decode_history_t(cursor->key());
      if (!key || !t) {
        find("history: a key can't be read");
        continue;
      }
      auto row = decode_row(cursor->value());
      if (!row) {
        find(name(*key) + ": a past row can't be read");
        continue;
      }
      if (row->header.t != *t) {
        find(name(*key) + ": a past row stands under another t");
      }
      TRY(note_row(*key, row->header));
      std::string_view item = cursor->key().substr(0, kItemKeySize);
      if (item != last_item) {
        last_item = item;
        TRY(auto current, unless_unsound(view_.find_current(*key)));
        if (!current && !row->header.deleted) {
          find(name(*key) + ": it was not deleted, and its current row is missing");
        }
        item_count_ += current || is_copy(*row, *key) ? 0 : 1;
        newer_version = current ? current->row.header.version : row->header.version + 1;
      }
      if (row->header.version + 1 != newer_version) {
        find(fmt::format("{}: version {} is followed by {}", name(*key), row->header.version,
                         newer_version));
      }
      newer_version = row->header.version;
      if (!row->header.deleted && body_is_sound(*key, *row)) {
        TRY(expect_directory(*key, *row, document_.root()->string("id")));
      }
    }
    return cursor->status();
  }

  Status check_directory() {
    auto cursor = view_.snapshot().scan(kDirectory, {"i", "j"}, kv::ReadKind::kScan);
    uint64_t named = 0;
    while (cursor->next()) {
      auto resource = decode_directory_key(cursor->key());
      auto row = decode_directory_row(cursor->value());
      if (!resource || !row) {
        find("directory: a row can't be read");
        continue;
      }
      given_ids_ += row->id_is_given ? 1 : 0;
      ItemKey key{row->ord, resource->type, row->item};
      TRY(auto current, unless_unsound(view_.find_current(key)));
      TRY(auto past, unless_unsound(view_.find_newest_history(key)));
      bool is_patient = resource->type == fhir::kPatientType && row->ord.is_patient();
      if (current || past) {
        ++named;
      } else if (!is_patient) {
        find(name(key) + ": the directory names it, and it is not there");
      }
      if (is_patient) {  // its place is kept free, also when it has not come
        TRY(auto place, unless_unsound(view_.source_patient(row->ord)));
        if (row->item != kPatientItem || place.patient.hash != resource->id.hash) {
          find(name(key) + ": the directory names another Patient of its ord");
        }
      }
    }
    TRY(cursor->status());
    TRY(check_given_ids());
    TRY(check_former_places());
    uint64_t items = item_count_ - left_behind_.size();
    if (named != items) {
      find(fmt::format("directory: {} ids for {} items", named, items));
    }
    return {};
  }

  // Each leads to what says that it has it, and each that says so is led to.
  Status check_given_ids() {
    auto cursor = view_.snapshot().scan(kDirectory, {"n", "o"}, kv::ReadKind::kScan);
    uint64_t count = 0;
    while (cursor->next()) {
      ++count;
      auto given = decode_given_id_key(cursor->key());
      auto hash = decode_given_id(cursor->value());
      if (!given || !hash) {
        find("directory: a given id can't be read");
        continue;
      }
      TRY(auto located, unless_unsound(view_.find(given->type, *hash)));
      if (!located || located->id.given != given->id) {
        find("directory: a given id leads to what does not have it");
      }
    }
    TRY(cursor->status());
    if (count != given_ids_) {
      find(fmt::format("directory: {} given ids lead somewhere, {} are there", count, given_ids_));
    }
    return {};
  }

  // What left a place ended there.
  Status check_former_places() {
    const std::string prefix = former_places_prefix();
    auto cursor =
        view_.snapshot().scan(kDirectory, {prefix, kv::prefix_end(prefix)}, kv::ReadKind::kScan);
    while (cursor->next()) {
      IdHash hash{};
      auto place = decode_former_place(cursor->key(), cursor->value(), &hash);
      if (!place) {
        find("directory: a former place can't be read");
        continue;
      }
      TRY(auto located, unless_unsound(view_.find(place->item.type, hash)));
      TRY(auto current, unless_unsound(view_.find_current(place->item)));
      TRY(auto last, unless_unsound(view_.find_newest_history(place->item)));
      // By its deletion, or by an end of its own.
      const RowHeader end = last ? last->row.header : RowHeader();
      const bool has_ended = end.deleted && (end.version == place->last_version ||
                                             (end.moved && end.version == place->last_version + 1));
      if (!located || current || !has_ended) {
        find(name(place->item) + ": it was moved from there, and did not end there");
      }
    }
    return cursor->status();
  }

  Status check_index() {
    for (FamilyNumber family : kIndexFamilies) {
      Sum found;
      auto cursor = all(family);
      while (cursor->next()) {
        found.add(cursor->key(), cursor->value());
      }
      TRY(cursor->status());
      report_.index_rows += found.count;
      if (found != expected_[family]) {
        find(fmt::format("{}: {} rows, {} expected, or other content", kFamilyNames[family],
                         found.count, expected_[family].count));
        TRY(name_wrong_rows(family));
      }
    }
    return {};
  }

  // Slow, and only after the sums differ: each row against its resource, and the reverse.
  Status name_wrong_rows(FamilyNumber family) {
    auto cursor = all(family);
    while (cursor->next() && report_.findings.size() < kFindingsMax) {
      auto key = decode_index_item(family, cursor->key());
      if (!key) {
        find(std::string(kFamilyNames[family]) + ": a key can't be read");
        continue;
      }
      TRY(auto rows, rows_of(*key));
      auto expected = rows.find({family, std::string(cursor->key())});
      if (expected == rows.end()) {
        find(fmt::format("{}: a row says what {} does not", kFamilyNames[family], name(*key)));
      } else if (expected->second != cursor->value()) {
        find(fmt::format("{}: a row of {} has another value", kFamilyNames[family], name(*key)));
      }
    }
    TRY(cursor->status());
    auto items = all(kCurrent);
    while (items->next() && report_.findings.size() < kFindingsMax) {
      auto key = decode_item_key(items->key());
      if (!key) {
        continue;
      }
      TRY(auto rows, rows_of(*key));
      for (const auto& [at, value] : rows) {
        std::string unused;
        TRY(bool there, view_.snapshot().get(at.first, at.second, unused));
        if (at.first == family && !there) {
          find(fmt::format("{}: a row of {} is missing", kFamilyNames[family], name(*key)));
        }
      }
    }
    return items->status();
  }

  using Rows = std::map<std::pair<FamilyNumber, std::string>, std::string>;
  Result<Rows> rows_of(const ItemKey& key) {
    Rows rows;
    TRY(auto current, unless_unsound(view_.find_current(key)));
    if (!current || !view_.open_canonical(*current, body_) || !document_.parse(body_)) {
      return rows;
    }
    TRY(expect_index_rows(key, current->row, rows));
    return rows;
  }
  Status expect_index_rows(const ItemKey& key, const Row& row, Rows& rows) {
    index_.clear();
    index_.add_resource(key, row.header.source, *document_.root());
    IndexStamp stamp{row.header.t, row.header.label_class, is_copy(row, key)};
    for (const auto& entry : index_.entries()) {
      value_.clear();
      put_index_value(value_, stamp, index_.rest(entry));
      // A value said twice is one row; the last stands.
      rows[{entry.family, std::string(index_.key(entry))}] = value_;
    }
    return {};
  }

  // Places lead to their Patient and back, and the numbers still to come are free.
  Status check_places() {
    auto cursor = view_.snapshot().scan(kDirectory, {"p", "q"}, kv::ReadKind::kScan);
    std::optional<uint16_t> bucket;
    uint32_t next_local = 0;
    while (cursor->next()) {
      auto ord = decode_ord_row_key(cursor->key());
      auto row = decode_ord_row(cursor->value());
      if (!ord || !row) {
        find("directory: the row of an ord can't be read");
        continue;
      }
      auto place = fmt::format("directory: ord {:x}", ord->value());
      if (!ord->is_patient()) {
        if (row->source != ord->value()) {
          find(place + " is not the quarantine of its source");
        }
        continue;
      }
      ++report_.source_patients;
      auto located =
          view_.locate({fhir::kPatientType, {ord->bucket(), row->patient, row->patient_given_id}});
      if (!located || located->key != ItemKey{*ord, fhir::kPatientType, kPatientItem} ||
          located->source != row->source) {
        find(place + ": the directory does not lead from its Patient to it");
      }
      if (bucket != ord->bucket()) {
        bucket = ord->bucket();
        TRY(next_local, next_local_of(*bucket));
      }
      if (ord->local() >= next_local) {
        find(fmt::format("meta: {} is in use, and bucket {} would give its number again", place,
                         *bucket));
      }
    }
    return cursor->status();
  }
  Result<uint32_t> next_local_of(uint16_t bucket) const {
    std::string value;
    TRY(bool found, view_.snapshot().get(kMeta, meta_bucket_key(bucket), value));
    return found ? ByteReader(value).u32().value_or(0) : 0;
  }

  // Numbers and names of sources lead to each other.
  Status check_sources() {
    TRY(auto sources, view_.sources());
    for (const SourceStatus& source : sources) {
      std::string value;
      TRY(bool found, view_.snapshot().get(kMeta, meta_source_key(source.name), value));
      if (!found || ByteReader(value).u16().value_or(0) != source.number) {
        find(fmt::format("meta: the name of source {} leads elsewhere", source.number));
      }
    }
    return {};
  }

  bool is_given(PersonNumber person) {
    return person >= 1 && person <= read_counter(view_.snapshot(), kMetaPerson).value_or(0);
  }

  // The newest link of each ord: it is a member of that person, and others of the same match will
  // be.
  Status check_links() {
    auto cursor = view_.snapshot().scan(kLinks, {"o", "p"}, kv::ReadKind::kScan);
    std::optional<Ord> last;
    while (cursor->next()) {
      auto ord = decode_patient_link_key(cursor->key());
      auto link = decode_patient_link(cursor->value());
      if (!ord || !link) {
        find("links: a link can't be read");
        continue;
      }
      if (!is_given(link->person)) {
        find(fmt::format("links: ord {:x} is linked to a person that is not", ord->value()));
      }
      if (last == *ord) {
        continue;
      }
      last = *ord;
      TRY(auto joined, unless_unsound(view_.is_member(link->person, *ord)));
      if (!joined) {
        find(fmt::format("links: ord {:x} is not a member of its own person", ord->value()));
      }
      TRY(auto matching, unless_unsound(view_.person_matching(link->match)));
      if (link->match.empty() != (link->method == LinkMethod::kAlone) ||
          (!link->match.empty() && matching != link->person)) {
        find(fmt::format("links: the match of ord {:x} leads to another person", ord->value()));
      }
    }
    return cursor->status();
  }

  // The newest state of each membership, seen from the person.
  Status check_memberships() {
    auto cursor = view_.snapshot().scan(kLinks, {"m", "n"}, kv::ReadKind::kScan);
    std::string last;
    while (cursor->next()) {
      auto membership = decode_membership_key(cursor->key());
      auto joined = decode_joined(cursor->value());
      if (!membership || !joined) {
        find("links: a membership can't be read");
        continue;
      }
      std::string_view pair = cursor->key().substr(0, cursor->key().size() - sizeof(T));
      if (pair == last) {
        continue;
      }
      last = pair;
      TRY(auto link, unless_unsound(view_.link_of(membership->ord)));
      if (*joined != (link && link->person == membership->person)) {
        find(fmt::format("links: ord {:x} and person {} disagree", membership->ord.value(),
                         membership->person));
      }
    }
    return cursor->status();
  }

  // Of what was erased neither key nor place nor version is left.
  Status check_erased() {
    auto cursor = view_.snapshot().scan(kMeta, {erased_prefix(), kv::prefix_end(erased_prefix())});
    while (cursor->next()) {
      auto erasure = decode_erased(cursor->key(), cursor->value());
      if (!erasure) {
        find("meta: an erasure can't be read");
        continue;
      }
      const Ord ord = erasure->ord;
      std::string place;
      TRY(bool is_placed, view_.snapshot().get(kDirectory, ord_row_key(ord), place));
      bool has_rows = false;
      for (FamilyNumber family : {kCurrent, kHistory}) {
        std::string prefix = ord_key(ord);
        auto rows = view_.snapshot().scan(family, {prefix, kv::prefix_end(prefix)});
        has_rows = rows->next() || has_rows;
        TRY(rows->status());
      }
      if (is_placed || has_rows || keys_.data_key(ord)) {
        find(fmt::format("meta: ord {:x} was erased, and is not gone", ord.value()));
      }
    }
    return cursor->status();
  }

  // An instant for each t, none earlier than the one before; and in the changes each version there
  // is.
  Status check_commits() {
    TRY(check_times());
    auto changes = all(kChanges);
    Sum said;
    while (changes->next()) {
      auto key = decode_changes_key(changes->key());
      auto list = key ? decode_changes(*key, changes->value())
                      : Result<std::vector<Change>>(fail(key.error()));
      if (!list) {
        find("changes: a row can't be read");
        continue;
      }
      for (const Change& change : *list) {
        add_version(key->t, change, said);
      }
    }
    TRY(changes->status());
    if (said != stored_) {
      find(fmt::format("changes: {} versions, {} stored, or others", said.count, stored_.count));
      TRY(name_wrong_changes());
    }
    return {};
  }
  static void add_version(T t, const Change& change, Sum& sum) {
    std::string stamp;
    put_u32(stamp, change.version);
    put_u8(stamp, change.deleted ? 1 : 0);
    put_u16(stamp, change.source);
    sum.add(history_key(change.item, t), stamp);
  }
  Status check_times() {
    auto times = all(kTimes);
    T last = 0;
    std::optional<Instant> before;
    while (times->next()) {
      auto t = decode_t_key(times->key());
      auto instant = decode_instant(times->value());
      if (!t || !instant) {
        find(fmt::format("times: the commit after {} can't be read", last));
        continue;
      }
      if (*t != last + 1) {
        find(fmt::format("times: commit {} is missing", last + 1));
      }
      if (before && *instant < *before) {
        find(fmt::format("times: commit {} is earlier than the one before", *t));
      }
      last = *t;
      before = *instant;
    }
    TRY(times->status());
    if (last != view_.stable_t()) {
      find(
          fmt::format("times: they end at commit {}, and the last was {}", last, view_.stable_t()));
    }
    return {};
  }

  // Slow, and only after the sums differ.
  Status name_wrong_changes() {
    auto changes = all(kChanges);
    while (changes->next() && report_.findings.size() < kFindingsMax) {
      auto key = decode_changes_key(changes->key());
      auto list = key ? decode_changes(*key, changes->value())
                      : Result<std::vector<Change>>(fail(key.error()));
      if (!list) {
        continue;
      }
      for (const Change& change : *list) {
        TRY(bool there, version_is_there(change, key->t));
        if (!there) {
          find(fmt::format("{}: commit {} made version {}, which is not there", name(change.item),
                           key->t, change.version));
        }
      }
    }
    return changes->status();
  }
  Result<bool> version_is_there(const Change& change, T t) {
    auto is_it = [&](const RowHeader& header) {
      return header.t == t && header.version == change.version &&
             header.deleted == change.deleted && header.source == change.source;
    };
    TRY(auto current, unless_unsound(view_.find_current(change.item)));
    if (current && is_it(current->row.header)) {
      return true;
    }
    std::string value;
    TRY(bool found, view_.snapshot().get(kHistory, history_key(change.item, t), value));
    auto row = decode_row(value);
    return found && row && is_it(row->header);
  }

  const KvView& view_;
  const KeyStore& keys_;
  const CheckProgress& progress_;
  CheckReport report_;
  json::Document document_;
  IndexEntries index_;
  std::string body_;
  std::string value_;
  Rows unique_;
  std::array<Sum, kFamilyCount> expected_;
  Sum stored_;  // all versions
  uint64_t item_count_ = 0;
  std::set<ItemKey> left_behind_;         // the past of what was moved elsewhere since
  std::set<ItemKey> copies_left_behind_;  // with their homes
  uint64_t given_ids_ = 0;
  // The last place and the last commit looked up: rows of one ord stand together.
  std::optional<Ord> place_ord_;
  ItemNumber next_item_ = 0;
  SourceNumber place_source_ = 0;
  std::optional<T> instant_t_;
  std::optional<Instant> instant_;
};

}  // namespace

Result<CheckReport> KvStore::check(const CheckProgress& progress) {
  auto view = kv_view();
  return Checker(*view, *keys_, progress).run();
}

}  // namespace continuum::record
