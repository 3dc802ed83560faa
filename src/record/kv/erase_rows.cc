#include "record/kv/erase_rows.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "json/document.h"
#include "record/body.h"
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/kv/links.h"

namespace continuum::record {
namespace {

constexpr size_t kIndexTailSize = 6 + 4;  // ord and item, at the end of postings and ranges

// The steps, for progress: what reads a whole family or one ord.
constexpr std::array<std::string_view, 6> kSteps = {"record",   "directory", "quarantine",
                                                    "postings", "ranges",    "links"};

class Eraser {
 public:
  Eraser(const KvView& view, const KeyStore& keys, Ord ord, const FamilyProgress& progress)
      : view_(view), keys_(keys), ord_(ord), progress_(progress) {}

  Result<ErasedRows> run() {
    step();
    TRY(auto source, source_of_ord());
    TRY(take_versions());
    TRY(part_from_others());
    step();
    TRY(take_directory());
    step();
    if (source) {
      TRY(take_quarantine(*source));
    }
    for (FamilyNumber family : {kPostings, kRanges}) {
      step();
      TRY(take_values(family));
    }
    TRY(take_prefixed(kTimeline, ord_key(ord_)));
    if (source) {
      TRY(take_prefixed(kCare, care_prefix(*source, ord_)));
    }
    step();
    TRY(take_links());
    TRY(take_changes());
    out_.touched.insert(ord_);
    return std::move(out_);
  }

 private:
  void step() {
    if (progress_) {
      progress_(kSteps.at(step_), step_, kSteps.size());
    }
    ++step_;
  }
  void remove(FamilyNumber family, std::string_view key) {
    out_.changes.remove(family, key);
    ++out_.removed[kFamilyNames[family]];
  }
  std::unique_ptr<kv::Cursor> scan(FamilyNumber family, const std::string& prefix) const {
    return view_.snapshot().scan(family, {prefix, kv::prefix_end(prefix)}, kv::ReadKind::kScan);
  }

  Result<std::optional<SourceNumber>> source_of_ord() const {
    std::string value;
    TRY(bool found, view_.snapshot().get(kDirectory, ord_row_key(ord_), value));
    if (!found) {
      return std::optional<SourceNumber>();
    }
    TRY(OrdRow row, decode_ord_row(value));
    return std::optional<SourceNumber>(row.source);
  }

  void forget_change(const ItemKey& key, const RowHeader& header) {
    forgotten_[changes_prefix(header.source, header.t, key.ord)].insert(key);
  }

  Status take_versions() {
    for (FamilyNumber family : {kCurrent, kHistory}) {
      auto cursor = scan(family, ord_key(ord_));
      while (cursor->next()) {
        remove(family, cursor->key());
        TRY(ItemKey key, decode_item_key(cursor->key()));
        TRY(Row row, decode_row(cursor->value()));
        forget_change(key, row.header);
        auto [oldest, is_first] = oldest_.try_emplace(key, row.header.version);
        oldest->second = std::min(oldest->second, row.header.version);
        if (!row.places.empty()) {
          shared_.insert(key);
        }
      }
      TRY(cursor->status());
    }
    return {};
  }

  // What other patients keep of the same resources: neither names this ord any more.
  Status part_from_others() {
    std::map<ItemKey, Others> by_home;  // an ord may have had a copy more than once
    for (const ItemKey& own : shared_) {
      TRY(auto versions, view_.versions(own));
      ItemKey home = own;
      for (const StoredItem& version : versions) {
        std::vector<ItemPlace> places = places_of(version.row);
        home = places.empty() ? home : ItemKey{places.front().ord, own.type, places.front().item};
      }
      for (const StoredItem& version : versions) {
        for (const ItemPlace& place : places_of(version.row)) {
          note_other({place.ord, own.type, place.item}, version.row.header, by_home[home]);
        }
      }
    }
    TRY(find_all_others(by_home));
    for (auto& [home, others] : by_home) {
      ItemKey new_home = home;
      if (home.ord == ord_ && others.next_home) {
        new_home = new_homes_[home] = *others.next_home;
        new_home_ords_.insert(new_home.ord);
      }
      for (const ItemKey& other : others.keys) {
        TRY(rewrite_places(other, new_home));
      }
    }
    return {};
  }

