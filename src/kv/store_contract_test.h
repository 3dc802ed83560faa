// The tests every implementation of kv::Store must pass. An implementation's test file defines a
// factory and instantiates StoreContract with it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>

#include "base/random.h"
#include "kv/store.h"

namespace continuum::kv {

struct ContractSubject {
  std::string name;
  // A fresh store of two families, in a place of its own.
  std::function<std::unique_ptr<Store>()> create;
};

class StoreContract : public testing::TestWithParam<ContractSubject> {
 protected:
  using Rows = std::map<std::string, std::string>;
  static Rows read_all(Snapshot& snapshot, Family family, const Range& range) {
    Rows rows;
    auto cursor = snapshot.scan(family, range);
    while (cursor->next()) {
      rows.emplace(cursor->key(), cursor->value());
    }
    EXPECT_TRUE(cursor->status());
    return rows;
  }
};

TEST_P(StoreContract, BatchesAreSeenWholeAndInOrder) {
  auto store = GetParam().create();
  Batch batch;
  batch.put(0, "b", "1");
  batch.put(0, "a", "2");
  batch.put(1, "a", "other family");
  batch.put(0, std::string("a\0", 2), "zero byte sorts after its prefix");
  batch.put(0, "b", "the later change wins");
  batch.remove(0, "never there");
  ASSERT_TRUE(store->commit(batch, Durability::kSynced));
  auto snapshot = store->snapshot();
  EXPECT_EQ(read_all(*snapshot, 0, {"", ""}),
            (Rows{{"a", "2"},
                  {std::string("a\0", 2), "zero byte sorts after its prefix"},
                  {"b", "the later change wins"}}));
  std::string value;
  EXPECT_TRUE(*snapshot->get(1, "a", value));
  EXPECT_EQ(value, "other family");
  EXPECT_FALSE(*snapshot->get(1, "b", value));
}

TEST_P(StoreContract, SnapshotsStandStill) {
  auto store = GetParam().create();
  Batch batch;
  batch.put(0, "k", "old");
  ASSERT_TRUE(store->commit(batch, Durability::kBuffered));
  auto before = store->snapshot();
  auto cursor = before->scan(0, {"", ""});
  batch.clear();
  batch.put(0, "k", "new");
  batch.put(0, "l", "new");
  ASSERT_TRUE(store->commit(batch, Durability::kBuffered));
  std::string value;
  EXPECT_TRUE(*before->get(0, "k", value));
  EXPECT_EQ(value, "old");
  EXPECT_EQ(read_all(*before, 0, {"", ""}), (Rows{{"k", "old"}}));
  ASSERT_TRUE(cursor->next());
  EXPECT_EQ(cursor->value(), "old");
  EXPECT_FALSE(cursor->next());
}

TEST_P(StoreContract, ScrubbingChangesNoRow) {
  auto store = GetParam().create();
  Rows expected;
  for (int round = 0; round < 4; ++round) {
    Batch batch;
    for (int i = 0; i < 50; ++i) {
      std::string key = "k" + std::to_string(i);
      if (round > 0 && i % 3 == round % 3) {
        batch.remove(0, key);
        expected.erase(key);
      } else {
        expected[key] = std::to_string(round) + std::string(100, 'v');
        batch.put(0, key, expected[key]);
      }
    }
    ASSERT_TRUE(store->commit(batch, Durability::kSynced));
    if (round % 2 == 0) {
      ASSERT_TRUE(store->flush());
    }
  }
  ASSERT_TRUE(store->scrub(0, {"k2", "k4"}));
  EXPECT_EQ(read_all(*store->snapshot(), 0, {"", ""}), expected);
  ASSERT_TRUE(store->scrub(0, {}));
  EXPECT_EQ(read_all(*store->snapshot(), 0, {"", ""}), expected);
  ASSERT_TRUE(store->scrub(1, {})) << "an empty family";
}

TEST_P(StoreContract, CursorsKeepTheirRange) {
  auto store = GetParam().create();
  Batch batch;
  for (const char* key : {"a", "b", "c", "d", "\xFF\xFF"}) {
    batch.put(0, key, key);
  }
  ASSERT_TRUE(store->commit(batch, Durability::kSynced));
  auto snapshot = store->snapshot();
  EXPECT_EQ(read_all(*snapshot, 0, {"b", "d"}), (Rows{{"b", "b"}, {"c", "c"}}));
  auto cursor = snapshot->scan(0, {"b", "d"});
  EXPECT_TRUE(cursor->seek("a"));
  EXPECT_EQ(cursor->key(), "b");
  EXPECT_TRUE(cursor->seek("bb"));
  EXPECT_EQ(cursor->key(), "c");
  EXPECT_FALSE(cursor->next());
  EXPECT_FALSE(cursor->seek("d"));
  EXPECT_TRUE(cursor->seek("b"));
  EXPECT_TRUE(cursor->next());
  EXPECT_EQ(cursor->key(), "c");
  EXPECT_EQ(prefix_end("a\xFF"), "b");
  EXPECT_EQ(prefix_end("\xFF"), "");
}

TEST_P(StoreContract, CursorsGoBack) {
  auto store = GetParam().create();
  Batch batch;
  for (const char* key : {"a", "b", "c", "d", "\xFF\xFF"}) {
    batch.put(0, key, key);
  }
  ASSERT_TRUE(store->commit(batch, Durability::kSynced));
  auto snapshot = store->snapshot();
  auto cursor = snapshot->scan(0, {"b", "d"});
  EXPECT_TRUE(cursor->seek_before("x")) << "the range ends before";
  EXPECT_EQ(cursor->key(), "c");
  EXPECT_TRUE(cursor->seek_before("c"));
  EXPECT_EQ(cursor->key(), "b");
  EXPECT_TRUE(cursor->next()) << "on from there";
  EXPECT_EQ(cursor->value(), "c");
  EXPECT_FALSE(cursor->seek_before("b")) << "the range begins there";
  EXPECT_FALSE(cursor->seek_before("a"));
  EXPECT_TRUE(cursor->seek_before("cc"));
  EXPECT_EQ(cursor->key(), "c");
  EXPECT_TRUE(cursor->status());
  auto whole = snapshot->scan(0, {});
  EXPECT_TRUE(whole->seek_before("\xFF\xFF\xFF"));
  EXPECT_EQ(whole->key(), "\xFF\xFF");
  EXPECT_FALSE(whole->seek_before("a"));
  EXPECT_FALSE(snapshot->scan(0, {"bb", "c"})->seek_before("d")) << "an empty range";
  EXPECT_FALSE(snapshot->scan(1, {})->seek_before("d")) << "an empty family";
}

TEST_P(StoreContract, IngestionIsAllOrNothing) {
  auto store = GetParam().create();
  Batch batch;
  batch.put(0, "b", "old");
  ASSERT_TRUE(store->commit(batch, Durability::kBuffered));
  {
    auto abandoned = store->begin_ingestion();
    ASSERT_TRUE(abandoned);
    ASSERT_TRUE((*abandoned)->start_part(0)->put("x", "never"));
  }
  auto ingestion = store->begin_ingestion();
  ASSERT_TRUE(ingestion);
  auto later = (*ingestion)->start_part(0);
  auto earlier = (*ingestion)->start_part(0);
  auto other = (*ingestion)->start_part(1);
  auto empty = (*ingestion)->start_part(1);
  ASSERT_TRUE(later->put("b", "replaced"));
  ASSERT_TRUE(earlier->put("a", "1"));
  ASSERT_TRUE(other->put("a", "2"));
  for (auto* part : {&later, &earlier, &other, &empty}) {
    ASSERT_TRUE((*part)->close());
  }
  EXPECT_EQ(read_all(*store->snapshot(), 0, {"", ""}), (Rows{{"b", "old"}}));
  ASSERT_TRUE((*ingestion)->finish());
  EXPECT_EQ(read_all(*store->snapshot(), 0, {"", ""}), (Rows{{"a", "1"}, {"b", "replaced"}}));
  EXPECT_EQ(read_all(*store->snapshot(), 1, {"", ""}), (Rows{{"a", "2"}}));
}

TEST_P(StoreContract, AgreesWithAMapUnderRandomSteps) {
  uint64_t seed = SecureRandom().u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  auto store = GetParam().create();
  Rows model[2];
  for (int step = 0; step < 300; ++step) {
    Batch batch;
    for (uint64_t n = random.below(8); n > 0; --n) {
      auto family = static_cast<Family>(random.below(2));
      std::string key = random.bytes(random.below(3));
      key.push_back('k');
      if (random.below(4) == 0) {
        batch.remove(family, key);
        model[family].erase(key);
      } else {
        std::string value = random.bytes(random.below(40));
        batch.put(family, key, value);
        model[family].insert_or_assign(key, value);
      }
    }
    ASSERT_TRUE(
        store->commit(batch, random.below(5) == 0 ? Durability::kSynced : Durability::kBuffered));
    if (step % 10 == 0) {
      auto snapshot = store->snapshot();
      ASSERT_EQ(read_all(*snapshot, 0, {"", ""}), model[0]);
      ASSERT_EQ(read_all(*snapshot, 1, {"", ""}), model[1]);
      Rows back;
      auto cursor = snapshot->scan(0, {});
      for (std::string at(8, '\xFF'); cursor->seek_before(at); at = cursor->key()) {
        ASSERT_TRUE(back.emplace(cursor->key(), cursor->value()).second);
      }
      ASSERT_TRUE(cursor->status());
      ASSERT_EQ(back, model[0]);
    }
  }
}

}  // namespace continuum::kv
