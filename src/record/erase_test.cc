// An erased record is gone: from every family, from every file once scrubbed, from older copies,
// and for good. Everything else is as it was.
#include "ledger/entry.h"
#include "record/body.h"
#include "record/ledger_fixture_test.h"
#include "record/power_cut_test.h"
#include "record/store_fixture_test.h"
#include "rocks/decoded_files_test.h"

namespace continuum::record {
namespace {

constexpr const char* kAnnsMatch = "9990000018|1980-01-31";
const Draw kAnn{"Patient", "ann", "ann", R"("birthDate":"1980-01-31")", kAnnsMatch};
const Draw kAnnAtTrust{"Patient",  "ann9", "ann9", R"("birthDate":"1980-01-31")",
                       kAnnsMatch, "trust"};
const Draw kBob{"Patient", "bob", "bob", R"("birthDate":"1979-02-01")", "9990000026|1979-02-01"};
const Draw kCat{"Patient", "cat", "cat", R"("birthDate":"2019-03-02")"};

Draw condition(const std::string& own_id, const std::string& home, const std::string& code) {
  return {
      "Condition", own_id, home,
      R"("onsetDateTime":"2020-01-02","code":{"coding":[{"system":"s","code":")" + code + "\"}]}"};
}

Draw appointment(const std::string& home, std::vector<std::string> also,
                 const std::string& status = "booked") {
  return {
      "Appointment",
      "a1",
      home,
      R"("identifier":[{"system":"s","value":"a1"}],"start":"2026-02-03T10:00:00Z","status":")" +
          status + "\"",
      {},
      "gp",
      std::move(also)};
}

Draw episode(const std::string& home) {
  return {"EpisodeOfCare", "e-" + home, home,
          R"("status":"active","period":{"start":"2020-01-02"})"};
}

Result<ErasureDone> erase(Store& store, Ord ord, const std::string& reason = "asked") {
  TRY(ErasurePlan plan, store.plan_erasure(ord));
  return store.erase({ord, plan.state, "me", reason}, {});
}

// Every row of an engine but those of the ledger, by family and key.
std::map<std::pair<std::string, std::string>, std::string> rows_of(kv::Store& kv) {
  std::map<std::pair<std::string, std::string>, std::string> rows;
  auto snapshot = kv.snapshot();
  for (kv::Family family = 0; family < kLedger; ++family) {
    for (const auto& [key, value] : all_rows(*snapshot, family)) {
      rows[{kFamilyNames[family], key}] = value;
    }
  }
  return rows;
}

class EraseTest : public testing::TestWithParam<Engine> {
 protected:
  Writer writer() { return store_.writer(); }
  Ord ord(const Draw& draw) {
    return *writer().key(draw).map([](ItemKey key) { return key.ord; });
  }
  void expect_sound() { EXPECT_EQ(writer().findings(), std::vector<std::string>{}); }
  std::map<std::pair<std::string, std::string>, std::string> rows() {
    std::map<std::pair<std::string, std::string>, std::string> found;
    store_.with_rows([&](kv::Store& kv) { found = rows_of(kv); });
    return found;
  }
  // The current resources of a record, as "type version".
  std::vector<std::string> seen(Ord ord, std::optional<T> as_of = {}) {
    std::vector<std::string> out;
    ScanOptions options;
    options.as_of = as_of;
    for (const auto& [key, body] : writer().scan(ord, options)) {
      out.push_back(std::string(fhir::type_name(key.type)) + " " + body.substr(0, 1));
    }
    return out;
  }
  using Seen = std::vector<std::string>;

  // Names the ord of `patient` in a key or value of any family, ledger aside.
  size_t rows_that_name(Ord ord) {
    size_t count = 0;
    for (const auto& [at, value] : rows()) {
      bool is_meta = at.first == "meta";  // what was erased is remembered there
      count += !is_meta && (at.second.find(ord_key(ord)) != std::string::npos ||
                            value.find(ord_key(ord)) != std::string::npos);
    }
    return count;
  }

  TestStore store_{GetParam()};
};