  struct Others {
    std::set<ItemKey> keys;
    // The first who has the newest version that others have.
    std::optional<ItemKey> next_home;
    uint32_t version = 0;
  };
  void note_other(const ItemKey& key, const RowHeader& header, Others& others) const {
    if (key.ord == ord_) {
      return;
    }
    others.keys.insert(key);
    const uint32_t version = header.deleted ? 0 : header.version;
    if (!others.next_home || version > others.version) {
      others.next_home = key;
      others.version = version;
    }
  }
  // An item that an earlier erasure made the home knows nothing of the versions before it came, of
  // which others may have rows that name it: nothing leads to those but reading all. (Nor does one
  // that was in quarantine, of which there are none.)
  Status find_all_others(std::map<ItemKey, Others>& by_home) const {
    bool has_late = std::any_of(oldest_.begin(), oldest_.end(),
                                [](const auto& oldest) { return oldest.second > 1; });
    if (!has_late) {
      return {};
    }
    for (FamilyNumber family : {kCurrent, kHistory}) {
      auto cursor = view_.snapshot().scan(family, {}, kv::ReadKind::kScan);
      while (cursor->next()) {
        TRY(ItemKey key, decode_item_key(cursor->key()));
        TRY(Row row, decode_row(cursor->value()));
        if (row.places.empty()) {
          continue;
        }
        const ItemPlace front = places_of(row).front();
        const ItemKey home{front.ord, key.type, front.item};
        auto oldest = oldest_.find(home);
        if (oldest != oldest_.end() && oldest->second > 1) {
          note_other(key, row.header, by_home[home]);
        }
      }
      TRY(cursor->status());
    }
    return {};
  }

  // The places of one version that stay, the home first; none when it is the only one.
  std::vector<ItemPlace> places_left(const Row& row, const ItemKey& key,
                                     const ItemKey& home) const {
    const ItemPlace first{home.ord, home.item};
    std::vector<ItemPlace> left{first};
    for (const ItemPlace& place : places_of(row)) {
      if (place.ord != ord_ && place != first) {
        left.push_back(place);
      }
    }
    bool is_alone = left.size() == 1 && home == key;
    return is_alone ? std::vector<ItemPlace>() : left;
  }

  Status rewrite_places(const ItemKey& key, const ItemKey& home) {
    for (FamilyNumber family : {kCurrent, kHistory}) {
      auto cursor = scan(family, current_key(key));
      while (cursor->next()) {
        TRY(Row row, decode_row(cursor->value()));
        if (row.places.empty()) {
          continue;
        }
        std::string value;
        put_row_start(value, row.header, places_left(row, key, home));
        value.append(row.sealed);
        out_.changes.put(family, cursor->key(), value);
        out_.touched.insert(key.ord);
      }
      TRY(cursor->status());
    }
    return {};
  }

  Status take_directory() {
    auto cursor = view_.snapshot().scan(kDirectory, {"i", "j"}, kv::ReadKind::kScan);
    while (cursor->next()) {
      TRY(DirectoryRow row, decode_directory_row(cursor->value()));
      if (row.ord != ord_) {
        continue;
      }
      TRY(ResourceKey resource, decode_directory_key(cursor->key()));
      auto moved = new_homes_.find({ord_, resource.type, row.item});
      if (moved == new_homes_.end()) {
        remove(kDirectory, cursor->key());
        ids_.insert(std::string(cursor->key()));
        continue;
      }
      row.ord = moved->second.ord;
      row.item = moved->second.item;
      out_.changes.put(kDirectory, cursor->key(), encode_directory_row(row));
    }
    TRY(cursor->status());
    std::string unused;
    TRY(bool is_there, view_.snapshot().get(kDirectory, ord_row_key(ord_), unused));
    if (is_there) {
      remove(kDirectory, ord_row_key(ord_));
    }
    return {};
  }

