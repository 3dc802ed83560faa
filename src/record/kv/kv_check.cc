// Checking a whole store. Index rows are compared with what the bodies say by a sum over all of
// them (count, and a 128-bit sum of key digests); only when the sums differ is each row looked up
// by itself.
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "base/bytes.h"
#include "json/document.h"
#include "record/body.h"
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/kv/kv_store.h"

namespace continuum::record {
namespace {

constexpr uint64_t kProgressStep = 4096;
constexpr std::array<FamilyNumber, 3> kIndexFamilies = {kPostings, kRanges, kTimeline};

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
    TRY(check_links());
    TRY(check_commits());
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
    const json::Node& root = *document_.root();
    if (root.string("resourceType") != fhir::type_name(key.type)) {
      find(name(key) + ": the body is of another type");
      return false;
    }
    return true;
  }

  Status check_current() {
    auto cursor = all(kCurrent);
    while (cursor->next()) {
      step();
      TRY(ItemKey key, decode_item_key(cursor->key()));
      auto row = decode_row(cursor->value());
      if (!row || row->header.deleted) {
        find(name(key) + ": the row can't be read");
        continue;
      }
      ++report_.versions;
      if (row->header.t > view_.stable_t()) {
        find(name(key) + ": committed after the last commit");
      }
      if (body_is_sound(key, *row)) {
        TRY(expect_index(key, row->header));
        TRY(expect_directory(key, document_.root()->string("id")));
      }
    }
    return cursor->status();
  }

  Status expect_index(const ItemKey& key, const RowHeader& header) {
    index_.clear();
    index_.add_resource(key, *document_.root());
    unique_.clear();
    for (const auto& entry : index_.entries()) {
      value_.clear();
      put_index_value(value_, {header.t, header.label_class}, index_.rest(entry));
      // A value said twice is one row; the last stands.
      unique_[{entry.family, std::string(index_.key(entry))}] = value_;
    }
    for (const auto& [at, value] : unique_) {
      expected_[at.first].add(at.second, value);
    }
    return {};
  }

  Status expect_directory(const ItemKey& key, std::string_view id_text) {
    auto id = ResourceId::parse(id_text);
    auto located = id ? view_.locate({key.type, *id})
                      : Result<Located>(fail(ErrorCode::kNotFound, "no regional id"));
    if (!located || located->key != key) {
      find(name(key) + ": the directory does not lead from its id to it");
    }
    return {};
  }

  Status check_history() {
    auto cursor = all(kHistory);
    std::string last_item;
    uint32_t newer_version = 0;
    while (cursor->next()) {
      TRY(ItemKey key, decode_item_key(cursor->key()));
      TRY(T t, decode_history_t(cursor->key()));
      auto row = decode_row(cursor->value());
      if (!row) {
        find(name(key) + ": a past row can't be read");
        continue;
      }
      ++report_.versions;
      if (row->header.t != t) {
        find(name(key) + ": a past row stands under another t");
      }
      std::string_view item = cursor->key().substr(0, kItemKeySize);
      if (item != last_item) {
        last_item = item;
        TRY(auto current, view_.find_current(key));
        newer_version = current ? current->row.header.version : row->header.version + 1;
      }
      if (row->header.version + 1 != newer_version) {
        find(fmt::format("{}: version {} is followed by {}", name(key), row->header.version,
                         newer_version));
      }
      newer_version = row->header.version;
      if (!row->header.deleted) {
        body_is_sound(key, *row);
      }
    }
    return cursor->status();
  }

