#include "bench/facts.h"

#include <fmt/format.h>

#include <unordered_map>

#include "access/policy.h"
#include "access/visit.h"
#include "base/random.h"
#include "bench/stage.h"
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
  OrganisationSet seen_by = 0;
};

// Which organisations' clinicians may see what: a Visit of one of each.
class Sight {
 public:
  Sight(record::Store& store, const config::Region& region, const access::Policy& policy,
        const std::vector<record::SourceStatus>& sources) {
    for (const config::Organisation& organisation : region.organisations) {
      access::Caller caller;
      caller.principal.kind = access::PrincipalKind::kStaff;
      caller.principal.role_codes = {"R8000"};
      caller.principal.organisation = organisation.ods_code;
      caller.organisation.ods_code = organisation.ods_code;
      caller.organisation.kind = organisation.kind;
      caller.organisation.sources = sources_of(region, organisation, sources);
      visits_.push_back(std::make_unique<access::Visit>(store.view(), std::move(caller), policy,
                                                        access::Request(), SystemClock().now()));
    }
  }

  // Of a source patient: of anything there.
  Result<OrganisationSet> of(record::Ord ord) {
    OrganisationSet set = 0;
    for (size_t i = 0; i < visits_.size(); ++i) {
      TRY(bool may, visits_[i]->may_see_anything_of(ord));
      set |= may ? only(i) : 0;
    }
    return set;
  }

  OrganisationSet of_shared(fhir::TypeNumber type) const {
    access::PlaceFacts place;
    place.place = access::PlaceFacts::kShared;
    OrganisationSet set = 0;
    for (size_t i = 0; i < visits_.size(); ++i) {
      set |= visits_[i]->scope().decide(place, {type, 0}).allow ? only(i) : 0;
    }
    return set;
  }

 private:
  static std::vector<record::SourceNumber> sources_of(
      const config::Region& region, const config::Organisation& organisation,
      const std::vector<record::SourceStatus>& sources) {
    std::vector<record::SourceNumber> numbers;
    for (const config::Source& source : region.sources) {
      for (const record::SourceStatus& status : sources) {
        if (source.organisation == organisation.ods_code && source.name == status.name) {
          numbers.push_back(status.number);
        }
      }
    }
    return numbers;
  }

  std::vector<std::unique_ptr<access::Visit>> visits_;
};

struct Chosen {
  record::ItemKey key;
  OrganisationSet seen_by = 0;
};

// Walks the whole store once; keeps a random choice of items.
class Survey {
 public:
  Survey(const record::View& view, Sight& sight) : view_(view), sight_(sight) {}

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
    TRY(const OrganisationSet seen_by, sight_.of(ord));
    TRY(view_.scan(ord, {}, [&](const record::StoredItem& item) -> Result<bool> {
      facts_.body_bytes += item.row.header.body_size;
      choose({item.key, ord.is_shared() ? sight_.of_shared(item.key.type) : seen_by});
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
    known.seen_by = seen_by;
    known.resources += facts_.items - before;
    return {};
  }

  // Reservoir sampling: each item is as likely as any other.
  void choose(const Chosen& item) {
    if (item.seen_by == 0) {
      ++facts_.items_unseen;
      return;
    }
    ++offered_;
    if (chosen_.size() < kReadsMax) {
      chosen_.push_back(item);
    } else if (uint64_t at = random_.below(offered_); at < kReadsMax) {
      chosen_[at] = item;
    }
  }

  Status open_chosen() {
    json::Document document;
    for (const auto& [key, seen_by] : chosen_) {
      TRY(record::StoredItem item, view_.read(key));
      std::string body;
      TRY(view_.open_canonical(item, body));
      TRY(document.parse(body));
      facts_.reads.push_back(
          {fmt::format("{}{}/{}", kBase, fhir::type_name(key.type), document.root()->string("id")),
           1, seen_by});
    }
    for (size_t i = 0; i < std::min(kSamplesMax, chosen_.size()); ++i) {
      Sample sample{chosen_[random_.below(chosen_.size())].key, 0, {}};
      TRY(record::StoredItem item, view_.read(sample.key));
      sample.source = item.row.header.source;
      TRY(view_.open_canonical(item, sample.body));
      facts_.samples.push_back(std::move(sample));
    }
    return {};
  }

  void list_records() {
    for (const auto& [ord, person] : persons_) {
      if (person.seen_by == 0) {
        ++facts_.people_unseen;
        continue;
      }
      facts_.records.push_back(
          {fmt::format("{}Patient/{}/$everything", kBase, person.patient.text()), person.resources,
           person.seen_by});
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
      index.add_resource(sample.key, sample.source, *document.root());
      for (const auto& entry : index.entries()) {
        bytes += entry.key_size;
        ++keys;
      }
    }
    facts_.index_keys = static_cast<double>(keys) / static_cast<double>(facts_.samples.size());
    facts_.index_key_bytes = static_cast<double>(bytes) / static_cast<double>(keys);
  }

  const record::View& view_;
  Sight& sight_;
  Facts facts_;
  std::vector<Chosen> chosen_;
  uint64_t offered_ = 0;
  std::unordered_map<uint64_t, PersonFacts> persons_;  // by the first of their ords
  SeededRandom random_{kSeed};
};

}  // namespace

Result<std::unique_ptr<record::Store>> open_store(const std::string& data_folder,
                                                  const std::string& key_file, uint64_t cache_mb) {
  record::StoreOptions options;
  options.data_folder = data_folder;
  options.cache_bytes = cache_mb << 20;
  TRY(std::string key, read_file(posix_files(), key_file, kKeyFileBytesMax));
  TRY(options.region_key, record::parse_region_key(key));
  return record::open_store(options);
}

Result<Facts> gather_facts(const Place& place) {
  TRY(const config::Region region, config::load_region(posix_files(), place.region_file()));
  TRY(const access::Policy policy, access::Policy::load(posix_files(), kPolicyFile));
  TRY(auto store, open_store(place.data(), place.key_file()));
  auto view = store->view();
  TRY(const auto sources, view->sources());
  Sight sight(*store, region, policy, sources);
  return Survey(*view, sight).run();
}

}  // namespace continuum::bench
