// A check finds whatever is wrong with the rows of the ledger and those that lead into it, and
// names it.
#include "record/ledger_fixture_test.h"
#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

constexpr uint64_t kRequests = 300;  // and so a whole tile

testing::AssertionResult names(const std::vector<std::string>& findings, std::string_view text) {
  for (const std::string& finding : findings) {
    if (finding.find(text) != std::string::npos) {
      return testing::AssertionSuccess();
    }
  }
  return testing::AssertionFailure() << findings.size() << " findings, none with: " << text;
}

class CheckLedgerTest : public testing::Test {
 protected:
  CheckLedgerTest() {
    append({policy_entry("policy one")});
    for (uint64_t i = 0; i < kRequests; ++i) {
      std::vector<uint64_t> ords;
      for (uint64_t person = 0; person < i % 3; ++person) {
        ords.push_back(17 * (i % 7) + person);
      }
      append(request_entries(*store_, i, ords));
    }
    append({command_entry("{}")});
    store_.with_rows([&](kv::Store& kv) {
      ledger_ = all_rows(*kv.snapshot(), kLedger);
      accesses_ = all_rows(*kv.snapshot(), kAccesses);
    });
  }

  void append(const std::vector<ledger::Append>& appends) {
    ASSERT_TRUE(store_->append_ledger(appends));
  }

  // What is found after the change alone; the rows are brought back.
  std::vector<std::string> findings_after(const std::function<void(kv::Batch&)>& change) {
    store_.with_rows([&](kv::Store& kv) {
      kv::Batch batch;
      change(batch);
      ASSERT_TRUE(kv.commit(batch, kv::Durability::kSynced));
    });
    std::vector<std::string> findings = store_.writer().findings();
    store_.with_rows([&](kv::Store& kv) {
      restore(kv, kLedger, ledger_);
      restore(kv, kAccesses, accesses_);
    });
    return findings;
  }
  static void restore(kv::Store& kv, kv::Family family, const Rows& rows) {
    kv::Batch undo;
    for (const auto& [key, value] : all_rows(*kv.snapshot(), family)) {
      if (!rows.contains(key)) {
        undo.remove(family, key);
      }
    }
    for (const auto& [key, value] : rows) {
      undo.put(family, key, value);
    }
    ASSERT_TRUE(kv.commit(undo, kv::Durability::kSynced));
  }

  // The first row whose entry is about somebody, and what it says.
  std::pair<std::string, ledger::Access> an_access() const {
    const auto& [key, value] = *accesses_.begin();
    return {key, *ledger::parse_access(key, value)};
  }

  TestStore store_{Engine::kMemory};
  Rows ledger_;
  Rows accesses_;
};

TEST_F(CheckLedgerTest, FindsNothingInASoundLedger) {
  EXPECT_EQ(accesses_.size(), kRequests);
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
  store_.reopen();
  EXPECT_EQ(store_.writer().findings(), std::vector<std::string>{});
}

TEST_F(CheckLedgerTest, NamesAPersonEntryThatNoRowLeadsTo) {
  for (const auto& row : accesses_) {
    auto access = *ledger::parse_access(row.first, row.second);
    auto findings = findings_after([&](kv::Batch& batch) { batch.remove(kAccesses, row.first); });
    EXPECT_TRUE(
        names(findings, "accesses: no row leads to person entry " + std::to_string(access.number)));
    EXPECT_EQ(findings.size(), 2U);
  }
}

TEST_F(CheckLedgerTest, NamesAChangedByteOfAnyRowThatLeadsToAnEntry) {
  for (size_t i = 0; i < 16; ++i) {
    const auto& [key, value] = *std::next(accesses_.begin(), static_cast<std::ptrdiff_t>(i * 17));
    for (size_t at = 0; at < key.size() + value.size(); ++at) {
      auto findings = findings_after([&, &k = key, &v = value](kv::Batch& batch) {
        std::string row = k + v;
        row[at] = static_cast<char>(row[at] ^ 1);
        batch.remove(kAccesses, k);
        batch.put(kAccesses, row.substr(0, k.size()), row.substr(k.size()));
      });
      EXPECT_TRUE(names(findings, "accesses: ")) << "byte " << at;
    }
  }
}

TEST_F(CheckLedgerTest, NamesAnEntryListedUnderAnotherWhomItIsNotAbout) {
  auto [key, access] = an_access();
  std::string value = accesses_.at(key);
  uint64_t other = access.ord + 1;  // has an audit key too
  auto moved = findings_after([&, &k = key](kv::Batch& batch) {
    batch.remove(kAccesses, k);
    batch.put(kAccesses, ledger::access_key(other, access.number), value);
  });
  EXPECT_EQ(moved.size(), 1U);
  EXPECT_TRUE(names(moved, "which is not about it"));
  auto doubled = findings_after([&](kv::Batch& batch) {
    batch.put(kAccesses, ledger::access_key(other, access.number), value);
  });
  EXPECT_TRUE(names(doubled, "accesses: more than one row leads to person entry " +
                                 std::to_string(access.number)));
}

