// Loading from end to end on the memory store.
#include "service/load/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "service/load/load_fixture.h"

namespace continuum::service {
namespace {

// By bulk, and beside other writers: everything holds for both.
class LoadTest : public LoadFixture, public testing::WithParamInterface<bool> {
 protected:
  LoadTest() { beside_writers_ = GetParam(); }

  // Bundles and lines of some patients, with what their records hold: also things in several files,
  // conditions, repeats and a history.
  void write_region(const std::string& folder, const std::string& prefix) {
    std::string lines;
    for (int i = 0; i < 20; ++i) {
      std::string p = "p" + std::to_string(i);
      std::vector<std::string> entries = {
          entry(patient(p), "urn:uuid:" + p, R"({"method":"POST","url":"Patient"})"),
          entry(R"({"resourceType":"Organization","id":"org)" + std::to_string(i % 3) +
                    R"(","identifier":[{"system":"ods","value":")" + std::to_string(i % 3) +
                    "\"}]}",
                "urn:uuid:org" + std::to_string(i),
                R"({"method":"POST","url":"Organization","ifNoneExist":"identifier=ods|)" +
                    std::to_string(i % 3) + "\"}"),
          entry(R"({"resourceType":"Practitioner","id":"dr"})"),
          entry(R"({"resourceType":"Location","id":"place","name":")" + std::to_string(i / 8) +
                "\"}")};
      for (int j = 0; j < 5; ++j) {
        entries.push_back(entry(observation(p + "-" + std::to_string(j), "urn:uuid:" + p)));
      }
      write(fmt::format("{}/{}{}.json", folder, prefix, i), bundle("transaction", entries));
      lines += observation(p + "-line", "Patient/" + p) + "\n";
    }
    write(folder + "/" + prefix + "lines.ndjson", lines);
  }
};

TEST_P(LoadTest, TwiceAddsNoVersion) {
  write_region("/in", "a");
  LoadReport first = load_paths({"/in"});
  EXPECT_TRUE(first.refusals.empty());
  EXPECT_EQ(first.unresolved_count, 0U);
  EXPECT_EQ(first.counts.created, 20U + 3 + 1 + 1 + 120);
  auto state_before = state();
  for (unsigned threads : {1U, 2U, 4U}) {
    LoadReport again = load_paths({"/in"}, "gp", threads);
    expect_nothing_new(again);
    EXPECT_EQ(again.counts.taken(), first.counts.taken());
  }
  EXPECT_EQ(state(), state_before);
  expect_sound();
}

TEST_P(LoadTest, ThreadsAndTheOrderOfPathsMakeNoDifference) {
  write_region("/in", "a");
  std::vector<std::string> paths;
  auto input = find_input_files(input_, {"/in"});
  ASSERT_TRUE(input);
  for (const InputFile& file : input->files) {
    paths.push_back(file.path);
  }
  // Ids depend on the key store: whole states are compared within one store only.
  load_paths({"/in"}, "gp", 1);
  auto expected = state();
  std::mt19937 shuffler(3);
  for (unsigned threads : {1U, 4U, 8U}) {
    std::shuffle(paths.begin(), paths.end(), shuffler);
    expect_nothing_new(load_paths(paths, "gp", threads));
    EXPECT_EQ(state(), expected);
  }
  for (unsigned threads : {1U, 4U}) {
    reopen();
    std::shuffle(paths.begin(), paths.end(), shuffler);
    LoadReport report = load_paths(paths, "gp", threads);
    EXPECT_EQ(report.counts.created, 145U);
    EXPECT_EQ(report.counts.updated, 4U);  // places 0, 1, 2, 0, 1, by file name
    EXPECT_EQ(state().size(), expected.size());
    EXPECT_EQ(member("Location/place", "name"), "1");
  }
}

TEST_P(LoadTest, SmallBatchesMakeNoDifference) {
  write_region("/in", "a");
  for (uint64_t batch_bytes : {uint64_t{1}, uint64_t{20'000}}) {
    for (unsigned threads : {1U, 4U}) {
      reopen();
      EXPECT_EQ(load_paths({"/in"}, "gp", threads, batch_bytes).counts.created, 145U);
      expect_sound();
      auto expected = state();
      expect_nothing_new(load_paths({"/in"}, "gp", threads, batch_bytes));
      EXPECT_EQ(state(), expected);
    }
  }
}

TEST_P(LoadTest, ChangesAreVersionsAndOldFilesAreReverts) {
  write("/one/o.json", observation("o", "Patient/p", "preliminary"));
  write("/two/o.json", observation("o", "Patient/p", "final"));
  load_text(patient("p"));
  EXPECT_EQ(load_paths({"/one"}).counts.created, 1U);
  EXPECT_EQ(load_paths({"/two"}).counts.updated, 1U);
  EXPECT_EQ(load_paths({"/two"}).counts.unchanged, 1U);
  EXPECT_EQ(load_paths({"/one"}).counts.updated, 1U);
  EXPECT_EQ(statuses("Observation/o"), Texts({"preliminary", "final", "preliminary"}));
  expect_sound();
}

TEST_P(LoadTest, VersionsInOneLoadFollowTheirTimesOrTheInput) {
  auto dated = [](std::string_view status, std::string_view time) {
    return observation("o", "Patient/p", status,
                       R"(,"meta":{"lastUpdated":")" + std::string(time) + "\"}");
  };
  write("/in/a.json", dated("final", "2020-02-01T00:00:00Z"));
  write("/in/b.json", dated("preliminary", "2020-01-01T00:00:00Z"));
  write("/in/p.json", patient("p"));
  load_paths({"/in"});
  EXPECT_EQ(statuses("Observation/o"), Texts({"preliminary", "final"}));
  expect_nothing_new(load_paths({"/in"}));
  write("/in/c.json", observation("o", "Patient/p", "amended"));
  reopen();
  load_paths({"/in"});
  EXPECT_EQ(statuses("Observation/o"), Texts({"final", "preliminary", "amended"}));
}

TEST_P(LoadTest, HistoriesKeepTheirOrder) {
  auto version = [](int number, std::string_view status, std::string_view time) {
    return R"({"resource":)" +
           observation(
               "o", "Patient/p", status,
               time.empty() ? "" : R"(,"meta":{"lastUpdated":")" + std::string(time) + "\"}") +
           R"(,"request":{"method":"PUT","url":"Observation/o/_history/)" + std::to_string(number) +
           R"("},"response":{"status":"200"}})";
  };
  auto deletion = [](std::string_view time) {
    return R"({"request":{"method":"DELETE","url":"Observation/o"},"response":{"status":"204",)"
           R"("lastModified":")" +
           std::string(time) + "\"}}";
  };
  load_text(patient("p"));
  // Newest first, as a history is; a revert and a deletion in the middle.
  for (bool has_times : {true, false}) {
    reopen();
    load_text(patient("p"));
    auto at = [&](int month) {
      return has_times ? "2020-0" + std::to_string(month) + "-01T00:00:00Z" : std::string();
    };
    write("/h/h.json",
          bundle("history", {version(5, "preliminary", at(5)), deletion(at(4)),
                             version(3, "preliminary", at(3)), version(2, "final", at(2)),
                             version(1, "preliminary", at(1))}));
    load_paths({"/h"});
    EXPECT_EQ(statuses("Observation/o"),
              Texts({"preliminary", "final", "preliminary", "(gone)", "preliminary"}));
    LoadReport again = load_paths({"/h"});
    expect_nothing_new(again);
    EXPECT_EQ(again.counts.unchanged, 6U);  // and the Bundle
    expect_sound();
  }
}

