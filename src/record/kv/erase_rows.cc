#include "record/kv/erase_rows.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/kv/links.h"

namespace continuum::record {
namespace {

constexpr size_t kIndexTailSize = 6 + 4;  // ord and item, at the end of postings and ranges

// The steps, for progress: what reads a whole family or one ord.
constexpr std::array<std::string_view, 5> kSteps = {"record", "directory", "postings", "ranges",
                                                    "links"};

class Eraser {
 public:
  Eraser(const KvView& view, Ord ord, const FamilyProgress& progress)
      : view_(view), ord_(ord), progress_(progress) {}

  Result<ErasedRows> run() {
    step();
    TRY(auto source, source_of_ord());
    TRY(take_versions());
    TRY(part_from_others());
    step();
    TRY(take_directory());
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
    // A row of the directory may be found in two ways.
    if (family == kDirectory && !removed_directory_.emplace(key).second) {
      return;
    }
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

  // A resource that other patients keep too, or did.
  struct Shared {
    std::set<ItemKey> fronts;  // here, that lead places
    std::set<ItemKey> others;
    // The newest version that others have, and the first who has it.
    std::optional<ItemKey> next_home;
    uint32_t version = 0;
  };

  // What other patients keep of the same resources: neither names this ord any more.
  Status part_from_others() {
    TRY(auto late, late_rows());
    std::set<ItemKey> fronts;
    std::map<ItemKey, std::vector<StoredItem>> versions;
    for (const ItemKey& own : shared_) {
      TRY(versions[own], view_.versions(own));
      for (const StoredItem& version : versions[own]) {
        if (!version.row.places.empty()) {
          fronts.insert(front_of(version.row, own.type));
        }
      }
    }
    for (const LateRow& row : late) {
      fronts.insert(row.front);
    }
    TRY(find_resources(fronts));

    std::map<std::string, Shared> by_resource;
    for (const auto& [own, rows] : versions) {
      for (const StoredItem& version : rows) {
        if (version.row.places.empty()) {
          continue;
        }
        const ItemKey front = front_of(version.row, own.type);
        Shared& shared = by_resource[resource_of_.at(front)];
        note_front(front, shared);
        for (const ItemPlace& place : places_of(version.row)) {
          note_other({place.ord, own.type, place.item}, version.row.header, shared);
        }
      }
    }
    for (const LateRow& row : late) {
      Shared& shared = by_resource[resource_of_.at(row.front)];
      note_front(row.front, shared);
      note_other(row.key, row.header, shared);
    }
    for (auto& [resource, shared] : by_resource) {
      TRY(settle_home(resource, shared));
    }
    for (const auto& [resource, shared] : by_resource) {
      for (const ItemKey& other : shared.others) {
        TRY(rewrite_places(other));
      }
    }
    return {};
  }

  static ItemKey front_of(const Row& row, fhir::TypeNumber type) {
    const ItemPlace front = places_of(row).front();
    return {front.ord, type, front.item};
  }
  void note_front(const ItemKey& front, Shared& shared) const {
    if (front.ord == ord_) {
      shared.fronts.insert(front);
    }
  }
  void note_other(const ItemKey& key, const RowHeader& header, Shared& shared) const {
    if (key.ord == ord_) {
      return;
    }
    shared.others.insert(key);
    const uint32_t version = header.deleted ? 0 : header.version;
    if (!shared.next_home || version > shared.version) {
      shared.next_home = key;
      shared.version = version;
    }
  }

  // An item that an earlier erasure made the home, or that was moved here, knows nothing of the
  // versions before it came, of which others may have rows that name it: nothing leads to those but
  // reading all.
  struct LateRow {
    ItemKey key;
    ItemKey front;
    RowHeader header;
  };
  Result<std::vector<LateRow>> late_rows() const {
    std::vector<LateRow> late;
    bool has_late = std::any_of(oldest_.begin(), oldest_.end(),
                                [](const auto& oldest) { return oldest.second > 1; });
    if (!has_late) {
      return late;
    }
    for (FamilyNumber family : {kCurrent, kHistory}) {
      auto cursor = view_.snapshot().scan(family, {}, kv::ReadKind::kScan);
      while (cursor->next()) {
        TRY(ItemKey key, decode_item_key(cursor->key()));
        TRY(Row row, decode_row(cursor->value()));
        if (row.places.empty() || key.ord == ord_) {
          continue;
        }
        const ItemKey front = front_of(row, key.type);
        auto oldest = oldest_.find(front);
        if (oldest != oldest_.end() && oldest->second > 1) {
          late.push_back({key, front, row.header});
        }
      }
      TRY(cursor->status());
    }
    return late;
  }

  // The directory key of what leads places from there, now or before it was moved.
  Status find_resources(const std::set<ItemKey>& fronts) {
    if (fronts.empty()) {
      return {};
    }
    auto ids = view_.snapshot().scan(kDirectory, {"i", "j"}, kv::ReadKind::kScan);
    while (ids->next()) {
      TRY(ResourceKey resource, decode_directory_key(ids->key()));
      TRY(DirectoryRow row, decode_directory_row(ids->value()));
      const ItemKey place{row.ord, resource.type, row.item};
      if (fronts.contains(place)) {
        resource_of_.emplace(place, ids->key());
      }
    }
    TRY(ids->status());
    auto former = scan(kDirectory, former_places_prefix());
    while (former->next()) {
      IdHash hash{};
      TRY(FormerPlace place, decode_former_place(former->key(), former->value(), &hash));
      if (fronts.contains(place.item)) {
        resource_of_.emplace(place.item, directory_key(place.item.type, hash));
      }
    }
    TRY(former->status());
    for (const ItemKey& front : fronts) {
      if (!resource_of_.contains(front)) {
        return fail(ErrorCode::kCorrupt, "no id leads to what is kept with several patients");
      }
    }
    return {};
  }

  // Whoever leads its places from now on: where its id leads, or who has its newest version.
  Status settle_home(const std::string& resource, const Shared& shared) {
    TRY(ResourceKey key, decode_directory_key(resource));
    TRY(auto located, view_.find(key.type, key.id.hash));
    if (!located) {
      return fail(ErrorCode::kCorrupt, "no id leads to what is kept with several patients");
    }
    std::optional<ItemKey> home = located->key;
    if (home->ord == ord_) {
      TRY(auto former, former_home(key));
      home = former && (!shared.next_home || former->last_version > shared.version)
                 ? std::optional(former->item)
                 : shared.next_home;
      home_of_[resource] = home;
      if (home) {
        new_home_ords_.insert(home->ord);
      }
    }
    for (const ItemKey& front : shared.fronts) {
      if (home) {
        new_homes_[front] = *home;
      }
    }
    return {};
  }

  // The places of one version that stay, the home first; none when it is the only one.
  std::vector<ItemPlace> places_left(const Row& row, const ItemKey& key) const {
    ItemKey home = front_of(row, key.type);
    if (auto moved = new_homes_.find(home); moved != new_homes_.end()) {
      home = moved->second;
    }
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

  Status rewrite_places(const ItemKey& key) {
    for (FamilyNumber family : {kCurrent, kHistory}) {
      auto cursor = scan(family, current_key(key));
      while (cursor->next()) {
        TRY(Row row, decode_row(cursor->value()));
        if (row.places.empty()) {
          continue;
        }
        std::string value;
        put_row_start(value, row.header, places_left(row, key));
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
      TRY(auto home, next_home(resource, std::string(cursor->key())));
      if (!home) {
        remove(kDirectory, cursor->key());
        if (row.id_is_given) {
          remove(kDirectory, given_id_key(resource.type, row.own_id));
        }
        TRY(take_quarantine(resource));
        continue;
      }
      row.ord = home->ord;
      row.item = home->item;
      out_.changes.put(kDirectory, cursor->key(), encode_directory_row(row));
    }
    TRY(cursor->status());
    TRY(take_former_places());
    std::string unused;
    TRY(bool is_there, view_.snapshot().get(kDirectory, ord_row_key(ord_), unused));
    if (is_there) {
      remove(kDirectory, ord_row_key(ord_));
    }
    return {};
  }

  // Where what was moved here was with another patient before, who keeps that past, ended.
  Result<std::optional<FormerPlace>> former_home(const ResourceKey& resource) const {
    TRY(auto former, view_.former_places(resource.type, resource.id.hash));
    for (const FormerPlace& place : former) {
      if (place.item.ord.is_patient() && place.item.ord != ord_) {
        return std::optional(place);
      }
    }
    return std::optional<FormerPlace>();
  }

  // Where an id that led here leads from now on. If it was there before, that is no former place
  // any more, nor are later ones.
  Result<std::optional<ItemKey>> next_home(const ResourceKey& resource, const std::string& key) {
    std::optional<ItemKey> home;
    if (auto shared = home_of_.find(key); shared != home_of_.end()) {
      home = shared->second;
    } else {
      TRY(auto former, former_home(resource));
      home = former ? std::optional(former->item) : std::nullopt;
    }
    TRY(auto former, view_.former_places(resource.type, resource.id.hash));
    auto same = std::find_if(former.begin(), former.end(),
                             [&home](const FormerPlace& place) { return place.item == home; });
    for (auto at = former.begin(); same != former.end() && at <= same; ++at) {
      remove(kDirectory, former_place_key(resource.type, resource.id.hash, at->last_version));
    }
    return home;
  }

  // Places here that something else was moved from.
  Status take_former_places() {
    auto cursor = scan(kDirectory, former_places_prefix());
    while (cursor->next()) {
      TRY(FormerPlace place, decode_former_place(cursor->key(), cursor->value(), nullptr));
      if (place.item.ord == ord_) {
        remove(kDirectory, cursor->key());
      }
    }
    return cursor->status();
  }

  // The past, in quarantine, of what found its home here since.
  Status take_quarantine(const ResourceKey& resource) {
    TRY(auto former, view_.former_places(resource.type, resource.id.hash));
    for (const FormerPlace& place : former) {
      remove(kDirectory, former_place_key(resource.type, resource.id.hash, place.last_version));
      if (!place.item.ord.is_quarantine()) {
        continue;
      }
      auto rows = scan(kHistory, current_key(place.item));
      while (rows->next()) {
        TRY(Row row, decode_row(rows->value()));
        remove(kHistory, rows->key());
        forget_change(place.item, row.header);
        out_.touched.insert(place.item.ord);
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
  Ord ord_;
  const FamilyProgress& progress_;
  size_t step_ = 0;
  ErasedRows out_;
  std::set<ItemKey> shared_;                    // own items that others keep too, or did
  std::map<ItemKey, uint32_t> oldest_;          // version there is a row of, of own items
  std::map<ItemKey, std::string> resource_of_;  // of what leads places: its directory key
  std::map<ItemKey, ItemKey> new_homes_;        // of own items that lead places
  // Of directory keys that led here, of what others keep too.
  std::map<std::string, std::optional<ItemKey>> home_of_;
  std::set<Ord> new_home_ords_;  // of new homes
  std::set<std::string> removed_directory_;
  // Of what no commit tells any more: the start of its rows.
  std::map<std::string, std::set<ItemKey>> forgotten_;
};

}  // namespace

Result<ErasedRows> rows_to_erase(const KvView& view, Ord ord, const FamilyProgress& progress) {
  return Eraser(view, ord, progress).run();
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