  // The past, in quarantine, of what found its home here since. A body that doesn't open holds
  // nothing anybody can read.
  Status take_quarantine(SourceNumber source) {
    Ord quarantine = Ord::quarantine(source);
    auto key = keys_.data_key(quarantine);
    if (!key || ids_.empty()) {
      return {};
    }
    std::set<ItemKey> past;
    auto cursor = scan(kHistory, ord_key(quarantine));
    std::string body;
    json::Document document;
    while (cursor->next()) {
      TRY(ItemKey item, decode_item_key(cursor->key()));
      TRY(Row row, decode_row(cursor->value()));
      body.clear();
      if (row.header.deleted || past.contains(item) || !open_body(*key, item, row, body) ||
          !document.parse(body)) {
        continue;
      }
      auto id = ResourceId::parse(document.root()->string("id"));
      if (id && ids_.contains(directory_key(item.type, id->hash))) {
        past.insert(item);
      }
    }
    TRY(cursor->status());
    for (const ItemKey& item : past) {
      auto rows = scan(kHistory, current_key(item));
      while (rows->next()) {
        TRY(Row row, decode_row(rows->value()));
        remove(kHistory, rows->key());
        forget_change(item, row.header);
        out_.touched.insert(quarantine);
      }
      TRY(rows->status());
    }
    return {};
  }

  // An index row of what has its home elsewhere now is that of a copy no more.
  Status keep_at_home(FamilyNumber family, std::string_view key, std::string_view value) {
    TRY(IndexStamp stamp, decode_index_stamp(value));
    ByteReader reader(value);
    TRY(uint64_t t, reader.varint());
    TRY(uint8_t classes, reader.u8());
    static_cast<void>(t);
    static_cast<void>(classes);
    stamp.is_copy = false;
    std::string changed;
    put_index_value(changed, stamp, reader.rest());
    out_.changes.put(family, key, changed);
    return {};
  }
  bool is_new_home(const ItemKey& key) const {
    return std::any_of(new_homes_.begin(), new_homes_.end(),
                       [&](const auto& home) { return home.second == key; });
  }

  Status take_values(FamilyNumber family) {
    const std::string own = ord_key(ord_);
    std::set<std::string> homes;  // their tails
    for (const auto& [was, is] : new_homes_) {
      std::string tail = ord_key(is.ord);
      put_u32(tail, is.item);
      homes.insert(tail);
    }
    auto cursor = view_.snapshot().scan(family, {}, kv::ReadKind::kScan);
    while (cursor->next()) {
      std::string_view key = cursor->key();
      if (key.size() < kIndexTailSize) {
        continue;
      }
      std::string_view tail = key.substr(key.size() - kIndexTailSize);
      if (tail.substr(0, kOrdSize) == own) {
        remove(family, key);
      } else if (!homes.empty() && homes.contains(std::string(tail))) {
        TRY(keep_at_home(family, key, cursor->value()));
      }
    }
    return cursor->status();
  }

  // A family in which an ord's rows stand together.
  Status take_prefixed(FamilyNumber family, const std::string& own) {
    auto cursor = scan(family, own);
    while (cursor->next()) {
      remove(family, cursor->key());
    }
    TRY(cursor->status());
    const std::string before_ord = own.substr(0, own.size() - kOrdSize);
    for (Ord ord : new_home_ords_) {
      auto others = scan(family, before_ord + ord_key(ord));
      while (others->next()) {
        TRY(ItemKey item, decode_index_item(family, others->key()));
        if (is_new_home(item)) {
          TRY(keep_at_home(family, others->key(), others->value()));
        }
      }
      TRY(others->status());
    }
    return {};
  }

  Status take_links() {
    std::set<std::pair<PersonNumber, std::string>> joined;  // and by which match
    auto links = scan(kLinks, patient_link_prefix(ord_));
    while (links->next()) {
      remove(kLinks, links->key());
      TRY(PatientLink link, decode_patient_link(links->value()));
      joined.emplace(link.person, link.match);
    }
    TRY(links->status());
    std::set<PersonNumber> persons;
    for (const auto& [person, match] : joined) {
      if (persons.insert(person).second) {
        auto memberships = scan(kLinks, membership_prefix(person, ord_));
        while (memberships->next()) {
          remove(kLinks, memberships->key());
        }
        TRY(memberships->status());
      }
      TRY(bool is_others, is_match_of_others(person, match));
      if (!match.empty() && !is_others) {
        remove(kLinks, match_key(match));
      }
    }
    return {};
  }
  // Whether somebody else was ever joined to that person by that match: then it is theirs too.
  Result<bool> is_match_of_others(PersonNumber person, const std::string& match) const {
    std::set<Ord> others;
    auto memberships = scan(kLinks, membership_prefix(person));
    while (memberships->next()) {
      TRY(Membership membership, decode_membership_key(memberships->key()));
      others.insert(membership.ord);
    }
    TRY(memberships->status());
    others.erase(ord_);
    for (Ord other : others) {
      auto links = scan(kLinks, patient_link_prefix(other));
      while (links->next()) {
        TRY(PatientLink link, decode_patient_link(links->value()));
        if (link.match == match) {
          return true;
        }
      }
      TRY(links->status());
    }
    return false;
  }