TEST_P(LoadTest, LongerHistoriesAddOnlyWhatIsNew) {
  auto version = [](std::string_view status) {
    return entry(observation("o", "Patient/p", status), "",
                 R"({"method":"PUT","url":"Observation/o"})");
  };
  load_text(patient("p"));
  load_text(bundle("history", {version("b"), version("a")}));
  load_text(bundle("history", {version("d"), version("c"), version("b"), version("a")}));
  EXPECT_EQ(statuses("Observation/o"), Texts({"a", "b", "c", "d"}));
}

TEST_P(LoadTest, ATransactionIsTakenWholeOrNotABatchInParts) {
  std::vector<std::string> entries = {
      entry(patient("p"), "urn:uuid:p", R"({"method":"POST","url":"Patient"})"),
      entry(patient("bad id"), "", R"({"method":"POST","url":"Patient"})"),
      R"({"request":{"method":"DELETE","url":"Observation/old"}})",
      entry(observation("o", "urn:uuid:p"), "", R"({"method":"POST","url":"Observation"})")};
  load_text(bundle("collection", {entry(patient("q")), entry(observation("old", "Patient/q"))}));
  EXPECT_EQ(refusals(load_text(bundle("transaction", entries))),
            Texts({"a.json:0:1 conflict", "a.json:0:2 invalid", "a.json:0:3 conflict",
                   "a.json:0:4 conflict"}));
  EXPECT_EQ(body("Patient/p"), "(nothing)");
  EXPECT_EQ(statuses("Observation/old"), Texts({"final"}));

  LoadReport report = load_text(bundle("batch", entries));
  EXPECT_EQ(refusals(report), Texts({"a.json:0:2 invalid"}));
  EXPECT_EQ(report.counts.created, 2U);
  EXPECT_EQ(report.counts.deleted, 1U);
  EXPECT_TRUE(is_with("Observation/o", "Patient/p"));
  EXPECT_EQ(body("Observation/old"), "(gone)");
  expect_sound();
}