TEST_F(CheckLedgerTest, NamesARowThatLeadsToNoPersonEntry) {
  uint64_t size = *ledger::parse_number(ledger_.at(ledger::size_key()));
  for (uint64_t number : {uint64_t{1}, size - 1, size, size + 7}) {
    auto findings = findings_after([&](kv::Batch& batch) {
      batch.put(kAccesses, ledger::access_key(17, number), ledger::encode_ordinal(1));
    });
    EXPECT_TRUE(names(findings, "accesses: ord 11 is led to entry " + std::to_string(number) +
                                    ", which is no person entry 1"));
  }
}

TEST_F(CheckLedgerTest, NamesPoliciesThatAreNotFoundOrNotThemselves) {
  std::string key = ledger::policy_key(crypto::sha256("policy one"));
  EXPECT_TRUE(names(findings_after([&](kv::Batch& batch) { batch.remove(kLedger, key); }),
                    "ledger: no row leads to policy entry 0"));
  for (const std::string& value :
       {ledger::encode_number(1), ledger::encode_number(1'000'000), std::string("short")}) {
    EXPECT_TRUE(names(findings_after([&](kv::Batch& batch) { batch.put(kLedger, key, value); }),
                      "ledger: the row of a policy leads to no entry that holds it"));
  }
  EXPECT_TRUE(names(findings_after([&](kv::Batch& batch) {
                      batch.put(kLedger, ledger::policy_key(crypto::sha256("policy two")),
                                ledger::encode_number(0));
                    }),
                    "ledger: the row of a policy leads to no entry that holds it"));
  ledger::Append lies = policy_entry("policy three");
  lies.entry.back() = '4';
  append({lies});
  EXPECT_TRUE(names(store_.writer().findings(), "is not the text of its digest"));
}

TEST_F(CheckLedgerTest, NamesWhatTheLedgersOwnTilesDoNotHold) {
  std::string row = ledger::entries_key(1);
  auto findings = findings_after([&](kv::Batch& batch) {
    std::string value = ledger_.at(row);
    value.back() = static_cast<char>(value.back() ^ 1);
    batch.put(kLedger, row, value);
  });
  EXPECT_TRUE(names(findings, "ledger: entry-changed 1"));
  EXPECT_TRUE(names(findings_after([&](kv::Batch& batch) { batch.remove(kLedger, row); }),
                    "ledger: entry-missing 1"));
  EXPECT_TRUE(names(findings_after([&](kv::Batch& batch) {
                      std::string tile = ledger_.at(ledger::tile_key(0, 0));
                      tile[5] = static_cast<char>(tile[5] ^ 1);
                      batch.put(kLedger, ledger::tile_key(0, 0), tile);
                    }),
                    "ledger: tile-changed 0 0"));
  for (const char* key : {"a", "g", "q", "s2", "t"}) {
    EXPECT_TRUE(names(findings_after([&](kv::Batch& batch) { batch.put(kLedger, key, "x"); }),
                      "ledger: a key can't be read"))
        << key;
  }
}

TEST_F(CheckLedgerTest, ALedgerThatCannotBeGoneOnWithOpensToBeCheckedOnly) {
  TestStore files(Engine::kRocks);
  ASSERT_TRUE(files->append_ledger(request_entries(*files, 1, {17})));
  ASSERT_TRUE(files->append_ledger(request_entries(*files, 2, {17})));
  files.close();
  StoreOptions options;
  options.data_folder = files.folder();
  options.region_key = region_key();
  options.tiny = true;
  {
    rocks::Options below;
    below.path = files.folder();
    for (const char* name : kFamilyNames) {
      below.families.push_back({name, rocks::Content::kPlain});
    }
    auto keys = KeyStore::open(posix_files(), files.folder() + ".keys", region_key());
    below.file_key = (*keys)->purpose_key(Purpose::kFiles);
    auto kv = rocks::open_store(below);
    ASSERT_TRUE(kv) << kv.error().text();
    kv::Batch batch;
    batch.remove(kLedger, ledger::entries_key(2));
    ASSERT_TRUE((*kv)->commit(batch, kv::Durability::kSynced));
  }
  auto refused = open_store(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  options.damaged_ledger = DamagedLedger::kReadOnly;
  auto opened = open_store(options);
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_TRUE(names((*opened)->check({})->findings, "ledger: entry-missing 2"));
  auto appended = (*opened)->append_ledger({{command_entry("{}")}});
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(Writer(**opened).put({"Organization", "w", "shared", R"("name":"W")"}));
}

}  // namespace
}  // namespace continuum::record
