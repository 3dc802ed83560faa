// Real data, loaded and compared with what was sent.
//
// Each set goes into one source of a store on disk. What is stored is then compared with the files,
// by a reading of them that shares no code with the loader but the JSON and record libraries: every
// stored version must equal an entry of the input but for id, meta and references, and references
// must lead to what they name. Counts and refusals are held against expected_counts.txt and
// expected_refusals.txt beside this file.
//
// The data sets are no part of this repository: they are looked for in ../shared/data, or where
// CONTINUUM_DATA says. CONTINUUM_DATA_WRITE=1 writes the tables anew, to be reviewed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <unordered_map>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "json/writer.h"
#include "record/store.h"
#include "service/load/load.h"

namespace continuum {
namespace {

namespace stdfs = std::filesystem;
using json::Node;

constexpr uint64_t kFileBytesMax = uint64_t{1} << 30;

struct DataSet {
  const char* archive;
  const char* folder;
};
constexpr DataSet kSets[] = {
    {"synthea-blaze-120", "synthea/blaze-120"},
    {"synthea-smart-120", "synthea/smart-120"},
    {"synthea-hiv-79", "synthea/hiv-79"},
    {"synthea-demographics-1144", "synthea/demographics-1144"},
    {"uk-pds", "uk/pds"},
    {"uk-bars", "uk/bars"},
    {"uk-eps", "uk/eps"},
    {"spec-r4-examples", "spec/r4-examples"},
};

std::string data_folder() {
  const char* given = std::getenv("CONTINUUM_DATA");
  return given != nullptr ? given : "../shared/data";
}

bool writes_tables() {
  return std::getenv("CONTINUUM_DATA_WRITE") != nullptr;
}

// --- reading the input, without the loader -------------------------------------------------------

struct Place {
  uint32_t file = 0;
  uint32_t line = 0;
  uint32_t entry = 0;
  auto operator<=>(const Place&) const = default;
};

struct Sent {
  uint32_t entry = 0;
  const Node* resource = nullptr;
  std::string type;
  std::string own_id;
  std::string full_url;
  std::string criteria;  // "Type?identifier=system|value" of ifNoneExist
  bool whole = false;    // a Bundle kept as it came

  std::string identity() const { return type + "/" + own_id; }
};

bool is_id(std::string_view text) {
  auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), allowed);
}