TEST_P(LoadTest, WhatRefersToARefusedTransactionHasNoHome) {
  write("/in/a.json", bundle("transaction", {entry(patient("p")), entry(patient("bad id"))}));
  write("/in/b.json", observation("o", "Patient/p"));
  LoadReport report = load_paths({"/in"});
  EXPECT_EQ(report.refusals.size(), 2U);
  EXPECT_TRUE(is_quarantined("Observation/o"));
  EXPECT_EQ(member("Observation/o", "subject.reference"), "Patient/p");
  expect_sound();
}

TEST_P(LoadTest, TransactionsThatChangeWhatIsStoredAreOneCommit) {
  load_text(bundle("transaction", {entry(patient("p")), entry(observation("o", "Patient/p"))}));
  record::T before = store_->view()->stable_t();
  LoadReport report =
      load_text(bundle("transaction", {entry(patient("p", R"(,"gender":"other")")),
                                       R"({"request":{"method":"DELETE","url":"Observation/o"}})",
                                       entry(observation("new", "Patient/p"))}));
  EXPECT_EQ(report.counts.updated, 1U);
  EXPECT_EQ(report.counts.deleted, 1U);
  EXPECT_EQ(report.counts.created, 1U);
  EXPECT_EQ(store_->view()->stable_t(), before + 1);
  expect_sound();
}

TEST_P(LoadTest, DeletionsAreVersionsAndMayBeUndone) {
  const std::string gone =
      bundle("transaction", {R"({"request":{"method":"DELETE","url":"Observation/o"}})"});
  load_text(patient("p"));
  LoadReport nothing = load_text(gone);
  EXPECT_EQ(nothing.counts.deleted, 0U);
  EXPECT_EQ(nothing.counts.unchanged, 1U);
  load_text(observation("o", "Patient/p"));
  EXPECT_EQ(load_text(gone).counts.deleted, 1U);
  EXPECT_EQ(load_text(gone).counts.deleted, 0U);
  load_text(observation("o", "Patient/p"));
  EXPECT_EQ(statuses("Observation/o"), Texts({"final", "(gone)", "final"}));
  // In one load: as the files stand.
  write("/in/a.json", gone);
  write("/in/b.json", observation("o", "Patient/p", "amended"));
  load_paths({"/in"});
  EXPECT_EQ(statuses("Observation/o"), Texts({"final", "(gone)", "final", "(gone)", "amended"}));
  expect_nothing_new(load_paths({"/in"}));
  expect_sound();
}

