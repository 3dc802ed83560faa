// A check of a sound store finds nothing; of any damage, something that names it.
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

class CheckTest : public testing::TestWithParam<Engine> {
 protected:
  CheckTest() {
    Writer writer = store_.writer();
    EXPECT_TRUE(writer.load({patient("p1", "999|1980-01-31"),
                             patient("p2", "999|1980-01-31"),
                             observation_,
                             {"Organization", "org", "shared", R"("name":"W")"}}));
    observation_.members += R"(,"status":"amended")";
    EXPECT_TRUE(writer.put(observation_));
    EXPECT_TRUE(writer.put({{"Condition", "c1", "p1"}}));
    EXPECT_TRUE(writer.remove({"Condition", "c1", "p1"}));
    EXPECT_TRUE(writer.put(patient("p2", "999|1980-02-01")));
    EXPECT_TRUE(writer.put(patient("p3", "")));
    EXPECT_TRUE(writer.put({{"Observation", "stray", "quarantine"}}));
    EXPECT_TRUE(writer.put({{"Observation", "moved", "p1"}}));
    EXPECT_TRUE(writer.put({{"Observation", "moved", "p2"}}));
    Draw given = patient("given", "");
    given.gives_id = true;
    EXPECT_TRUE(writer.put(given));
    EXPECT_TRUE(store_->record_arrival(1, {Instant{1}, 9, 0}, {}, {}));
  }

  static Draw patient(const std::string& own_id, const std::string& match) {
    return {"Patient", own_id, own_id,
            R"("name":[{"family":"F"}],"birthDate":"1980-01-31","text":{"div":")" + match + "\"}",
            match};
  }

  using Change =
      std::function<void(kv::Batch&, kv::Family, const std::string& key, const std::string& value)>;
  // Applies `change` to the chosen row alone, checks, and brings the row back.
  void damage_row(kv::Family family, const std::string& key, const Change& change,
                  std::string_view what) {
    std::string value;
    store_.with_rows([&](kv::Store& kv) {
      ASSERT_TRUE(*kv.snapshot()->get(family, key, value));
      kv::Batch batch;
      change(batch, family, key, value);
      ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
    });
    auto report = store_->check({});
    ASSERT_TRUE(report) << what << ": " << report.error().text();
    EXPECT_FALSE(report->findings.empty())
        << what << " of " << kFamilyNames[family] << " " << to_hex(key);
    EXPECT_EQ(report->finding_count, report->findings.size());
    for (const std::string& finding : report->findings) {
      EXPECT_GT(finding.size(), 10U);
    }
    store_.with_rows([&](kv::Store& kv) {
      kv::Batch undo;
      for (const auto& [at, unused] : all_rows(*kv.snapshot(), family)) {
        if (!rows_[family].contains(at)) {
          undo.remove(family, at);
        }
      }
      undo.put(family, key, value);
      ASSERT_TRUE(kv.commit(undo, kv::Durability::kSynced));
    });
  }
  void read_rows() {
    store_.with_rows([&](kv::Store& kv) {
      for (kv::Family family = 0; family < kFamilyCount; ++family) {
        rows_[family] = all_rows(*kv.snapshot(), family);
      }
    });
  }

  // Arrivals may be absent, counters and names are not rows of a resource, and a link that another
  // followed says nothing of now.
  bool says_something_of_now(kv::Family family, const std::string& key) const {
    if (family == kMeta) {
      return key[0] == 'b' || key[0] == 's';
    }
    if (family != kLinks || key[0] == 'k') {
      return true;
    }
    auto before = rows_[family].find(key);
    return before == rows_[family].begin() ||
           std::prev(before)->first.substr(0, key.size() - 8) != key.substr(0, key.size() - 8);
  }

  static void drop(kv::Batch& batch, kv::Family family, const std::string& key,
                   const std::string&) {
    batch.remove(family, key);
  }

  Draw observation_{
      "Observation", "o1", "p1",
      R"("effectiveDateTime":"2020","valueQuantity":{"value":1.5},"code":{"coding":[{"code":"1"}]})"};
  TestStore store_{GetParam()};
  Rows rows_[kFamilyCount];
};