  Status check_directory() {
    auto cursor = view_.snapshot().scan(kDirectory, {"i", "j"}, kv::ReadKind::kScan);
    while (cursor->next()) {
      TRY(ResourceKey resource, decode_directory_key(cursor->key()));
      TRY(DirectoryRow row, decode_directory_row(cursor->value()));
      ItemKey key{row.ord, resource.type, row.item};
      if (row.ord.is_patient() && row.item == kPatientItem) {
        continue;  // kept free for a Patient that may not have come
      }
      TRY(auto current, view_.find_current(key));
      TRY(auto past, view_.find_newest_history(key));
      if (!current && !past) {
        find(name(key) + ": the directory names it, and it is not there");
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
      TRY(ItemKey key, decode_item_key(items->key()));
      TRY(auto rows, rows_of(key));
      for (const auto& [at, value] : rows) {
        std::string unused;
        TRY(bool there, view_.snapshot().get(at.first, at.second, unused));
        if (at.first == family && !there) {
          find(fmt::format("{}: a row of {} is missing", kFamilyNames[family], name(key)));
        }
      }
    }
    return items->status();
  }

  using Rows = std::map<std::pair<FamilyNumber, std::string>, std::string>;
  Result<Rows> rows_of(const ItemKey& key) {
    Rows rows;
    TRY(auto current, view_.find_current(key));
    if (!current || !view_.open_canonical(*current, body_) || !document_.parse(body_)) {
      return rows;
    }
    TRY(expect_index_rows(key, current->row.header, rows));
    return rows;
  }
  Status expect_index_rows(const ItemKey& key, const RowHeader& header, Rows& rows) {
    index_.clear();
    index_.add_resource(key, *document_.root());
    for (const auto& entry : index_.entries()) {
      value_.clear();
      put_index_value(value_, {header.t, header.label_class}, index_.rest(entry));
      rows[{entry.family, std::string(index_.key(entry))}] = value_;
    }
    return {};
  }

  // Every ord with items has its row, and numbers still to come are free.
  Status check_places() {
    auto cursor = view_.snapshot().scan(kDirectory, {"p", "q"}, kv::ReadKind::kScan);
    while (cursor->next()) {
      TRY(Ord ord, decode_ord_row_key(cursor->key()));
      TRY(OrdRow row, decode_ord_row(cursor->value()));
      report_.source_patients += ord.is_patient() ? 1 : 0;
      ItemNumber highest = 0;
      TRY(view_.scan(ord, {}, [&](const StoredItem& item) -> Result<bool> {
        highest = std::max(highest, item.key.item);
        return true;
      }));
      if (highest >= row.next_item) {
        find(fmt::format("ord {:x}: item {} is used but not reserved", ord.value(), highest));
      }
    }
    return cursor->status();
  }

  Status check_links() {
    auto cursor = view_.snapshot().scan(kLinks, {"o", "p"}, kv::ReadKind::kScan);
    while (cursor->next()) {
      ByteReader reader(cursor->key().substr(1));
      TRY(uint64_t ord_value, reader.u48());
      TRY(PatientLink link, decode_patient_link(cursor->value()));
      Ord ord = Ord::from_value(ord_value);
      TRY(auto newest, view_.link_of(ord));
      if (newest && newest->person == link.person) {
        TRY(Person person, view_.person_of(ord));
        bool member = std::any_of(person.members.begin(), person.members.end(),
                                  [&](const SourcePatient& p) { return p.ord == ord; });
        if (!member) {
          find(fmt::format("links: ord {:x} is not a member of its own person", ord_value));
        }
      }
    }
    return cursor->status();
  }

  Status check_commits() {
    auto changes = all(kChanges);
    auto times = all(kTimes);
    Instant last{INT64_MIN};
    while (changes->next()) {
      TRY(T t, decode_t_key(changes->key()));
      if (!decode_changes(changes->value())) {
        find(fmt::format("changes: commit {} can't be read", t));
      }
      bool timed = times->next();
      TRY(times->status());
      if (!timed || times->key() != changes->key()) {
        find(fmt::format("times: commit {} has no instant of its own", t));
        break;
      }
      TRY(Instant at, decode_instant(times->value()));
      if (at < last) {
        find(fmt::format("times: commit {} is earlier than the one before", t));
      }
      last = at;
    }
    return changes->status();
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
};

}  // namespace

Result<CheckReport> KvStore::check(const CheckProgress& progress) {
  auto view = kv_view();
  return Checker(*view, *keys_, progress).run();
}

}  // namespace continuum::record
