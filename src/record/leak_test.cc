// Nothing that says who somebody is lies in a folder in clear, and bodies don't open without keys.
#include "record/body.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

const std::string kSecrets[] = {"Featherstonehaugh", "Zebediah",    "9990000018",
                                "73211009",          "44054006",    "wears red shoes",
                                "mrn-7788990",       "14 Elm Close"};

std::vector<Draw> people(int from, int to) {
  std::vector<Draw> draws;
  for (int i = from; i < to; ++i) {
    std::string home = "mrn-7788990-" + std::to_string(i);
    draws.push_back(
        {"Patient", home, home,
         R"("identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],
            "name":[{"family":"Featherstonehaugh","given":["Zebediah"]}],
            "address":[{"line":["14 Elm Close"]}],"birthDate":"1980-01-31")",
         "9990000018|1980-01-31"});
    draws.push_back({"Condition", home + "-c", home,
                     R"("code":{"coding":[{"system":"http://snomed.info/sct","code":"73211009"},
                        {"system":"http://snomed.info/sct","code":"44054006"}]},
                        "note":[{"text":"wears red shoes"}])"});
  }
  return draws;
}

class LeakTest : public testing::Test {
 protected:
  LeakTest() {
    Writer writer = store_.writer();
    EXPECT_TRUE(writer.load(people(0, 60)));
    auto draws = people(60, 80);
    EXPECT_TRUE(writer.put(draws));
    draws[1].members += R"(,"language":"en")";
    EXPECT_TRUE(writer.put(draws[1]));
    EXPECT_TRUE(writer.remove(draws[3]));
    EXPECT_TRUE(store_->flush());
    draws = people(80, 90);
    EXPECT_TRUE(writer.put(draws));  // in the log only
  }

  static void expect_clear_of_secrets(std::string_view bytes, const std::string& where) {
    for (const std::string& secret : kSecrets) {
      EXPECT_EQ(bytes.find(secret), std::string_view::npos) << secret << " in " << where;
    }
    EXPECT_EQ(bytes.find("featherstonehaugh"), std::string_view::npos) << where;
    EXPECT_EQ(bytes.find("resourceType"), std::string_view::npos) << where;
  }
  static size_t expect_files_clear(const std::string& folder) {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      auto bytes = entry.is_regular_file()
                       ? read_file(posix_files(), entry.path().string(), uint64_t{1} << 30)
                       : Result<std::string>(fail(ErrorCode::kNotFound, "a folder"));
      if (bytes) {  // the store may have merged a file away meanwhile
        expect_clear_of_secrets(*bytes, entry.path());
        ++files;
      }
    }
    return files;
  }
  ErrorCode open_code(uint8_t key) {
    StoreOptions options;
    options.data_folder = store_.folder();
    options.region_key = region_key(key);
    auto opened = open_store(options);
    EXPECT_FALSE(opened);
    return opened ? ErrorCode::kInternal : opened.error().code;
  }

  TestStore store_{Engine::kRocks};
};

TEST_F(LeakTest, NoFileHoldsAnybodyInClear) {
  EXPECT_GT(expect_files_clear(store_.folder()), 10U);
  EXPECT_EQ(expect_files_clear(store_.folder() + ".keys"), 1U);
}

TEST_F(LeakTest, DecipheredFilesHoldSealedBodies) {
  size_t rows = 0;
  store_.with_rows([&](kv::Store& kv) {
    auto snapshot = kv.snapshot();
    for (kv::Family family : {kCurrent, kHistory, kTimeline, kChanges, kTimes, kMeta}) {
      for (const auto& [key, value] : all_rows(*snapshot, family)) {
        expect_clear_of_secrets(key, kFamilyNames[family]);
        expect_clear_of_secrets(value, kFamilyNames[family]);
        ++rows;
      }
    }
    // Not for want of looking: these families are read by value, and are enciphered as files.
    std::string postings;
    for (const auto& [key, value] : all_rows(*snapshot, kPostings)) {
      postings += key;
    }
    EXPECT_NE(postings.find("73211009"), std::string::npos);
    // A body doesn't open with the key of another patient.
    auto current = all_rows(*snapshot, kCurrent);
    ItemKey first = *decode_item_key(current.begin()->first);
    ItemKey last = *decode_item_key(current.rbegin()->first);
    auto keys = *KeyStore::open(posix_files(), store_.folder() + ".keys", region_key());
    Row row = *decode_row(current.begin()->second);
    std::string body;
    EXPECT_TRUE(open_body(*keys->data_key(first.ord), first, row, body));
    EXPECT_FALSE(open_body(*keys->data_key(last.ord), first, row, body));
  });
  EXPECT_GT(rows, 200U);
}

TEST_F(LeakTest, OpensOnlyWithItsKeys) {
  std::string data = store_.folder();
  std::string keys = data + ".keys";
  store_.close();
  EXPECT_EQ(open_code(2), ErrorCode::kForbidden);
  // Without the key store.
  std::filesystem::rename(keys, keys + ".away");
  EXPECT_EQ(open_code(1), ErrorCode::kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(keys)) << "a new key store would hide what is missing";
  // With that of another region, and with another of the same region key.
  for (uint8_t key : {uint8_t{2}, uint8_t{1}}) {
    std::filesystem::remove_all(keys);
    ASSERT_TRUE(KeyStore::open(posix_files(), keys, region_key(key)));
    EXPECT_EQ(open_code(key), ErrorCode::kCorrupt);
  }
  std::filesystem::remove_all(keys);
  std::filesystem::rename(keys + ".away", keys);
  store_.reopen();
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

}  // namespace
}  // namespace continuum::record
