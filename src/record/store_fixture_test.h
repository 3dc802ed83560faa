// A record store for tests: one line stores a resource, on either engine, with the rows below in
// reach.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/memory_store.h"
#include "record/kv/kv_store.h"
#include "rocks/rocks_store.h"

namespace continuum::record {

inline std::string fresh_folder() {
  static int number = 0;
  std::string path = testing::TempDir() + "/continuum_record_" + std::to_string(getpid()) + "_" +
                     std::to_string(++number);
  std::filesystem::remove_all(path);
  return path;
}

inline crypto::Key region_key(uint8_t first = 1) {
  crypto::Key key{};
  key[0] = first;
  return key;
}

// A kv store that outlives the record store over it, as files outlive a process.
class BorrowedKv final : public kv::Store {
 public:
  explicit BorrowedKv(kv::Store& below) : below_(below) {}
  std::unique_ptr<kv::Snapshot> snapshot() override { return below_.snapshot(); }
  Status commit(const kv::Batch& batch, kv::Durability durability) override {
    return below_.commit(batch, durability);
  }
  Result<std::unique_ptr<kv::Ingestion>> begin_ingestion() override {
    return below_.begin_ingestion();
  }
  Status flush() override { return below_.flush(); }
  Status scrub(kv::Family family, const kv::Range& range) override {
    return below_.scrub(family, range);
  }
  Status freeze(const std::string& folder) override { return below_.freeze(folder); }
  FamilySize family_size(kv::Family family) override { return below_.family_size(family); }

 private:
  kv::Store& below_;
};

// A resource to store, in words. `members` is JSON without braces: R"("gender":"male")".
struct Draw {
  std::string type = "Patient";
  std::string own_id = "p1";
  std::string home = "p1";  // own id of the Patient; "shared"; "quarantine"
  std::string members = {};
  std::string match = {};
  std::string source = "gp";
  std::vector<std::string> also = {};  // own ids of other Patients it is about
  bool gives_id = false;               // own_id is its id
};

inline fhir::TypeNumber type_of(const Draw& draw) {
  return *fhir::type_number(draw.type);
}

// What a store holds now, as text: for comparing two stores.
using Rows = std::map<std::string, std::string>;

inline Rows all_rows(const kv::Snapshot& snapshot, kv::Family family) {
  Rows rows;
  auto cursor = snapshot.scan(family, {}, kv::ReadKind::kScan);
  while (cursor->next()) {
    rows.emplace(cursor->key(), cursor->value());
  }
  EXPECT_TRUE(cursor->status());
  return rows;
}

// Writes to any Store as the service above does.
class Writer {
 public:
  explicit Writer(Store& store) : store_(&store) {}

  IdHash hash(const Draw& draw) const {
    return store_->id_minter().hash(draw.source, type_of(draw), draw.own_id);
  }
  Result<Ord> home(const Draw& draw) const {
    TRY(SourceNumber source, store_->register_source(draw.source));
    if (draw.home == "shared") {
      return Ord::shared();
    }
    if (draw.home == "quarantine") {
      return Ord::quarantine(source);
    }
    IdHash patient = store_->id_minter().hash(draw.source, fhir::kPatientType, draw.home);
    return store_->place_patient(source, patient, draw.home);
  }
  Result<ResourceKey> id(const Draw& draw) const {
    TRY(Ord ord, home(draw));
    IdHash identity = hash(draw);
    TRY(auto located, store_->view()->find(type_of(draw), identity));
    return ResourceKey{
        type_of(draw),
        located ? located->id
                : ResourceId{ord.bucket(), identity, draw.gives_id ? draw.own_id : std::string()}};
  }
  Status prepare(const Draw& draw, Prepared& out) const {
    TRY(Ord ord, home(draw));
    TRY(ResourceKey id, this->id(draw));
    TRY(SourceNumber source, store_->register_source(draw.source));
    json::Document document;
    std::string members = draw.members.empty() ? "" : "," + draw.members;
    TRY(document.parse("{\"resourceType\":\"" + draw.type + "\"" + members + "}"));
    Canonical canonical;
    TRY(canonicalise(document, *document.root(), id.id.text(), draw.source, canonical));
    std::vector<Ord> also;
    for (const std::string& patient : draw.also) {
      TRY(Ord other, home({"Patient", patient, patient, {}, {}, draw.source}));
      also.push_back(other);
    }
    return store_->prepare(
        {id, ord, source, draw.own_id, &canonical, document.root(), draw.match, also}, out);
  }
  Status prepare_deletion(const Draw& draw, Prepared& out) const {
    TRY(Ord ord, home(draw));
    TRY(ResourceKey id, this->id(draw));
    TRY(SourceNumber source, store_->register_source(draw.source));
    return store_->prepare({id, ord, source, draw.own_id, nullptr, nullptr, draw.match}, out);
  }
  Result<CommitResult> put(const std::vector<Draw>& draws) const {
    std::vector<Prepared> items(draws.size());
    for (size_t i = 0; i < draws.size(); ++i) {
      TRY(prepare(draws[i], items[i]));
    }
    return store_->commit(items);
  }
  Result<CommitResult> put(const Draw& draw) const { return put(std::vector<Draw>{draw}); }
  Result<CommitResult> remove(const Draw& draw) const {
    std::vector<Prepared> items(1);
    TRY(prepare_deletion(draw, items[0]));
    return store_->commit(items);
  }
  Status add(BulkLoad& load, const Draw& draw) const {
    Prepared item;
    TRY(prepare(draw, item));
    return load.add(item);
  }
  Status load(const std::vector<Draw>& draws) const {
    TRY(auto load, store_->begin_bulk_load({}));
    for (const Draw& draw : draws) {
      TRY(add(*load, draw));
    }
    return load->flush();
  }