TEST_P(LoadTest, QuarantineEndsWhenThePatientIsKnown) {
  write("/in/o.json", observation("o", "Patient/p"));
  LoadReport first = load_paths({"/in"});
  EXPECT_EQ(first.counts.quarantined, 1U);
  std::string name = regional("Observation/o");
  expect_nothing_new(load_paths({"/in"}));
  write("/in/p.json", patient("p"));
  LoadReport second = load_paths({"/in"});
  EXPECT_EQ(second.counts.quarantined, 0U);
  EXPECT_TRUE(is_with("Observation/o", "Patient/p"));
  EXPECT_EQ(regional("Observation/o"), name);
  EXPECT_EQ(member("Observation/o", "subject.reference"), regional("Patient/p"));
  expect_nothing_new(load_paths({"/in"}));
  expect_sound();
}

// What a client made under an id of its own is the same resource when a feed brings it.
TEST_P(LoadTest, FindsWhatAClientGaveAnId) {
  auto source = store_->register_source("gp");
  auto minter = store_->id_minter();
  const record::IdHash hash = minter.hash("gp", fhir::kPatientType, "ann");
  auto ord = store_->place_patient(*source, hash, "ann");
  ASSERT_TRUE(ord);
  json::Document document;
  ASSERT_TRUE(document.parse(patient("ann")));
  record::Canonical canonical;
  ASSERT_TRUE(record::canonicalise(document, *document.root(), "ann", "gp", canonical));
  record::Draft draft;
  draft.resource = {fhir::kPatientType, {ord->bucket(), hash, "ann"}};
  draft.ord = *ord;
  draft.source = *source;
  draft.own_id = "ann";
  draft.canonical = &canonical;
  draft.tree = document.root();
  std::vector<record::Prepared> items(1);
  ASSERT_TRUE(store_->prepare(draft, items[0]));
  ASSERT_TRUE(store_->commit(items));

  write("/in/p.json", patient("ann"));
  write("/in/o.json", observation("o", "Patient/ann"));
  load_paths({"/in"});
  EXPECT_EQ(regional("Patient/ann"), "Patient/ann");
  EXPECT_EQ(member("Observation/o", "subject.reference"), "Patient/ann");
  EXPECT_TRUE(is_with("Observation/o", "Patient/ann"));
  expect_nothing_new(load_paths({"/in"}));
  expect_sound();
}

std::string appointment(const std::vector<std::string>& patients, const std::string& status) {
  std::string participants;
  for (const std::string& patient : patients) {
    participants += (participants.empty() ? "" : ",") +
                    (R"({"actor":{"reference":")" + patient + R"("},"status":"accepted"})");
  }
  return R"({"resourceType":"Appointment","id":"a","status":")" + status + R"(","participant":[)" +
         participants + "]}";
}

TEST_P(LoadTest, WhatIsAboutSeveralIsWithEach) {
  write("/in/p.json",
        bundle("transaction",
               {entry(patient("ann"), "urn:uuid:ann"), entry(patient("bob"), "urn:uuid:bob"),
                entry(patient("cat"), "urn:uuid:cat"),
                entry(appointment({"urn:uuid:ann", "urn:uuid:bob"}, "booked"))}));
  load_paths({"/in"});
  EXPECT_TRUE(is_with("Appointment/a", "Patient/ann"));
  EXPECT_EQ(count_with("Patient/bob", "Appointment"), 1U);
  EXPECT_EQ(count_with("Patient/cat", "Appointment"), 0U);
  expect_nothing_new(load_paths({"/in"}));
  expect_sound();
  // In another order it is still the same resource in the same place; and others come and go.
  load_text(appointment({"Patient/bob", "Patient/cat", "Patient/ann"}, "arrived"));
  EXPECT_TRUE(is_with("Appointment/a", "Patient/ann"));
  EXPECT_EQ(count_with("Patient/cat", "Appointment"), 1U);
  load_text(appointment({"Patient/cat", "Patient/ann"}, "fulfilled"));
  EXPECT_EQ(count_with("Patient/bob", "Appointment"), 0U);
  EXPECT_EQ(statuses("Appointment/a"),
            (std::vector<std::string>{"booked", "arrived", "fulfilled"}));
  expect_sound();
}