TEST_P(EraseTest, TakesAllOfOneAndNothingOfOthers) {
  ASSERT_TRUE(writer().load({kAnn, kBob, condition("c1", "ann", "73211009"), episode("ann"),
                             condition("c2", "bob", "44054006")}));
  T loaded = store_->view()->stable_t();
  ASSERT_TRUE(
      writer().put({kAnnAtTrust, kCat, condition("c3", "ann", "38341003"), episode("bob")}));
  ASSERT_TRUE(writer().put(condition("c1", "ann", "195967001")));
  ASSERT_TRUE(writer().put(condition("c2", "bob", "195967001")));
  ASSERT_TRUE(writer().remove(condition("c3", "ann", "38341003")));
  Ord ann = ord(kAnn);
  Ord bob = ord(kBob);
  ResourceKey id = *writer().id(kAnn);
  ASSERT_EQ(store_->view()->person_of(ord(kAnnAtTrust), {})->members.size(), 2U);
  EXPECT_GT(rows_that_name(ann), 15U);
  auto before = rows();

  auto plan = store_->plan_erasure(ann);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->types[*fhir::type_number("Condition")].resources, 1U);
  EXPECT_EQ(plan->types[*fhir::type_number("Condition")].versions, 4U);
  EXPECT_EQ(plan->others, 1U);
  EXPECT_EQ(plan->kept_with_others, 0U);
  auto done = erase(*store_, ann);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->certificate, 1U);
  EXPECT_EQ(done->t, store_->view()->stable_t());
  expect_sound();

  // Nobody, at no time.
  EXPECT_EQ(store_->view()->locate(id).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->view()->source_patient(ann).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(seen(ann), Seen{});
  EXPECT_EQ(seen(ann, loaded), Seen{});
  for (std::optional<T> t : {std::optional<T>(), std::optional<T>(loaded + 1)}) {
    auto person = store_->view()->person_of(ord(kAnnAtTrust), t);
    ASSERT_TRUE(person);
    ASSERT_EQ(person->members.size(), 1U);
    EXPECT_EQ(person->members[0].ord, ord(kAnnAtTrust));
  }
  // Whoever shares the number and birth date is still joined by them.
  EXPECT_TRUE(*store_->view()->person_matching(kAnnsMatch));
  EXPECT_TRUE(store_->view()->audit_key(ann)) << "the proof of who looked stays";
  EXPECT_EQ(rows_that_name(ann), 0U);

  // Row by row: what doesn't name ann is as it was, but for the marks of the erasure itself.
  auto after = rows();
  size_t same = 0;
  for (const auto& [at, value] : before) {
    bool is_hers = at.second.find(ord_key(ann)) != std::string::npos ||
                   value.find(ord_key(ann)) != std::string::npos;
    if (!is_hers && at.first != "meta") {
      ASSERT_TRUE(after.contains(at)) << at.first;
      EXPECT_EQ(after[at], value) << at.first;
      ++same;
    }
  }
  EXPECT_GT(same, 30U);
  EXPECT_EQ(seen(bob), (Seen{"Patient 1", "Condition 2", "EpisodeOfCare 1"}));
  EXPECT_EQ(seen(bob, loaded), (Seen{"Patient 1", "Condition 1"}));

  // What the source sends again is somebody new.
  ASSERT_TRUE(writer().put(kAnn));
  EXPECT_NE(ord(kAnn), ann);
  EXPECT_EQ(erase(*store_, ann).error().code, ErrorCode::kNotFound);
  store_.reopen();
  expect_sound();
  EXPECT_EQ(store_->erasures().size(), 1U);
}

TEST_P(EraseTest, AMatchNobodyElseHasGoesToo) {
  ASSERT_TRUE(writer().put({kAnn, kBob}));
  ASSERT_TRUE(erase(*store_, ord(kAnn)));
  EXPECT_FALSE(*store_->view()->person_matching(kAnnsMatch));
  EXPECT_TRUE(*store_->view()->person_matching("9990000026|1979-02-01"));
  expect_sound();
}

TEST_P(EraseTest, ACopyGoesAndTheOthersStay) {
  ASSERT_TRUE(writer().put({kAnn, kBob, kCat}));
  ASSERT_TRUE(writer().put(appointment("ann", {"bob", "cat"})));
  T booked = store_->view()->stable_t();
  ASSERT_TRUE(writer().put(appointment("ann", {"bob", "cat"}, "arrived")));
  Ord bob = ord(kBob);
  EXPECT_EQ(store_->plan_erasure(bob)->kept_with_others, 1U);
  ASSERT_TRUE(erase(*store_, bob));
  expect_sound();
  EXPECT_EQ(rows_that_name(bob), 0U);
  for (const Draw& patient : {kAnn, kCat}) {
    EXPECT_EQ(seen(ord(patient)), (Seen{"Patient 1", "Appointment 2"}));
    EXPECT_EQ(seen(ord(patient), booked), (Seen{"Patient 1", "Appointment 1"}));
  }
  EXPECT_EQ(writer().key(appointment("ann", {}))->ord, ord(kAnn));
  // It goes on without bob.
  ASSERT_TRUE(writer().put(appointment("ann", {"cat"}, "fulfilled")));
  EXPECT_EQ(seen(ord(kCat)), (Seen{"Patient 1", "Appointment 3"}));
  expect_sound();
}

