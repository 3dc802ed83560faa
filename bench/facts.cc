#include "bench/facts.h"

#include <fmt/format.h>

#include <unordered_map>

#include "base/random.h"
#include "fhir/types.h"
#include "json/document.h"
#include "record/key_store.h"
#include "record/kv/index.h"

namespace continuum::bench {
namespace {

constexpr size_t kReadsMax = 100'000;
constexpr size_t kSamplesMax = 20'000;
constexpr uint64_t kKeyFileBytesMax = 1024;
constexpr uint64_t kSeed = 2026;
constexpr std::string_view kBase = "/fhir/";

struct PersonFacts {
  record::ResourceId patient;  // of any of its source patients
  uint64_t resources = 0;
};

// Walks the whole store once; keeps a random choice of items.
class Survey {
 public:
  explicit Survey(const record::View& view) : view_(view) {}

  Result<Facts> run() && {
    std::vector<record::Ord> ords;
    TRY(view_.scan_ords(record::Ord(), [&ords](record::Ord ord, record::SourceNumber) {
      ords.push_back(ord);
      return true;
    }));
    for (record::Ord ord : ords) {
      TRY(survey_ord(ord));
    }
    TRY(open_chosen());
    list_records();
    measure_index();
    return std::move(facts_);
  }

 private:
  Status survey_ord(record::Ord ord) {
    uint64_t before = facts_.items;
    TRY(view_.scan(ord, {}, [this](const record::StoredItem& item) -> Result<bool> {
      facts_.body_bytes += item.row.header.body_size;
      choose(item.key);
      ++facts_.items;
      return true;
    }));
    if (!ord.is_patient()) {
      return {};
    }
    TRY(record::SourcePatient self, view_.source_patient(ord));
    TRY(record::Person person, view_.person_of(ord));
    PersonFacts& known = persons_[person.members.front().ord.value()];
    known.patient = self.patient;
    known.resources += facts_.items - before;
    return {};
  }

  // Reservoir sampling: each item is as likely as any other.
  void choose(const record::ItemKey& key) {
    if (chosen_.size() < kReadsMax) {
      chosen_.push_back(key);
    } else if (uint64_t at = random_.below(facts_.items + 1); at < kReadsMax) {
      chosen_[at] = key;
    }
  }

  Status open_chosen() {
    json::Document document;
    for (const record::ItemKey& key : chosen_) {
      TRY(record::StoredItem item, view_.read(key));
      std::string body;
      TRY(view_.open_canonical(item, body));
      TRY(document.parse(body));
      facts_.reads.push_back(
          {fmt::format("{}{}/{}", kBase, fhir::type_name(key.type), document.root()->string("id")),
           1});
    }
    for (size_t i = 0; i < std::min(kSamplesMax, chosen_.size()); ++i) {
      Sample sample{chosen_[random_.below(chosen_.size())], {}};
      TRY(record::StoredItem item, view_.read(sample.key));
      TRY(view_.open_canonical(item, sample.body));
      facts_.samples.push_back(std::move(sample));
    }
    return {};
  }

  void list_records() {
    for (const auto& [ord, person] : persons_) {
      facts_.records.push_back(
          {fmt::format("{}Patient/{}/$everything", kBase, person.patient.text()),
           person.resources});
    }
  }

  void measure_index() {
    uint64_t keys = 0;
    uint64_t bytes = 0;
    json::Document document;
    record::IndexEntries index;
    for (const Sample& sample : facts_.samples) {
      if (!document.parse(sample.body)) {
        continue;
      }
      index.clear();
      index.add_resource(sample.key, *document.root());
      for (const auto& entry : index.entries()) {
        bytes += entry.key_size;
        ++keys;
      }
    }
    facts_.index_keys = static_cast<double>(keys) / static_cast<double>(facts_.samples.size());
    facts_.index_key_bytes = static_cast<double>(bytes) / static_cast<double>(keys);
  }

  const record::View& view_;
  Facts facts_;
  std::vector<record::ItemKey> chosen_;
  std::unordered_map<uint64_t, PersonFacts> persons_;  // by the first of their ords
  SeededRandom random_{kSeed};
};

}  // namespace

Result<std::unique_ptr<record::Store>> open_store(const std::string& data_folder,
                                                  const std::string& key_file) {
  record::StoreOptions options;
  options.data_folder = data_folder;
  TRY(std::string key, read_file(posix_files(), key_file, kKeyFileBytesMax));
  TRY(options.region_key, record::parse_region_key(key));
  return record::open_store(options);
}

Result<Facts> gather_facts(const std::string& data_folder, const std::string& key_file) {
  TRY(auto store, open_store(data_folder, key_file));
  auto view = store->view();
  return Survey(*view).run();
}

}  // namespace continuum::bench