std::string own_id_of(const Node& resource, std::string_view type, std::string_view full_url) {
  if (std::string_view id = resource.string("id"); !id.empty()) {
    return std::string(id);
  }
  if (full_url.starts_with("urn:uuid:") && is_id(full_url.substr(9))) {
    return std::string(full_url.substr(9));
  }
  size_t slash = full_url.rfind('/');
  if (full_url.starts_with("http") && slash != std::string_view::npos &&
      full_url.substr(0, slash).ends_with("/" + std::string(type))) {
    return std::string(full_url.substr(slash + 1));
  }
  if (!full_url.empty()) {
    return std::string(full_url);
  }
  return "sha256:" + to_hex(crypto::view(crypto::sha256(json::write(resource))).substr(0, 16));
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

Sent sent_of(uint32_t entry, const Node& resource, std::string_view full_url) {
  Sent out;
  out.entry = entry;
  out.resource = &resource;
  out.type = resource.string("resourceType");
  out.full_url = full_url;
  out.own_id = own_id_of(resource, out.type, full_url);
  return out;
}

bool stores_something(std::string_view bundle_type, const Node& entry) {
  if (bundle_type == "searchset") {
    const Node* search = entry.find("search");
    return search == nullptr || search->string("mode") != "outcome";
  }
  const Node* request = entry.find("request");
  bool obeys = bundle_type == "transaction" || bundle_type == "batch" || bundle_type == "history";
  if (!obeys || request == nullptr) {
    return true;
  }
  std::string_view method = request->string("method");
  return method == "POST" || method == "PUT";
}

std::vector<Sent> entries_of(const Node& root) {
  std::vector<Sent> out;
  if (root.string("resourceType") != "Bundle") {
    if (!root.string("resourceType").empty()) {
      out.push_back(sent_of(0, root, {}));
    }
    return out;
  }
  std::string_view kind = root.string("type");
  if (kind == "message" || kind == "document" || kind == "history") {
    out.push_back(sent_of(0, root, {}));
    out.back().whole = true;
  }
  const Node* entries = root.find("entry");
  uint32_t number = 0;
  for (const Node& entry : json::children(entries == nullptr ? Node() : *entries)) {
    ++number;
    const Node* resource = entry.find("resource");
    if (resource == nullptr || !stores_something(kind, entry)) {
      continue;
    }
    out.push_back(sent_of(number, *resource, entry.string("fullUrl")));
    const Node* request = entry.find("request");
    std::string_view condition =
        request == nullptr ? std::string_view() : request->string("ifNoneExist");
    if (!condition.empty()) {
      out.back().criteria = out.back().type + "?" + percent_decoded(condition);
    }
  }
  return out;
}

// "Type?identifier=system|value" of each identifier.
std::vector<std::string> identifiers_of(const Sent& sent) {
  std::vector<std::string> out;
  const Node* identifiers = sent.resource->find("identifier");
  if (identifiers == nullptr) {
    return out;
  }
  auto add = [&](const Node& identifier) {
    if (!identifier.string("system").empty() && !identifier.string("value").empty()) {
      out.push_back(sent.type + "?identifier=" + std::string(identifier.string("system")) + "|" +
                    std::string(identifier.string("value")));
    }
  };
  if (identifiers->is_object()) {
    add(*identifiers);
  } else {
    for (const Node& identifier : json::children(*identifiers)) {
      add(identifier);
    }
  }
  return out;
}

// What names lead to which identities.
class Names {
 public:
  void add(const std::string& name, const std::string& identity) { names_[name].insert(identity); }
  const std::set<std::string>* find(const std::string& name) const {
    auto found = names_.find(name);
    return found == names_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<std::string, std::set<std::string>> names_;
};

void add_names(const Sent& sent, Names& names) {
  names.add(sent.identity(), sent.identity());
  if (sent.full_url.empty()) {
    return;
  }
  names.add(sent.full_url, sent.identity());
  size_t slash = sent.full_url.rfind('/');
  if (sent.full_url.starts_with("http") && slash != std::string::npos &&
      sent.full_url.substr(0, slash).ends_with("/" + sent.type)) {
    names.add(sent.type + "/" + sent.full_url.substr(slash + 1), sent.identity());
  }
}

// One file or line of the input.
struct Unit {
  uint32_t file = 0;
  uint32_t line = 0;
  std::string_view text;
};

std::vector<Unit> units_of(uint32_t file, bool lines, std::string_view text) {
  if (!lines) {
    return {{file, 0, text}};
  }
  std::vector<Unit> out;
  uint32_t number = 0;
  while (!text.empty()) {
    ++number;
    size_t end = text.find('\n');
    out.push_back({file, number, text.substr(0, end)});
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

// --- comparing -----------------------------------------------------------------------------------

class Comparison {
 public:
  Comparison(record::Store& store, std::string source, const service::LoadReport& report)
      : store_(store), source_(std::move(source)), report_(report) {
    for (const service::LoadRefusal& refusal : report.refusals) {
      refused_.insert({refusal.file, refusal.line, refusal.entry});
    }
  }

  void run() {
    for (uint32_t i = 0; i < report_.input.files.size(); ++i) {
      for_each_unit(i, [&](const Unit& unit, const Node& root) { learn(unit, root); });
    }
    std::atomic<uint32_t> next{0};
    auto work = [&] {
      Reader reader{store_.id_minter(), store_.view(), {}, {}, {}};
      for (uint32_t i = next.fetch_add(1); i < report_.input.files.size(); i = next.fetch_add(1)) {
        for_each_unit(i, [&](const Unit& unit, const Node& root) { compare(unit, root, reader); });
      }
    };
    std::thread second(work);
    work();
    second.join();
  }

  // Versions that equal something sent: ord, type, item, version.
  using Version = std::tuple<uint64_t, fhir::TypeNumber, record::ItemNumber, uint32_t>;
  const std::set<Version>& equal() const { return equal_; }
  uint64_t references() const { return references_; }

 private:
  struct Reader {
    record::IdMinter minter;
    std::unique_ptr<record::View> view;
    json::Document sent;
    json::Document stored;
    std::unordered_map<std::string, std::string> regional;  // by identity; empty: not there
  };

  template <typename Each>
  void for_each_unit(uint32_t index, const Each& each) {
    const service::InputFile& file = report_.input.files[index];
    auto text = read_file(posix_files(), file.path, kFileBytesMax);
    ASSERT_TRUE(text) << text.error().text();
    json::Document document;
    for (const Unit& unit : units_of(index, file.lines, *text)) {
      if (!refused_.contains({unit.file, unit.line, 0}) || is_message_refused_whole(unit)) {
        if (document.parse(unit.text)) {
          each(unit, *document.root());
        }
      }
    }
  }
  // Then its entries are refused each by itself.
  bool is_message_refused_whole(const Unit& unit) const {
    return refused_.contains({unit.file, unit.line, 1});
  }
  bool is_refused(const Unit& unit, const Sent& sent) const {
    return refused_.contains({unit.file, unit.line, sent.entry});
  }

  void learn(const Unit& unit, const Node& root) {
    for (const Sent& sent : entries_of(root)) {
      if (is_refused(unit, sent)) {
        continue;
      }
      add_names(sent, names_);
      for (const std::string& identifier : identifiers_of(sent)) {
        by_identifier_.add(identifier, sent.identity());
        if (sent.criteria.empty()) {
          unconditional_.add(identifier, sent.identity());
        }
      }
      if (!sent.criteria.empty()) {
        first_asking_.try_emplace(sent.criteria, sent.identity());
        asks_[sent.identity()] = sent.criteria;
      }
    }
  }

  // What ifNoneExist makes of an identity.
  std::string settled(const std::string& identity) const {
    auto asks = asks_.find(identity);
    if (asks == asks_.end()) {
      return identity;
    }
    const std::set<std::string>* there = unconditional_.find(asks->second);
    return there != nullptr && there->size() == 1 ? *there->begin()
                                                  : first_asking_.at(asks->second);
  }

  std::string only_one(const std::set<std::string>* identities) const {
    std::set<std::string> out;
    for (const std::string& identity :
         identities == nullptr ? std::set<std::string>() : *identities) {
      out.insert(settled(identity));
    }
    return out.size() == 1 ? *out.begin() : "";
  }

  // The identity a reference names, or nothing.
  std::string named(const std::string& reference, const Names& of_unit) const {
    if (reference.find("/_history/") != std::string::npos) {
      return "";
    }
    if (reference.find('?') != std::string::npos) {
      return only_one(by_identifier_.find(percent_decoded(reference)));
    }
    const std::set<std::string>* own = of_unit.find(reference);
    return only_one(own != nullptr ? own : names_.find(reference));
  }

  const std::string& regional(const std::string& identity, Reader& reader) const {
    auto [found, is_new] = reader.regional.try_emplace(identity);
    if (is_new && !identity.empty()) {
      size_t slash = identity.find('/');
      auto type = fhir::type_number(identity.substr(0, slash));
      auto hash =
          type ? reader.minter.hash(source_, *type, identity.substr(slash + 1)) : record::IdHash();
      auto located = type ? reader.view->find(*type, hash)
                          : Result<std::optional<record::Located>>(std::nullopt);
      if (located && *located) {
        found->second = identity.substr(0, slash + 1) + (*located)->id.text();
      }
    }
    return found->second;
  }

  void rewrite(json::Document& document, Node& node, const Names& of_unit, Reader& reader) {
    for (Node& child : json::children(node)) {
      bool is_reference = child.is_string() && child.key == "reference";
      bool is_url = child.is_string() && child.key == "url";
      if (is_reference || is_url) {
        const std::string& there = regional(named(std::string(child.text), of_unit), reader);
        if (!there.empty() && (is_reference || there.starts_with("Binary/"))) {
          document.set_text(child, there);
          references_.fetch_add(1);
        }
      }
      rewrite(document, child, of_unit, reader);
    }
  }

  // Leaves what must be equal: no id, and of meta nothing the store sets.
  static void normalise(Node& resource) {
    auto drop = [](Node& parent, std::string_view name) {
      if (Node* member = parent.find(name)) {
        json::Document::remove(parent, *member);
      }
    };
    drop(resource, "id");
    Node* meta = resource.find("meta");
    if (meta == nullptr) {
      return;
    }
    drop(*meta, "versionId");
    drop(*meta, "lastUpdated");
    if (Node* extensions = meta->find("extension")) {
      for (Node* at = extensions->first; at != nullptr;) {
        Node* next = at->next;
        if (at->string("url") == record::kSourceExtension) {
          json::Document::remove(*extensions, *at);
        }
        at = next;
      }
      if (extensions->first == nullptr) {
        drop(*meta, "extension");
      }
    }
    if (meta->first == nullptr) {
      drop(resource, "meta");
    }
  }

  void compare(const Unit& unit, const Node& root, Reader& reader) {
    Names of_unit;
    std::vector<Sent> entries = entries_of(root);
    for (const Sent& sent : entries) {
      if (!is_refused(unit, sent)) {
        add_names(sent, of_unit);
      }
    }
    for (const Sent& sent : entries) {
      bool is_name_only = !sent.criteria.empty() && settled(sent.identity()) != sent.identity();
      if (!is_refused(unit, sent) && !is_name_only) {
        compare_entry(unit, sent, of_unit, reader);
      }
    }
  }

  void compare_entry(const Unit& unit, const Sent& sent, const Names& of_unit, Reader& reader) {
    auto where = [&] {
      return fmt::format("{} line {} entry {} {}", report_.input.files[unit.file].name, unit.line,
                         sent.entry, sent.identity());
    };
    auto type = fhir::type_number(sent.type);
    ASSERT_TRUE(type) << where();
    auto located = reader.view->find(*type, reader.minter.hash(source_, *type, sent.own_id));
    ASSERT_TRUE(located && *located) << where() << " is not stored";
    reader.sent.clear();
    Node* expected = reader.sent.copy(*sent.resource);
    normalise(*expected);
    if (!sent.whole) {
      rewrite(reader.sent, *expected, of_unit, reader);
    }
    auto versions = reader.view->versions((*located)->key);
    ASSERT_TRUE(versions) << where();
    std::string difference = "it has no version";
    bool found = false;
    for (const record::StoredItem& item : *versions) {
      difference = item.row.header.deleted ? difference : first_difference(item, *expected, reader);
      if (!item.row.header.deleted && difference.empty()) {
        note_equal(item);
        found = true;
      }
    }
    if (!found) {
      ADD_FAILURE() << where() << " differs at " << difference;
    }
  }

  static std::string first_difference(const record::StoredItem& item, const Node& expected,
                                      Reader& reader) {
    std::string body;
    Status opened = reader.view->open_canonical(item, body);
    if (!opened || !reader.stored.parse(body)) {
      return "the body, which does not open";
    }
    normalise(*reader.stored.root());
    if (json::equal(expected, *reader.stored.root())) {
      return "";
    }
    return "'" + json::first_difference(expected, *reader.stored.root()) + "'";
  }

  void note_equal(const record::StoredItem& item) {
    std::lock_guard lock(mutex_);
    equal_.insert({item.key.ord.value(), item.key.type, item.key.item, item.row.header.version});
  }

  record::Store& store_;
  std::string source_;
  const service::LoadReport& report_;
  std::set<Place> refused_;
  Names names_;
  Names by_identifier_;
  Names unconditional_;
  std::unordered_map<std::string, std::string> first_asking_;  // identity, by criteria
  std::unordered_map<std::string, std::string> asks_;          // criteria, by identity
  std::mutex mutex_;
  std::set<Version> equal_;
  std::atomic<uint64_t> references_{0};
};

// --- tables --------------------------------------------------------------------------------------

// Rows without comments and blank lines, sorted.
std::vector<std::string> table(const std::string& name) {
  std::vector<std::string> rows;
  std::ifstream file("tests/data/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  for (std::string row; std::getline(file, row);) {
    if (!row.empty() && row[0] != '#') {
      rows.push_back(row);
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

void expect_table(const std::string& name, std::vector<std::string> rows) {
  if (writes_tables()) {
    std::ofstream file("build/" + name);
    for (const std::string& row : rows) {
      file << row << "\n";
    }
    std::printf("data: wrote build/%s\n", name.c_str());
    return;
  }
  std::sort(rows.begin(), rows.end());
  std::vector<std::string> expected = table(name);
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::set_difference(expected.begin(), expected.end(), rows.begin(), rows.end(),
                      std::back_inserter(missing));
  std::set_difference(rows.begin(), rows.end(), expected.begin(), expected.end(),
                      std::back_inserter(extra));
  for (const std::string& row : missing) {
    ADD_FAILURE() << name << ": expected, and not so: " << row;
  }
  for (const std::string& row : extra) {
    ADD_FAILURE() << name << ": not expected: " << row;
  }
}

// --- the proof -----------------------------------------------------------------------------------

class DataProof : public testing::Test {
 protected:
  DataProof() {
    store_folder_ = "build/data_proof." + std::to_string(::getpid());
    stdfs::remove_all(store_folder_);
    stdfs::create_directories(store_folder_);
  }
  ~DataProof() override { stdfs::remove_all(store_folder_); }

  static bool unpack() {
    std::string command = "'" + data_folder() + "/unpack' build/data";
    for (const DataSet& set : kSets) {
      command += std::string(" ") + set.archive;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs
    return std::system(command.c_str()) == 0;
  }

  void open() {
    record::StoreOptions options;
    options.data_folder = store_folder_ + "/data";
    auto store = record::open_store(options);
    ASSERT_TRUE(store) << store.error().text();
    store_ = std::move(*store);
  }

  Result<service::LoadReport> load(const DataSet& set) {
    service::LoadOptions options;
    options.paths = {std::string("build/data/") + set.folder};
    options.source = set.archive;
    return service::load(*store_, posix_files(), options, {});
  }

  void prove(const DataSet& set) {
    auto report = load(set);
    ASSERT_TRUE(report) << report.error().text();
    Comparison comparison(*store_, set.archive, *report);
    comparison.run();
    size_t stored = expect_all_in(set, comparison.equal());
    for (const service::LoadRefusal& refusal : report->refusals) {
      refusals_.push_back(fmt::format("{}\t{}\t{}\t{}\t{}", set.archive,
                                      report->input.files[refusal.file].name, refusal.line,
                                      refusal.entry, to_string(refusal.error.code)));
    }
    auto again = load(set);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->counts.created, 0U);
    EXPECT_EQ(again->counts.updated, 0U);
    EXPECT_EQ(again->counts.deleted, 0U);
    EXPECT_EQ(again->counts.taken(), report->counts.taken());
    EXPECT_EQ(again->refusals.size(), report->refusals.size());
    std::printf(
        "data: %s: %zu files, %lu entries taken, %zu resources, %zu equal, %zu versions, "
        "%lu references resolved, %lu unresolved, %zu refused\n",
        set.archive, report->input.files.size(), report->counts.taken(), stored, equal_items_,
        comparison.equal().size(), comparison.references(), report->unresolved_count,
        report->refusals.size());
    std::fflush(stdout);
  }

  // Every stored version of the source is among those found equal. Counts what is stored.
  size_t expect_all_in(const DataSet& set, const std::set<Comparison::Version>& equal) {
    struct Count {
      size_t stored = 0;
      size_t homeless = 0;
      size_t copies = 0;
    };
    std::map<std::string, Count> counts;
    size_t stored = 0;
    size_t versions_stored = 0;
    equal_items_ = 0;
    auto source = store_->register_source(set.archive);
    auto view = store_->view();
    std::vector<record::Ord> ords;
    EXPECT_TRUE(view->scan_ords(record::Ord(), [&](record::Ord ord, record::SourceNumber of) {
      if (of == *source || ord.is_shared()) {
        ords.push_back(ord);
      }
      return true;
    }));
    for (record::Ord ord : ords) {
      EXPECT_TRUE(view->scan(ord, {}, [&](const record::StoredItem& item) -> Result<bool> {
        if (item.row.header.source != *source) {
          return true;
        }
        Count& count = counts[std::string(fhir::type_name(item.key.type))];
        if (record::is_copy(item.row, item.key)) {
          ++count.copies;
          record::ItemPlace home = record::places_of(item.row).front();
          TRY(auto original, view->read({home.ord, item.key.type, home.item}));
          EXPECT_EQ(item.row.header.body_digest, original.row.header.body_digest);
          std::string body;
          return view->open_canonical(item, body).has_value();
        }
        ++stored;
        ++count.stored;
        count.homeless += ord.is_quarantine() ? 1 : 0;
        TRY(auto versions, view->versions(item.key));
        bool all_equal = true;
        for (const record::StoredItem& version : versions) {
          bool is_equal = version.row.header.deleted ||
                          equal.contains({ord.value(), item.key.type, item.key.item,
                                          version.row.header.version});
          versions_stored += version.row.header.deleted ? 0 : 1;
          all_equal = all_equal && is_equal;
        }
        equal_items_ += all_equal ? 1 : 0;
        return true;
      }));
    }
    EXPECT_EQ(equal_items_, stored);
    for (const auto& [type, count] : counts) {
      counts_.push_back(
          fmt::format("{}\t{}\t{}\t{}", set.archive, type, count.stored, count.homeless));
      if (count.copies > 0) {
        counts_.push_back(fmt::format("{}\t{}\tcopies\t{}", set.archive, type, count.copies));
      }
    }
    return stored;
  }

  std::string store_folder_;
  std::unique_ptr<record::Store> store_;
  std::vector<std::string> counts_;
  std::vector<std::string> refusals_;
  size_t equal_items_ = 0;
};

TEST_F(DataProof, EverySetIsStoredAsItWasSent) {
  if (!stdfs::exists(data_folder() + "/unpack")) {
    std::printf("data: folder not present (%s): nothing was compared\n", data_folder().c_str());
    return;
  }
  ASSERT_TRUE(unpack());
  open();
  for (const DataSet& set : kSets) {
    SCOPED_TRACE(set.archive);
    prove(set);
  }
  expect_table("expected_counts.txt", counts_);
  expect_table("expected_refusals.txt", refusals_);
  auto check = store_->check({});
  ASSERT_TRUE(check) << check.error().text();
  EXPECT_EQ(check->finding_count, 0U) << check->findings.front();
  std::printf("data: %zu sets, store of %lu resources in %lu versions: sound\n", std::size(kSets),
              check->items, check->versions);
}

}  // namespace
}  // namespace continuum