TEST_P(LoadTest, VersionsInOneLoadMayNameSeveralInAnyOrder) {
  std::string lines = patient("ann") + "\n" + patient("bob") + "\n" +
                      appointment({"Patient/ann", "Patient/bob"}, "booked") + "\n" +
                      appointment({"Patient/bob", "Patient/ann"}, "arrived") + "\n";
  write("/in/a.ndjson", lines);
  EXPECT_TRUE(load_paths({"/in"}).refusals.empty());
  EXPECT_EQ(statuses("Appointment/a"), (std::vector<std::string>{"booked", "arrived"}));
  EXPECT_EQ(count_with("Patient/bob", "Appointment"), 1U);
  expect_nothing_new(load_paths({"/in"}));
  expect_sound();
}

// Bob is in the store, and comes again under a condition.
TEST_P(LoadTest, ACopyIsForPatientsFoundByCondition) {
  std::string ann = entry(patient("ann"), "urn:uuid:ann");
  std::string bob =
      entry(R"({"resourceType":"Patient","id":"bob","identifier":[{"system":"s","value":"b"}]})",
            "urn:uuid:bob", R"({"method":"POST","url":"Patient","ifNoneExist":"identifier=s|b"})");
  write("/in/p.json", bundle("transaction", {ann, bob}));
  load_paths({"/in"});
  load_text(
      bundle("transaction", {bob, entry(appointment({"Patient/ann", "urn:uuid:bob"}, "booked"))}));
  EXPECT_EQ(count_with("Patient/ann", "Appointment"), 1U);
  EXPECT_EQ(count_with("Patient/bob", "Appointment"), 1U);
  expect_sound();
}

// A version that names a crowd does not stay with one of them, and is refused by name.
TEST_P(LoadTest, AVersionMayNotGrowIntoACrowd) {
  std::vector<std::string> crowd{"Patient/ann"};
  for (size_t i = 0; i < record::kPlacesMax + 2; ++i) {
    crowd.push_back("Patient/p" + std::to_string(i));
  }
  write("/in/a.ndjson", patient("ann") + "\n" + appointment({"Patient/ann"}, "booked") + "\n" +
                            appointment(crowd, "arrived") + "\n");
  EXPECT_EQ(load_paths({"/in"}).refusals.size(), 1U);
  EXPECT_EQ(statuses("Appointment/a"), std::vector<std::string>{"booked"});
  expect_sound();
}

// SAFETY: what is about a Group is not about the first of its members.
TEST_P(LoadTest, AGroupIsNotItsFirstMember) {
  std::string group = R"({"resourceType":"Group","id":"g","member":)"
                      R"([{"entity":{"reference":"urn:uuid:ann"}}]})";
  write("/in/g.json",
        bundle("transaction", {entry(patient("ann"), "urn:uuid:ann"), entry(group, "urn:uuid:g"),
                               entry(observation("o", "urn:uuid:g"))}));
  EXPECT_EQ(load_paths({"/in"}).counts.quarantined, 1U);
  EXPECT_FALSE(is_with("Observation/o", "Patient/ann"));
  EXPECT_TRUE(is_with("Group/g", "Patient/ann"));
}

// SAFETY: no source may write into the record of another's patient by naming its regional id.
TEST_P(LoadTest, ACopyIsForPatientsOfTheSameSourceOnly) {
  write("/trust/p.json", patient("eve"));
  load_paths({"/trust"}, "trust");
  std::string eve = regional("Patient/eve", "trust");
  write("/in/p.json", patient("ann"));
  write("/in/a.json", appointment({"Patient/ann", eve}, "booked"));
  load_paths({"/in"});
  EXPECT_TRUE(is_with("Appointment/a", "Patient/ann"));
  EXPECT_EQ(count_with("Patient/eve", "Appointment", "trust"), 0U);
  expect_sound();
}