  // A commit that changed nothing else stays as a number and an instant.
  Status take_changes() {
    for (const auto& of_ord : forgotten_) {
      const std::set<ItemKey>& forgotten = of_ord.second;
      auto cursor = scan(kChanges, of_ord.first);
      while (cursor->next()) {
        TRY(ChangesKey key, decode_changes_key(cursor->key()));
        TRY(auto changes, decode_changes(key, cursor->value()));
        std::erase_if(changes,
                      [&](const Change& change) { return forgotten.contains(change.item); });
        if (changes.empty()) {
          remove(kChanges, cursor->key());
          continue;
        }
        key.first = changes.front().item;
        out_.changes.remove(kChanges, cursor->key());
        out_.changes.put(kChanges, changes_key(key), encode_changes(changes));
      }
      TRY(cursor->status());
    }
    return {};
  }

  const KvView& view_;
  const KeyStore& keys_;
  Ord ord_;
  const FamilyProgress& progress_;
  size_t step_ = 0;
  ErasedRows out_;
  std::set<ItemKey> shared_;              // own items that others keep too, or did
  std::map<ItemKey, uint32_t> oldest_;    // version there is a row of, of own items
  std::map<ItemKey, ItemKey> new_homes_;  // of own items
  std::set<Ord> new_home_ords_;           // of new homes
  std::set<std::string> ids_;             // directory keys that led here
  // Of what no commit tells any more: the start of its rows.
  std::map<std::string, std::set<ItemKey>> forgotten_;
};

}  // namespace

Result<ErasedRows> rows_to_erase(const KvView& view, const KeyStore& keys, Ord ord,
                                 const FamilyProgress& progress) {
  return Eraser(view, keys, ord, progress).run();
}

Result<ErasurePlan> plan_erasure(const KvView& view, Ord ord) {
  TRY(SourcePatient patient, view.source_patient(ord));
  ErasurePlan plan;
  plan.ord = ord;
  plan.patient = patient.patient;
  plan.source = patient.source;
  std::string state;
  std::set<ItemKey> shared;
  for (FamilyNumber family : {kCurrent, kHistory}) {
    std::string prefix = ord_key(ord);
    auto cursor = view.snapshot().scan(family, {prefix, kv::prefix_end(prefix)});
    while (cursor->next()) {
      TRY(ItemKey key, decode_item_key(cursor->key()));
      TRY(Row row, decode_row(cursor->value()));
      ErasurePlan::Count& count = plan.types[key.type];
      ++count.versions;
      count.resources += family == kCurrent ? 1 : 0;
      if (!row.places.empty()) {
        shared.insert(key);
      }
      put_length_prefixed(state, cursor->key());
      put_length_prefixed(state, cursor->value().substr(0, kRowHeaderSize));
      put_length_prefixed(state, row.places);
    }
    TRY(cursor->status());
  }
  std::string prefix = patient_link_prefix(ord);
  auto links = view.snapshot().scan(kLinks, {prefix, kv::prefix_end(prefix)});
  while (links->next()) {
    put_length_prefixed(state, links->key());
    put_length_prefixed(state, links->value());
  }
  TRY(links->status());
  TRY(Person person, view.person_of(ord, std::nullopt));
  plan.others = person.members.size() - 1;
  plan.kept_with_others = shared.size();
  plan.state = crypto::sha256(state);
  return plan;
}

}  // namespace continuum::record