TEST_P(EraseTest, WithItsHomeGoneAnotherPatientIsIt) {
  ASSERT_TRUE(writer().put({kAnn, kBob, kCat}));
  ASSERT_TRUE(writer().put(appointment("ann", {"bob"})));
  ASSERT_TRUE(writer().put(appointment("ann", {"bob", "cat"}, "arrived")));
  ASSERT_TRUE(writer().put(appointment("ann", {"cat"}, "fulfilled")));
  Ord ann = ord(kAnn);
  ResourceKey id = *writer().id(appointment("ann", {}));
  ASSERT_TRUE(erase(*store_, ann));
  expect_sound();
  EXPECT_EQ(rows_that_name(ann), 0U);
  auto located = store_->view()->locate(id);
  ASSERT_TRUE(located) << located.error().text();
  EXPECT_EQ(located->key.ord, ord(kCat)) << "bob was left before";
  auto found =
      store_->view()->find_token(*fhir::type_number("Appointment"), "identifier", "s", "a1", 10);
  ASSERT_EQ(found->size(), 1U) << "one hit";
  EXPECT_EQ(found->front(), located->key);
  EXPECT_EQ(seen(ord(kCat)), (Seen{"Patient 1", "Appointment 3"}));
  EXPECT_EQ(seen(ord(kBob)), Seen{"Patient 1"});
  // Then the new home goes, and what bob had of it is all there is.
  ASSERT_TRUE(erase(*store_, ord(kCat)));
  expect_sound();
  EXPECT_EQ(store_->view()->locate(id)->key.ord, ord(kBob));
  ASSERT_TRUE(erase(*store_, ord(kBob)));
  expect_sound();
  EXPECT_EQ(store_->view()->locate(id).error().code, ErrorCode::kNotFound);
}

TEST_P(EraseTest, WhatWasDeletedKeepsAHomeAmongThoseWhoHadIt) {
  ASSERT_TRUE(writer().put({kAnn, kBob}));
  T booked = writer().put(appointment("ann", {"bob"}))->t;
  ASSERT_TRUE(writer().remove(appointment("ann", {})));
  ASSERT_TRUE(erase(*store_, ord(kAnn)));
  expect_sound();
  EXPECT_EQ(seen(ord(kBob), booked), (Seen{"Patient 1", "Appointment 1"}));
}

TEST_P(EraseTest, ThePastInQuarantineGoesToo) {
  Draw lost = condition("c1", "quarantine", "73211009");
  Draw others = condition("c2", "quarantine", "44054006");
  ASSERT_TRUE(writer().put({lost, others}));
  lost.members += R"(,"language":"en")";
  ASSERT_TRUE(writer().put(lost));
  ASSERT_TRUE(writer().put({kAnn, kBob}));
  // They keep the ids they have.
  for (auto& [draw, home] : {std::pair{&lost, &kAnn}, std::pair{&others, &kBob}}) {
    ResourceKey id = *writer().id(*draw);
    draw->home = home->home;
    std::vector<Prepared> items(1);
    json::Document document;
    ASSERT_TRUE(document.parse(R"({"resourceType":"Condition",)" + draw->members + "}"));
    Canonical canonical;
    ASSERT_TRUE(canonicalise(document, *document.root(), id.id.text(), "gp", canonical));
    ASSERT_TRUE(store_->prepare({id, ord(*home), 1, draw->own_id, &canonical, document.root(), {}},
                                items[0]));
    ASSERT_TRUE(store_->commit(items));
  }
  expect_sound();
  Ord ann = ord(kAnn);
  auto versions_in_quarantine = [&] {
    size_t count = 0;
    for (const auto& [at, value] : rows()) {
      count +=
          at.first == "history" && Ord::from_value(*ByteReader(at.second).u48()).is_quarantine();
    }
    return count;
  };
  ASSERT_EQ(versions_in_quarantine(), 5U);
  ASSERT_TRUE(erase(*store_, ann));
  expect_sound();
  EXPECT_EQ(versions_in_quarantine(), 2U) << "those of the other";
}