  Result<ItemKey> key(const Draw& draw) const {
    TRY(ResourceKey id, this->id(draw));
    TRY(Located located, store_->view()->locate(id));
    return located.key;
  }
  // The resource as it leaves the store.
  Result<std::string> read(const Draw& draw) const {
    TRY(ItemKey key, this->key(draw));
    auto view = store_->view();
    TRY(StoredItem item, view->read(key));
    std::string out;
    TRY(view->append_resource(item, out));
    return out;
  }
  // Every body of an ord, canonical, with its version, at a moment.
  std::map<ItemKey, std::string> scan(Ord ord, const ScanOptions& options = {}) const {
    std::map<ItemKey, std::string> found;
    auto view = store_->view();
    Status scanned = view->scan(ord, options, [&](const StoredItem& item) -> Result<bool> {
      std::string body;
      TRY(view->open_canonical(item, body));
      EXPECT_TRUE(found.empty() || found.rbegin()->first < item.key) << "out of order";
      found[item.key] = std::to_string(item.row.header.version) + " " + body;
      return true;
    });
    EXPECT_TRUE(scanned) << scanned.error().text();
    return found;
  }
  std::vector<std::string> findings() const {
    auto report = store_->check({});
    EXPECT_TRUE(report) << report.error().text();
    return report ? report->findings : std::vector<std::string>{"no report"};
  }

 private:
  Store* store_;
};

class TestStore {
 public:
  explicit TestStore(Engine engine) {
    if (engine == Engine::kMemory) {
      memory_ = kv::make_memory_store(kFamilyCount);
    } else {
      folder_ = fresh_folder();
    }
    open();
  }
  ~TestStore() {
    store_.reset();
    if (!folder_.empty()) {
      std::filesystem::remove_all(folder_);
      std::filesystem::remove_all(folder_ + ".keys");
    }
  }

  void close() { store_.reset(); }
  void reopen() {
    close();
    open();
  }
  // The rows themselves, while no record store is over them.
  template <typename Use>
  void with_rows(const Use& use) {
    store_.reset();
    if (memory_ != nullptr) {
      use(*memory_);
    } else {
      auto kv = rocks::open_store(rocks_options());
      ASSERT_TRUE(kv) << kv.error().text();
      use(**kv);
    }
    open();
  }

  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }
  Writer writer() { return Writer(*store_); }
  FakeClock& clock() { return clock_; }
  const std::string& folder() const { return folder_; }
  // Where its keys are, on either engine.
  FileSystem& key_files() { return memory_ != nullptr ? key_files_ : posix_files(); }
  std::string keys_folder() const { return memory_ != nullptr ? "/keys" : folder_ + ".keys"; }

 private:
  static constexpr int64_t kStart = 1'700'000'000'000'000;

  void open() {
    if (memory_ != nullptr) {
      auto keys = KeyStore::open(key_files_, keys_folder(), region_key());
      ASSERT_TRUE(keys) << keys.error().text();
      auto store = std::make_unique<KvStore>(std::make_unique<BorrowedKv>(*memory_),
                                             std::move(*keys), clock_);
      Status opened = store->open();
      ASSERT_TRUE(opened) << opened.error().text();
      Status brought = store->bring_up_to(key_files_, erasure_list_path(keys_folder()));
      ASSERT_TRUE(brought) << brought.error().text();
      store_ = std::move(store);
    } else {
      StoreOptions options;
      options.data_folder = folder_;
      options.region_key = region_key();
      options.cache_bytes = 1 << 20;
      options.clock = &clock_;
      options.tiny = true;
      auto store = open_store(options);
      ASSERT_TRUE(store) << store.error().text();
      store_ = std::move(*store);
    }
  }
  rocks::Options rocks_options() {
    rocks::Options options;
    options.path = folder_;
    for (const char* name : kFamilyNames) {
      options.families.push_back({name, rocks::Content::kPlain, false});
    }
    auto keys = KeyStore::open(posix_files(), keys_folder(), region_key());
    EXPECT_TRUE(keys);
    options.file_key = (*keys)->purpose_key(Purpose::kFiles);
    return options;
  }

  FakeClock clock_{Instant{kStart}};
  MemoryFileSystem key_files_;
  std::unique_ptr<kv::Store> memory_;
  std::string folder_;
  std::unique_ptr<Store> store_;
};

inline std::string name_of(Engine engine) {
  return engine == Engine::kMemory ? "Memory" : "Rocks";
}

}  // namespace continuum::record