TEST_P(CheckTest, FindsNothingInASoundStore) {
  auto report = *store_->check({});
  EXPECT_EQ(report.findings, std::vector<std::string>{});
  EXPECT_EQ(report.items, 8U);
  EXPECT_EQ(report.source_patients, 4U);
  EXPECT_EQ(report.versions, 14U);
  store_.reopen();
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

TEST_P(CheckTest, FindsEachDroppedRow) {
  read_rows();
  for (kv::Family family = 0; family < kFamilyCount; ++family) {
    for (const auto& [key, value] : rows_[family]) {
      if (says_something_of_now(family, key)) {
        damage_row(family, key, drop, "drop");
        if (GetParam() == Engine::kRocks) {
          break;
        }
      }
    }
  }
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

TEST_P(CheckTest, FindsEachChangedByte) {
  if (GetParam() == Engine::kRocks) {
    GTEST_SKIP() << "the rows are the same on either engine, and each damage opens files anew";
  }
  read_rows();
  for (kv::Family family :
       {kCurrent, kHistory, kPostings, kRanges, kTimeline, kChanges, kTimes, kLinks}) {
    for (const auto& [key, value] : rows_[family]) {
      if (!says_something_of_now(family, key)) {
        continue;
      }
      for (size_t at = 0; at < value.size(); ++at) {
        bool is_label = family == kHistory && at == 2;  // has no meaning yet
        bool is_of_no_body =                            // in a deletion
            family == kHistory && value.size() == kRowHeaderSize && (at == 3 || at >= 24);
        if (!is_label && !is_of_no_body) {
          damage_row(
              family, key,
              [at](kv::Batch& batch, kv::Family of, const std::string& k, std::string v) {
                v[at] = static_cast<char>(v[at] ^ 0x41);
                batch.put(of, k, v);
              },
              "byte " + std::to_string(at));
        }
      }
    }
  }
}

TEST_P(CheckTest, FindsRowsThatSpeakOfNothing) {
  if (GetParam() == Engine::kRocks) {
    GTEST_SKIP() << "the rows are the same on either engine, and each damage opens files anew";
  }
  read_rows();
  for (kv::Family family :
       {kCurrent, kHistory, kDirectory, kPostings, kRanges, kTimeline, kChanges, kTimes}) {
    // The same row again, as if of another item (or t).
    std::string key = rows_[family].begin()->first;
    damage_row(
        family, key,
        [](kv::Batch& batch, kv::Family of, std::string k, const std::string& v) {
          size_t at = of == kHistory ? kItemKeySize - 1 : k.size() - 1;
          k[at] = static_cast<char>(k[at] ^ 0x20);
          batch.put(of, k, v);
        },
        "another row");
    // Keys of no shape at all.
    damage_row(
        family, key,
        [](kv::Batch& batch, kv::Family of, const std::string& k, const std::string& v) {
          batch.put(of, k.substr(0, of == kDirectory ? 5 : 1), v);
        },
        "a key cut short");
    damage_row(
        family, key,
        [](kv::Batch& batch, kv::Family of, const std::string& k, const std::string&) {
          batch.put(of, k, "");
        },
        "an empty value");
  }
}

TEST_P(CheckTest, NamesWhatItFinds) {
  if (GetParam() == Engine::kRocks) {
    GTEST_SKIP() << "the rows are the same on either engine, and each damage opens files anew";
  }
  read_rows();
  auto first_finding = [&](kv::Family family, const std::string& key) {
    store_.with_rows([&](kv::Store& kv) {
      kv::Batch batch;
      batch.remove(family, key);
      ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
    });
    auto report = *store_->check({});
    store_.with_rows([&](kv::Store& kv) {
      kv::Batch batch;
      batch.put(family, key, rows_[family].at(key));
      ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
    });
    std::string all;
    for (const std::string& finding : report.findings) {
      all += finding + "\n";
    }
    return all;
  };
  ItemKey key = *store_.writer().key(observation_);
  std::string name = "Observation item " + std::to_string(key.item) + " of ord ";
  EXPECT_NE(first_finding(kCurrent, current_key(key)).find(name), std::string::npos);
  EXPECT_NE(first_finding(kTimeline, rows_[kTimeline].rbegin()->first).find("timeline: a row of"),
            std::string::npos);
  std::string place = first_finding(kDirectory, ord_row_key(key.ord));
  EXPECT_NE(place.find("has items and no row"), std::string::npos) << place;
  std::string bucket = rows_[kMeta].lower_bound("b")->first;
  std::string freed = first_finding(kMeta, bucket);
  EXPECT_NE(freed.find("would give its number again"), std::string::npos) << freed;
}

TEST_P(CheckTest, FindsAMissingDataKey) {
  FileSystem& files = store_.key_files();
  std::string path = store_.keys_folder() + "/keys.log";
  std::string bytes = *read_file(files, path, 1 << 20);
  store_.with_rows(
      [&](kv::Store&) { ASSERT_TRUE(replace_file(files, path, bytes.substr(0, 24 + 69 * 5))); });
  auto findings = store_.writer().findings();
  ASSERT_FALSE(findings.empty());
  EXPECT_NE(findings[0].find("no key"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Engines, CheckTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace continuum::record