TEST_P(EraseTest, OnlyTheStateThatWasConfirmed) {
  ASSERT_TRUE(writer().put({kAnn, kBob}));
  Ord ann = ord(kAnn);
  ErasurePlan plan = *store_->plan_erasure(ann);
  ASSERT_TRUE(writer().put(condition("c2", "bob", "1")));
  EXPECT_EQ(store_->plan_erasure(ann)->state, plan.state) << "others change nothing";
  ASSERT_TRUE(writer().put(condition("c1", "ann", "1")));
  EXPECT_EQ(store_->erase({ann, plan.state, "me", "why"}, {}).error().code, ErrorCode::kConflict);
  plan = *store_->plan_erasure(ann);
  EXPECT_EQ(store_->erase({ann, plan.state, "me", ""}, {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(store_->plan_erasure(Ord::shared()).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(seen(ann), (Seen{"Patient 1", "Condition 1"}));
  EXPECT_TRUE(store_->erasures().empty());
}

// What was prepared before must not come back under a number that is nobody's.
TEST_P(EraseTest, WhatWasPreparedBeforeIsRefused) {
  ASSERT_TRUE(writer().put({kAnn, kBob}));
  std::vector<Prepared> own(1);
  std::vector<Prepared> copy(1);
  ASSERT_TRUE(writer().prepare(condition("c1", "ann", "1"), own[0]));
  ASSERT_TRUE(writer().prepare(appointment("bob", {"ann"}), copy[0]));
  ASSERT_TRUE(erase(*store_, ord(kAnn)));
  EXPECT_EQ(store_->commit(own).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->commit(copy).error().code, ErrorCode::kConflict);
  store_.reopen();
  EXPECT_EQ(store_->commit(own).error().code, ErrorCode::kConflict);
  expect_sound();
}

TEST_P(EraseTest, TheLedgerHasACertificateThatNamesNobody) {
  ASSERT_TRUE(writer().put({kAnn, condition("c1", "ann", "73211009")}));
  Ord ann = ord(kAnn);
  ASSERT_TRUE(store_->append_ledger(request_entries(*store_, 1, {ann.value()})));
  auto done = erase(*store_, ann, "Mrs Featherstonehaugh asked");
  ASSERT_TRUE(done);
  auto view = store_->view();
  auto bytes = view->ledger()->entry(done->ledger_number);
  ASSERT_TRUE(bytes);
  auto entry = ledger::decode_entry(*bytes);
  ASSERT_TRUE(entry);
  const auto& command = std::get<ledger::CommandEntry>(*entry);
  EXPECT_EQ(command.command, "erase");
  EXPECT_EQ(command.outcome, "done");
  EXPECT_EQ(command.by, "me");
  EXPECT_EQ(bytes->find("Featherstonehaugh"), std::string::npos);
  EXPECT_EQ(bytes->find(ord_key(ann)), std::string::npos);
  json::Document details;
  ASSERT_TRUE(details.parse(command.details));
  EXPECT_EQ(details.root()->find("certificate")->text, "1");
  EXPECT_EQ(details.root()->find("resources")->find("Condition")->text, "1");
  EXPECT_EQ(details.root()->find("t")->text, std::to_string(done->t));
  auto reason =
      open_reason(*view->audit_key(ann), ann, *from_base64(details.root()->string("reason")));
  ASSERT_TRUE(reason);
  EXPECT_EQ(*reason, "Mrs Featherstonehaugh asked");
  // Who looked at the record is still told.
  size_t accesses = 0;
  ASSERT_TRUE(view->ledger()->accesses(ann.value(), UINT64_MAX, [&](const ledger::Access&) {
    ++accesses;
    return ledger::Reader::Next::kContinue;
  }));
  EXPECT_EQ(accesses, 1U);
  expect_sound();
}

// Many records, all kinds of changes; erasing some leaves the others as if nothing had happened.
TEST_P(EraseTest, RandomRecordsLeaveTheOthersAlone) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TestStore store(GetParam());
    SeededRandom random(seed);
    Writer writer = store.writer();
    std::vector<std::string> names = {"p0", "p1", "p2", "p3", "p4", "p5"};
    auto patient = [](const std::string& name) {
      return Draw{"Patient", name, name, R"("birthDate":"1980-01-31")",
                  "99" + std::string(1, static_cast<char>('0' + name[1] % 3)) + "|1980"};
    };
    for (const std::string& name : names) {
      ASSERT_TRUE(writer.put(patient(name)));
    }
    // Appointments move between the patients they are about, and so do their homes.
    for (int step = 0; step < 60; ++step) {
      uint64_t number = random.below(8);
      std::string home = names[random.below(names.size())];
      Draw draw = appointment(home, {}, std::to_string(random.below(1000)));
      draw.own_id = "a" + std::to_string(number);
      for (const std::string& name : names) {
        if (name != home && random.below(3) == 0) {
          draw.also.push_back(name);
        }
      }
      if (random.below(6) == 0) {
        auto removed = writer.remove(draw);
        ASSERT_TRUE(removed || removed.error().code == ErrorCode::kNotFound);
      } else {
        ASSERT_TRUE(writer.put(draw));
      }
    }
    ASSERT_EQ(writer.findings(), std::vector<std::string>{});
    T last = store->view()->stable_t();
    std::map<std::string, Ord> ords;
    std::map<std::string, std::vector<std::map<ItemKey, std::string>>> before;
    auto history = [&](Ord ord) {
      std::vector<std::map<ItemKey, std::string>> states;
      for (T t = 1; t <= last; ++t) {
        states.push_back(store.writer().scan(ord, {.types = {}, .as_of = t, .after = {}}));
      }
      return states;
    };
    for (const std::string& name : names) {
      ords[name] = writer.key(patient(name))->ord;
      before[name] = history(ords[name]);
    }
    while (names.size() > 2) {
      std::string name = names[random.below(names.size())];
      std::erase(names, name);
      auto done = erase(*store, ords[name]);
      ASSERT_TRUE(done) << done.error().text();
      ASSERT_EQ(store.writer().findings(), std::vector<std::string>{}) << "without " << name;
      EXPECT_TRUE(store.writer().scan(ords[name]).empty());
      for (const std::string& other : names) {
        EXPECT_EQ(history(ords[other]), before[other]) << other << " without " << name;
      }
    }
    EXPECT_EQ(store->erasures().size(), 4U);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, EraseTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

// Files, copies of them, and what is outside the data folder.
class EraseFilesTest : public testing::Test {
 protected:
  static constexpr int kOthers = 40;

  EraseFilesTest() {
    Writer writer = store_.writer();
    std::vector<Draw> draws = {victim()};
    for (int i = 0; i < kOthers; ++i) {
      std::string home = "q" + std::to_string(i);
      draws.push_back({"Patient", home, home, R"("birthDate":"1970-01-01")"});
      draws.push_back(condition(home + "c", home, "1000" + std::to_string(i)));
    }
    draws.push_back(condition("mrn-c1", "mrn-7788990", "73211009"));
    EXPECT_TRUE(writer.load(draws));
    EXPECT_TRUE(writer.put(condition("mrn-c2", "mrn-7788990", "44054006")));
    Draw given = condition("given-by-a-client", "mrn-7788990", "22298006");
    given.gives_id = true;
    EXPECT_TRUE(writer.put(given));
    EXPECT_TRUE(store_->flush());
    EXPECT_TRUE(writer.put(condition("mrn-c2", "mrn-7788990", "38341003")));
    EXPECT_TRUE(writer.put(condition("mrn-c3", "mrn-7788990", "195967001")));
    EXPECT_TRUE(writer.remove(condition("mrn-c3", "mrn-7788990", "195967001")));
    ord_ = writer.key(victim())->ord;
  }
  ~EraseFilesTest() override {
    std::filesystem::remove_all(copy_);
    std::filesystem::remove(keys() + ".erasures");
  }

  static Draw victim() {
    return {"Patient", "mrn-7788990", "mrn-7788990",
            R"("identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],
              "name":[{"family":"Featherstonehaugh","given":["Zebediah"]}],
              "address":[{"line":["14 Elm Close"],"city":"Nether Wallop"}],
              "birthDate":"1980-01-31")",
            kAnnsMatch};
  }
  std::string keys() const { return store_.folder() + ".keys"; }
  crypto::Key file_key() const {
    return **KeyStore::peek(posix_files(), keys(), region_key(), Purpose::kFiles);
  }
  // What the patient's rows say: names, numbers, codes, ids, and the sealed bodies.
  std::vector<std::string> values() {
    std::vector<std::string> out = {"featherstonehaugh", "zebediah",    "9990000018",   "73211009",
                                    "44054006",          "38341003",    "195967001",    "mrn-c1",
                                    "given-by-a-client", "mrn-7788990", "nether wallop"};
    out.emplace_back(view(store_.writer().hash(victim())));
    store_.with_rows([&](kv::Store& kv) {
      auto snapshot = kv.snapshot();
      for (kv::Family family : {kv::Family{kCurrent}, kv::Family{kHistory}}) {
        for (const auto& [key, value] : all_rows(*snapshot, family)) {
          auto row = decode_row(value);
          if (decode_item_key(key)->ord == ord_ && row && !row->sealed.empty()) {
            out.emplace_back(row->sealed.substr(0, 24));
          }
        }
      }
    });
    return out;
  }
  static size_t files_with(const std::map<std::string, std::string>& files,
                           const std::string& value) {
    return static_cast<size_t>(std::count_if(files.begin(), files.end(), [&](const auto& file) {
      return file.second.find(value) != std::string::npos;
    }));
  }
  void keep_copy() {
    store_.close();
    std::filesystem::copy(store_.folder(), copy_, std::filesystem::copy_options::recursive);
    store_.reopen();
  }
  Result<std::unique_ptr<Store>> open_copy() {
    StoreOptions options;
    options.data_folder = copy_;
    options.keys_folder = keys();
    options.region_key = region_key();
    options.tiny = true;
    return open_store(options);
  }

  TestStore store_{Engine::kRocks};
  std::string copy_ = fresh_folder();
  Ord ord_;
};

TEST_F(EraseFilesTest, NoFileHoldsAnythingOnceItIsScrubbed) {
  std::vector<std::string> values = this->values();
  ASSERT_GE(values.size(), 11 + 5U);
  ASSERT_TRUE(store_.writer().put(condition("q1c", "q1", "1")));  // leaves a log that isn't empty
  store_.close();
  auto before = rocks::decoded_files(store_.folder(), file_key());
  for (const std::string& value : values) {
    EXPECT_GT(files_with(before, value), 0U) << "cannot be found at all: " << value;
  }
  auto kinds = [](const std::map<std::string, std::string>& files) {
    std::set<std::string> found;
    for (const auto& [name, bytes] : files) {
      found.insert(name.ends_with(".sst")   ? "sorted"
                   : name.ends_with(".log") ? "log"
                                            : name.substr(0, name.find('-')));
    }
    return found;
  };
  EXPECT_TRUE(kinds(before).contains("sorted") && kinds(before).contains("log") &&
              kinds(before).contains("MANIFEST"));
  // In the list of files too: their first and last keys.
  size_t in_lists = 0;
  for (const auto& [name, bytes] : before) {
    for (const std::string& value : values) {
      in_lists += name.starts_with("MANIFEST") && bytes.find(value) != std::string::npos;
    }
  }
  EXPECT_GT(in_lists, 0U);

  store_.reopen();
  ASSERT_TRUE(erase(*store_, ord_));
  EXPECT_EQ(*store_->unscrubbed_erasures(), 1U);
  ASSERT_TRUE(store_->flush());
  store_.close();
  auto erased = rocks::decoded_files(store_.folder(), file_key());
  size_t left = 0;
  for (const std::string& value : values) {
    left += files_with(erased, value);
  }
  EXPECT_GT(left, 0U) << "nothing is left to scrub";

  store_.reopen();
  {
    auto view = store_->view();
    EXPECT_EQ(store_->scrub({}).error().code, ErrorCode::kBusy);
  }
  ASSERT_TRUE(store_->scrub({}));
  EXPECT_EQ(*store_->unscrubbed_erasures(), 0U);
  store_.reopen();
  store_.close();
  auto after = rocks::decoded_files(store_.folder(), file_key());
  EXPECT_TRUE(kinds(after).contains("sorted") && kinds(after).contains("MANIFEST"));
  for (const std::string& value : values) {
    EXPECT_EQ(files_with(after, value), 0U) << value;
  }
  store_.reopen();
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
  EXPECT_TRUE(store_.writer().read(condition("q7c", "q7", "")));
}

TEST_F(EraseFilesTest, AnOldCopyOpensNothingWithTheKeysOfNow) {
  keep_copy();
  ASSERT_TRUE(erase(*store_, ord_));
  store_.close();
  // Also when the list was lost: there is no key.
  std::filesystem::rename(keys() + ".erasures", keys() + ".away");
  {
    auto old = open_copy();
    ASSERT_TRUE(old) << old.error().text();
    auto view = (*old)->view();
    size_t items = 0;
    const auto keys_of_now = KeyStore::read(posix_files(), keys(), region_key());
    ASSERT_TRUE(keys_of_now);
    ASSERT_TRUE(view->scan(ord_, {}, [&](const StoredItem& item) -> Result<bool> {
      ++items;
      std::string body;
      EXPECT_EQ(view->append_resource(item, body).error().code, ErrorCode::kNotFound);
      for (const KeyRecord& record : *keys_of_now) {
        EXPECT_FALSE(open_body(record.key, item.key, item.row, body));
      }
      return true;
    }));
    EXPECT_EQ(items, 4U);
  }
  std::filesystem::rename(keys() + ".away", keys() + ".erasures");
  // With the list it is brought up to it before anybody reads.
  auto old = open_copy();
  ASSERT_TRUE(old) << old.error().text();
  EXPECT_EQ((*old)->view()->source_patient(ord_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Writer(**old).findings(), std::vector<std::string>{});
  EXPECT_EQ(*(*old)->unscrubbed_erasures(), 1U);
  auto view = (*old)->view();
  auto ledger = view->ledger();
  auto entry = ledger::decode_entry(*ledger->entry(ledger->size() - 1));
  EXPECT_EQ(std::get<ledger::CommandEntry>(*entry).outcome, "replayed");
}

TEST_F(EraseFilesTest, AKeyThatComesBackIsDestroyedAgain) {
  auto older = KeyStore::read(posix_files(), keys(), region_key());
  ASSERT_TRUE(older);
  ASSERT_TRUE(erase(*store_, ord_));
  store_.close();
  std::filesystem::remove(keys() + "/keys.log");
  ASSERT_TRUE(KeyStore::make(posix_files(), keys(), region_key(), *older));
  store_.reopen();
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
  store_.close();
  const auto now = KeyStore::read(posix_files(), keys(), region_key());
  ASSERT_TRUE(now);
  for (const KeyRecord& key : *now) {
    EXPECT_FALSE(key.id.kind == KeyKind::kData && key.id.number == ord_.value());
  }
}

TEST_F(EraseFilesTest, AListThatWasLostIsMadeAgainFromTheStore) {
  ASSERT_TRUE(erase(*store_, ord_));
  ASSERT_TRUE(erase(*store_, store_.writer().key({"Patient", "q3", "q3"})->ord));
  auto known = store_->erasures();
  store_.close();
  std::filesystem::remove(keys() + ".erasures");
  store_.reopen();
  EXPECT_EQ(store_->erasures(), known);
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

// A copy from before the patient came, or a new store: the number is nobody's there either.
TEST_F(EraseFilesTest, ANumberIsNeverGivenAgain) {
  ASSERT_TRUE(erase(*store_, ord_));
  store_.close();
  auto fresh = open_copy();  // there is none yet
  ASSERT_TRUE(fresh) << fresh.error().text();
  ASSERT_TRUE(Writer(**fresh).put(victim()));
  EXPECT_NE(Writer(**fresh).key(victim())->ord, ord_);
  EXPECT_EQ(Writer(**fresh).findings(), std::vector<std::string>{});
}

// A copy that went on without the list gave the number to somebody: they are not erased.
TEST_F(EraseFilesTest, AListThatNamesSomebodyElseIsRefused) {
  ASSERT_TRUE(erase(*store_, ord_));
  store_.close();
  std::filesystem::rename(keys() + ".erasures", keys() + ".away");
  Draw other{"Patient", "other", "other", R"("gender":"male")"};
  {
    // Patients until one of them has the number.
    auto fresh = open_copy();
    ASSERT_TRUE(fresh);
    for (int i = 0; i < 100'000; ++i) {
      other.own_id = other.home = "other" + std::to_string(i);
      if (IdMinter::bucket_of(Writer(**fresh).hash(other)) == ord_.bucket()) {
        break;
      }
    }
    ASSERT_TRUE(Writer(**fresh).put(other));
    ASSERT_EQ(Writer(**fresh).key(other)->ord, ord_);
  }
  std::filesystem::rename(keys() + ".away", keys() + ".erasures");
  EXPECT_EQ(open_copy().error().code, ErrorCode::kUnavailable);
  std::filesystem::remove(keys() + ".erasures");
  auto kept = open_copy();
  ASSERT_TRUE(kept);
  EXPECT_TRUE(Writer(**kept).read(other));
}

// The power is cut at every write of an erasure and a scrub: it is done or not begun, and running
// it again ends it.
class EraseDurabilityTest : public testing::Test {
 protected:
  StoreOptions options(MemoryFileSystem& disk) const {
    StoreOptions options;
    options.data_folder = "/data";
    options.region_key = region_key();
    options.cache_bytes = 1 << 20;
    options.files = &disk;
    options.clock = &clock_;
    options.tiny = true;
    return options;
  }

  enum class Until : uint8_t { kErased, kScrubbed };

  void live(Until until, uint64_t cut, bool& power_stayed_on) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    MemoryFileSystem disk;
    Ord ann;
    {
      auto store = open_store(options(disk));
      ASSERT_TRUE(store);
      Writer writer(**store);
      ASSERT_TRUE(writer.put({kAnn, kBob, condition("c1", "ann", "73211009")}));
      ASSERT_TRUE(writer.put(appointment("ann", {"bob"})));
      ann = writer.key(kAnn)->ord;
    }
    bool acknowledged = false;
    {
      auto store = open_store(options(disk));
      ASSERT_TRUE(store);
      disk.cut_after(cut);
      acknowledged = erase(**store, ann).has_value();
      bool scrubs = acknowledged && until == Until::kScrubbed;
      Status scrubbed = scrubs ? (*store)->scrub({}) : Status();
      power_stayed_on = !disk.power_is_cut();
      ASSERT_TRUE(!power_stayed_on || (acknowledged && scrubbed));
    }
    disk.cut_power();
    disk.restore_power();
    auto store = open_store(options(disk));
    ASSERT_TRUE(store) << store.error().text();
    Writer writer(**store);
    ASSERT_EQ(writer.findings(), std::vector<std::string>{});
    bool is_gone = !(*store)->view()->source_patient(ann);
    ASSERT_TRUE(is_gone || !acknowledged);
    ASSERT_EQ((*store)->erasures().size(), is_gone ? 1U : 0U);
    if (is_gone) {
      EXPECT_TRUE(writer.scan(ann).empty());
    } else {
      EXPECT_EQ(writer.scan(ann).size(), 3U);
      ++not_begun_;
      auto done = erase(**store, ann);
      ASSERT_TRUE(done) << done.error().text();
    }
    gone_ += is_gone && !acknowledged ? 1 : 0;
    EXPECT_EQ(writer.scan(writer.key(kBob)->ord).size(), 2U);
    ASSERT_TRUE((*store)->scrub({}));
    EXPECT_EQ(*(*store)->unscrubbed_erasures(), 0U);
    store->reset();
    auto last = open_store(options(disk));
    ASSERT_TRUE(last);
    EXPECT_FALSE((*last)->view()->source_patient(ann));
    const auto keys = KeyStore::read(disk, "/data.keys", region_key());
    ASSERT_TRUE(keys);
    for (const KeyRecord& key : *keys) {
      EXPECT_FALSE(key.id.kind == KeyKind::kData && key.id.number == ann.value());
    }
  }

  FakeClock clock_{Instant{1'700'000'000'000'000}};
  std::atomic<int> not_begun_{0};
  std::atomic<int> gone_{0};  // and not acknowledged
};

TEST_F(EraseDurabilityTest, ErasesOrNotAtEveryPowerCut) {
  uint64_t next = live_with_every_cut(1, [this](uint64_t cut, bool& power_stayed_on) {
    live(Until::kErased, cut, power_stayed_on);
  });
  EXPECT_GT(next, 10U);
  EXPECT_GT(not_begun_, 0);
  EXPECT_GT(gone_, 0);
}

TEST_F(EraseDurabilityTest, ScrubsOrNotAtEveryPowerCut) {
  uint64_t next = live_with_every_cut(cut_stride(25), [this](uint64_t cut, bool& power_stayed_on) {
    live(Until::kScrubbed, cut, power_stayed_on);
  });
  EXPECT_GT(next, 100U);
}

// A whole store: it opens with one of the two keys, and doing it again ends with the new one.
TEST(RegionKeyChange, SurvivesAPowerCutAtEveryOperation) {
  bool was_old = false;
  bool was_new = false;
  for (uint64_t cut = 0;; ++cut) {
    MemoryFileSystem disk;
    StoreOptions options;
    options.data_folder = "/data";
    options.region_key = region_key(1);
    options.files = &disk;
    options.tiny = true;
    bool completed = false;
    {
      auto store = open_store(options);
      ASSERT_TRUE(store);
      ASSERT_TRUE(Writer(**store).put({kAnn, kBob, condition("c1", "ann", "1")}));
      disk.cut_after(cut);
      completed = (*store)->change_region_key(region_key(2), {}).has_value();
      ASSERT_EQ(completed, !disk.power_is_cut());
    }
    disk.cut_power();
    disk.restore_power();
    auto with_old = open_store(options);
    was_old = was_old || with_old;
    if (!with_old) {
      ASSERT_EQ(with_old.error().code, ErrorCode::kForbidden) << "cut at " << cut;
      options.region_key = region_key(2);
      with_old = open_store(options);
      ASSERT_TRUE(with_old) << "with neither: cut at " << cut;
      was_new = true;
    } else {
      ASSERT_FALSE(completed);
    }
    ASSERT_TRUE((*with_old)->change_region_key(region_key(2), {}));
    EXPECT_EQ(Writer(**with_old).findings(), std::vector<std::string>{});
    with_old->reset();
    options.region_key = region_key(2);
    auto with_new = open_store(options);
    ASSERT_TRUE(with_new) << with_new.error().text();
    EXPECT_EQ(Writer(**with_new).findings(), std::vector<std::string>{});
    if (completed) {
      EXPECT_GT(cut, 3U);
      break;
    }
  }
  EXPECT_TRUE(was_old && was_new);
}

TEST(RegionKeyChange, OfAStoreInUse) {
  MemoryFileSystem disk;
  StoreOptions options;
  options.data_folder = "/data";
  options.region_key = region_key();
  options.files = &disk;
  options.tiny = true;
  {
    auto store = open_store(options);
    ASSERT_TRUE(store);
    std::atomic<bool> over{false};
    std::atomic<int> written{0};
    std::thread others([&] {
      while (!over) {
        std::string name = "p" + std::to_string(written);
        ASSERT_TRUE(Writer(**store).put({"Patient", name, name, R"("gender":"male")"}));
        ++written;
      }
    });
    for (uint8_t key = 2; key < 6; ++key) {
      int before = written;
      ASSERT_TRUE((*store)->change_region_key(region_key(key), {}));
      while (written < before + 3) {
        std::this_thread::yield();
      }
    }
    over = true;
    others.join();
    EXPECT_EQ(Writer(**store).findings(), std::vector<std::string>{});
  }
  EXPECT_EQ(open_store(options).error().code, ErrorCode::kForbidden);
  options.region_key = region_key(5);
  auto store = open_store(options);
  ASSERT_TRUE(store) << store.error().text();
  EXPECT_EQ(Writer(**store).findings(), std::vector<std::string>{});
}

}  // namespace
}  // namespace continuum::record