TEST_P(LoadTest, ACrowdIsNobodysRecord) {
  std::string lines;
  std::vector<std::string> crowd;
  for (size_t i = 0; i < record::kPlacesMax; ++i) {
    std::string id = "p" + std::to_string(i);
    lines += patient(id) + "\n";
    crowd.push_back("Patient/" + id);
  }
  write("/in/p.ndjson", lines);
  write("/in/a.json", appointment(crowd, "booked"));
  EXPECT_EQ(load_paths({"/in"}).counts.quarantined, 1U);
  EXPECT_EQ(count_with("Patient/p0", "Appointment"), 0U);
  crowd.pop_back();
  write("/in/a.json", appointment(crowd, "booked"));
  EXPECT_EQ(load_paths({"/in"}).counts.quarantined, 0U);
  for (size_t i : {size_t{0}, size_t{1}, record::kPlacesMax - 2}) {
    EXPECT_EQ(count_with("Patient/p" + std::to_string(i), "Appointment"), 1U);
  }
  expect_sound();
}

TEST_P(LoadTest, RefusalsAreNamedAndKept) {
  write("/in/a.json", "{nonsense");
  write("/in/b.json", R"({"resourceType":"Bundle"})");
  write("/in/c.ndjson", patient("1") + "\n\n{\n" + bundle("batch", {entry(patient("2")), "{}"}) +
                            "\n" + R"({"resourceType":"Nothing"})");
  write("/in/d.json.gz", "no gzip");
  write("/in/sub/b.json", R"(["a"])");
  LoadReport report = load_paths({"/in"});
  EXPECT_EQ(refusals(report),
            Texts({"in/a.json:0:0 invalid", "in/b.json:0:0 invalid", "in/c.ndjson:3:0 invalid",
                   "in/c.ndjson:4:2 invalid", "in/c.ndjson:5:0 invalid", "in/d.json.gz:0:0 invalid",
                   "in/sub/b.json:0:0 invalid"}));
  EXPECT_EQ(report.counts.created, 2U);
  auto source = store_->register_source("gp");
  auto kept = store_->view()->refusals(*source, 100);
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 7U);
  std::vector<std::pair<uint32_t, uint32_t>> places;
  for (const record::Refusal& refusal : *kept) {
    places.emplace_back(refusal.line, refusal.entry);
  }
  EXPECT_EQ(std::count(places.begin(), places.end(), std::pair<uint32_t, uint32_t>(4, 2)), 1);
  EXPECT_EQ((*store_->view()->sources())[0].arrival->refused, 7U);

  // What is mended is forgotten, wherever the files lie now; what isn't stays.
  write("/elsewhere/in/a.json", patient("3"));
  load_paths({"/elsewhere/in"});
  EXPECT_EQ(store_->view()->refusals(*source, 100)->size(), 6U);
}

TEST_P(LoadTest, RefusalsOfManyLinesAndEntriesStayApart) {
  std::string lines;
  for (int i = 0; i < 3; ++i) {
    std::vector<std::string> entries(20'001, "{}");
    lines += bundle("batch", entries) + "\n";
  }
  write("/in/a.ndjson", lines);
  EXPECT_EQ(load_paths({"/in"}).refusals.size(), 60'003U);
  auto source = store_->register_source("gp");
  EXPECT_EQ(store_->view()->refusals(*source, 100'000)->size(), 10'000U);
}

TEST_P(LoadTest, WhatIsSentSurvives) {
  const std::string rest =
      R"("extension":[{"url":"http://x","valueDecimal":1.50}],"multipleBirthInteger":0,)"
      R"("unknownField":{"deep":[null,true,1e400,-0.0,100000000000000000000000000.10]},)"
      R"("name":[{"family":"Ærøskøbing","given":["😀","\u0001\"\\"],"_given":[null,{"id":"x"}]}]})";
  load_text(
      R"({"resourceType":"Patient","id":"p","meta":{"source":"s","versionId":"7","tag":[]},)" +
      rest);
  std::string stored = body("Patient/p");
  EXPECT_TRUE(stored.ends_with(rest)) << stored;
  EXPECT_NE(stored.find(R"("source":"s","tag":[])"), std::string::npos) << stored;
  EXPECT_EQ(stored.find("versionId"), std::string::npos);
}

TEST_P(LoadTest, PatientsOfTwoSourcesAreLinkedByNhsNumberAndBirthDate) {
  const std::string numbered =
      R"(,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}])";
  auto born = [&](std::string_view day) {
    return numbered + R"(,"birthDate":")" + std::string(day) + "\"";
  };
  load_text(patient("1", born("1980-01-31")), "gp");
  load_text(patient("a", born("1980-01-31")), "trust");
  load_text(patient("z", born("1981-01-31")), "clinic");
  auto view = store_->view();
  auto person = view->person_of(located("Patient/1", "gp")->key.ord);
  ASSERT_TRUE(person);
  EXPECT_EQ(person->members.size(), 2U);
  EXPECT_EQ(view->apart_from(located("Patient/1", "gp")->key.ord)->size(), 1U);
  EXPECT_EQ(view->person_of(located("Patient/z", "clinic")->key.ord)->members.size(), 1U);
  expect_sound();
}

TEST_P(LoadTest, ReadsAndOutcomesInsideBundlesAreCounted) {
  LoadReport report = load_text(
      bundle("searchset",
             {entry(patient("p")),
              R"({"search":{"mode":"outcome"},"resource":{"resourceType":"OperationOutcome"}})"}));
  EXPECT_EQ(report.skipped_entries, 1U);
  EXPECT_EQ(report.counts.created, 1U);
}

TEST_P(LoadTest, MissingPathsStopTheLoadBeforeItBegins) {
  LoadOptions options;
  options.paths = {"/absent"};
  auto report = load(*store_, input_, options, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kNotFound);
}

// Hands out other bytes the second time a file is opened to be read.
class ChangingFiles final : public FileSystem {
 public:
  ChangingFiles(MemoryFileSystem& files, std::string path, std::string then)
      : files_(files), path_(std::move(path)), then_(std::move(then)) {}
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override {
    // Once to find its size, once for each pass.
    if (path == path_ && ++opened_ == 3) {
      TRY(auto file, files_.open_writable(path, OpenMode::kTruncate));
      TRY(file->append(then_));
    }
    return files_.open_readable(path);
  }
  Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path,
                                                      OpenMode mode) override {
    return files_.open_writable(path, mode);
  }
  bool exists(const std::string& path) override { return files_.exists(path); }
  bool is_directory(const std::string& path) override { return files_.is_directory(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return files_.list(path);
  }
  Status make_directories(const std::string& path) override {
    return files_.make_directories(path);
  }
  Status remove(const std::string& path) override { return files_.remove(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Status sync_directory(const std::string& path) override { return files_.sync_directory(path); }

 private:
  MemoryFileSystem& files_;
  std::string path_;
  std::string then_;
  int opened_ = 0;
};

TEST_P(LoadTest, FilesThatChangeMeanwhileAreNotStored) {
  const std::string before = bundle("collection", {entry(patient("p")), entry(patient("q")),
                                                   entry(observation("o", "Patient/p"))});
  for (const std::string& then :
       {bundle("collection",
               {entry(patient("p")), entry(patient("q")), entry(observation("o", "Patient/q"))}),
        bundle("collection", {entry(patient("p"))}), std::string("{nonsense"), std::string()}) {
    reopen();
    write("/in/a.json", before);
    ChangingFiles files(input_, "/in/a.json", then);
    LoadOptions options;
    options.paths = {"/in"};
    options.source = "gp";
    options.beside_writers = GetParam();
    auto report = load(*store_, files, options, {});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kConflict);
    EXPECT_FALSE(located("Observation/o"));
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, LoadTest, testing::Bool(),
                         [](const auto& way) { return way.param ? "BesideWriters" : "Bulk"; });

}  // namespace
}  // namespace continuum::service
