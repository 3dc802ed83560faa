#include "ledger/log.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "kv/memory_store.h"
#include "ledger/entry_fixture_test.h"
#include "ledger/naive_tree_test.h"

namespace continuum::ledger {
namespace {

constexpr Families kFamilies = {.ledger = 1, .accesses = 0};

class LogTest : public testing::Test {
 protected:
  void open() { log_.emplace(*Log::open(*store_->snapshot(), kFamilies)); }

  uint64_t stage(const std::vector<Append>& appends) {
    return log_->stage(appends, [&](kv::Family family, std::string_view key,
                                    std::string_view value) { batch_.put(family, key, value); });
  }
  void commit() {
    ASSERT_TRUE(store_->commit(batch_, kv::Durability::kSynced));
    batch_.clear();
    log_->confirm();
  }
  void abandon() {
    batch_.clear();
    log_->abandon();
  }
  // What the ledger must hold.
  void expect(const std::vector<Append>& appends) {
    for (const Append& append : appends) {
      entries_.push_back(append.entry);
      leaves_.push_back(leaf_hash(append.entry));
    }
  }
  void append(const std::vector<Append>& appends) {
    EXPECT_EQ(stage(appends), entries_.size());
    commit();
    expect(appends);
  }

  std::unique_ptr<kv::Store> store_ = kv::make_memory_store(2);
  std::optional<Log> log_;
  kv::Batch batch_;
  std::vector<std::string> entries_;
  std::vector<Hash> leaves_;
};

TEST_F(LogTest, EmptyLedger) {
  open();
  EXPECT_EQ(log_->size(), 0U);
  EXPECT_EQ(log_->root(), empty_root());
  const auto snapshot = store_->snapshot();
  const auto reader = Reader::open(*snapshot, kFamilies);
  EXPECT_EQ(reader->size(), 0U);
  EXPECT_EQ(*reader->root(), empty_root());
  EXPECT_EQ(reader->entry(0).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(reader->tile(0, 0).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(reader->tile(255, 0).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(stage({}), 0U);
  EXPECT_TRUE(batch_.empty());
}

// Opened anew at every size, the log goes on as the tree of the definition does.
TEST_F(LogTest, ReopensAtEverySize) {
  for (uint64_t size = 0; size < 600; ++size) {
    open();
    ASSERT_EQ(log_->size(), size);
    ASSERT_EQ(log_->root(), naive::root(leaves_));
    const auto snapshot = store_->snapshot();
    ASSERT_EQ(*Reader::open(*snapshot, kFamilies)->root(), naive::root(leaves_));
    append({{.entry = "entry " + std::to_string(size)}});
    ASSERT_EQ(log_->root(), naive::root(leaves_));
  }
}

TEST_F(LogTest, RandomGroupsAgreeWithTheDefinition) {
  SeededRandom random(4);
  open();
  struct Listed {
    uint64_t ord, number, ordinal;
  };
  std::vector<Listed> listed;
  std::vector<std::pair<Hash, uint64_t>> policies;
  for (int step = 0; step < 400; ++step) {
    const Hash before = log_->root();
    std::vector<Append> group;
    for (uint64_t i = random.below(8) + 1; i > 0; --i) {
      const auto appends = random_appends(random);
      EXPECT_EQ(stage(appends), entries_.size() + group.size());
      group.insert(group.end(), appends.begin(), appends.end());
    }
    EXPECT_EQ(log_->size(), entries_.size());
    ASSERT_EQ(log_->root(), before);
    if (random.below(3) == 0) {
      abandon();
    } else {
      commit();
      for (size_t i = 0; i < group.size(); ++i) {
        if (group[i].ord) {
          listed.push_back({*group[i].ord, entries_.size() + i, group[i].ordinal});
        }
        if (group[i].policy) {
          policies.emplace_back(*group[i].policy, entries_.size() + i);
        }
      }
      expect(group);
    }
    ASSERT_EQ(log_->size(), entries_.size());
    ASSERT_EQ(log_->root(), naive::root(leaves_)) << step;
    if (random.below(10) == 0) {
      open();
      ASSERT_EQ(log_->root(), naive::root(leaves_)) << step;
    }
  }
  ASSERT_GT(entries_.size(), 2'000U);
  ASSERT_GT(policies.size(), 10U);

  const auto snapshot = store_->snapshot();
  const Reader reader = *Reader::open(*snapshot, kFamilies);
  const naive::Tiles tiles{leaves_};
  for (uint8_t level = 0; level < 2; ++level) {
    for (uint64_t n = 0; tiles.tile(level, n).has_value(); ++n) {
      ASSERT_EQ(*reader.tile(level, n), *tiles.tile(level, n)) << int{level} << " " << n;
    }
  }
  for (uint64_t n = 0; n < entries_.size(); n += 7) {
    ASSERT_EQ(*reader.entry(n), entries_[n]);
  }
  for (const auto& [from, to] :
       {std::pair<uint64_t, uint64_t>{0, entries_.size()}, {5, 6}, {9, 9}, {1'000, 1'900}}) {
    uint64_t next = from;
    ASSERT_TRUE(reader.scan(from, to, [&](uint64_t n, std::string_view entry) -> Status {
      EXPECT_EQ(n, next);
      EXPECT_EQ(entry, entries_[n]);
      ++next;
      return {};
    }));
    EXPECT_EQ(next, to);
  }
  for (const auto& [digest, number] : policies) {
    EXPECT_EQ(reader.policy_entry(digest).value(), number);
  }
  EXPECT_EQ(reader.policy_entry(empty_root()).value(), std::nullopt);
  for (uint64_t ord = 0; ord < 6; ++ord) {
    std::vector<std::pair<uint64_t, uint64_t>> expected;
    for (auto at = listed.rbegin(); at != listed.rend(); ++at) {
      if (at->ord == ord) {
        expected.emplace_back(at->number, at->ordinal);
      }
    }
    // In pages of three.
    std::vector<std::pair<uint64_t, uint64_t>> found;
    for (uint64_t from = UINT64_MAX;;) {
      size_t page = 0;
      ASSERT_TRUE(reader.accesses(ord, from, [&](const Access& access) {
        found.emplace_back(access.number, access.ordinal);
        return ++page == 3 ? Reader::Next::kStop : Reader::Next::kContinue;
      }));
      if (page < 3) {
        break;
      }
      from = found.back().first - 1;
    }
    EXPECT_EQ(found, expected) << ord;
  }
}

TEST_F(LogTest, AbandonOverSeveralWholeTiles) {
  open();
  std::vector<Append> many;
  for (int i = 0; i < 1'000; ++i) {
    many.push_back({.entry = "x" + std::to_string(i)});
  }
  for (const size_t start : {size_t{0}, size_t{1}, size_t{255}, size_t{256}, size_t{257}}) {
    while (entries_.size() < start) {
      append({{.entry = "one"}});
    }
    stage(many);
    stage({{.entry = "two"}});
    EXPECT_EQ(log_->staged_size(), start + 1'001);
    EXPECT_EQ(log_->root(), naive::root(leaves_));
    abandon();
    EXPECT_EQ(log_->staged_size(), start);
    EXPECT_EQ(log_->root(), naive::root(leaves_));
  }
  append(many);
  EXPECT_EQ(log_->root(), naive::root(leaves_));
}

// Three levels of tiles, in groups that end inside, at and beyond their edges.
TEST_F(LogTest, ThirdLevel) {
  open();
  for (uint64_t size = 0; size < 66'000;) {
    std::vector<Append> group;
    for (uint64_t i = 0; i < 3'000; ++i) {
      group.push_back({.entry = std::to_string(size + i)});
    }
    append(group);
    size += group.size();
  }
  const Hash root = naive::root(leaves_);
  EXPECT_EQ(log_->root(), root);
  open();
  EXPECT_EQ(log_->root(), root);
  const auto snapshot = store_->snapshot();
  const Reader reader = *Reader::open(*snapshot, kFamilies);
  EXPECT_EQ(reader.tile(1, 0)->size(), 256 * kHashSize);
  EXPECT_EQ(reader.tile(2, 0)->size(), kHashSize);
  for (const uint64_t n : {uint64_t{0}, uint64_t{65'535}, uint64_t{65'536}, leaves_.size() - 1}) {
    const auto path = inclusion_path(reader, n, leaves_.size());
    ASSERT_TRUE(path.has_value());
    EXPECT_TRUE(verify_inclusion(n, leaves_.size(), leaves_[n], *path, root));
  }
}

// Rows and a scan that are too large to hold at once.
TEST_F(LogTest, LargeEntries) {
  open();
  std::vector<Append> group;
  for (size_t i = 0; i < 300; ++i) {
    group.push_back({.entry = std::string(kEntryBytesMax - i, static_cast<char>('a' + i % 26))});
  }
  append(group);
  for (const Append& one : group) {
    append({one});
  }
  const auto snapshot = store_->snapshot();
  const auto cursor = snapshot->scan(kFamilies.ledger, {"e", "f"});
  while (cursor->next()) {
    EXPECT_LE(cursor->value().size(), kRowBytesMax + kEntryBytesMax + 3);
  }
  const Reader reader = *Reader::open(*snapshot, kFamilies);
  uint64_t next = 3;
  ASSERT_TRUE(reader.scan(next, reader.size(), [&](uint64_t n, std::string_view entry) -> Status {
    EXPECT_EQ(n, next);
    EXPECT_EQ(entry, entries_[n]);
    ++next;
    return {};
  }));
  EXPECT_EQ(next, entries_.size());
}

TEST_F(LogTest, RowsThatOverlapAreCorrupt) {
  open();
  append({{.entry = "a"}});
  append({{.entry = "b"}});
  batch_.put(kFamilies.ledger, entries_key(0),
             "\x01"
             "a"
             "\x01"
             "B");
  commit();
  const auto snapshot = store_->snapshot();
  const Reader reader = *Reader::open(*snapshot, kFamilies);
  EXPECT_EQ(*reader.entry(1), "b");
  const auto visit = [](uint64_t, std::string_view) { return Status(); };
  EXPECT_EQ(reader.scan(0, 2, visit).error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(reader.scan(1, 2, visit));
}

TEST_F(LogTest, DamagedRowsAreCorrupt) {
  open();
  for (int i = 0; i < 300; ++i) {
    append({{.entry = std::to_string(i)}});
  }
  const auto open_after = [&](std::string_view key, const std::string* value) {
    const auto store = kv::make_memory_store(2);
    const auto snapshot = store_->snapshot();
    kv::Batch batch;
    for (const auto cursor = snapshot->scan(1, {""}); cursor->next();) {
      if (cursor->key() != key) {
        batch.put(1, cursor->key(), cursor->value());
      }
    }
    if (value != nullptr) {
      batch.put(1, key, *value);
    }
    EXPECT_TRUE(store->commit(batch, kv::Durability::kSynced));
    return Log::open(*store->snapshot(), kFamilies);
  };
  const std::string short_tile(31, 'x');
  const std::string torn_entry =
      "\x05"
      "a";
  ASSERT_TRUE(open_after("none", nullptr).has_value());
  EXPECT_EQ(open_after(tile_key(1, 0), nullptr).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(open_after(tile_key(1, 0), &short_tile).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(open_after(size_key(), &short_tile).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(open_after(entries_key(299), nullptr).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(open_after(entries_key(270), nullptr).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(open_after(entries_key(270), &torn_entry).error().code, ErrorCode::kCorrupt);
  const std::string fewer = encode_number(299);
  EXPECT_EQ(open_after(size_key(), &fewer).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(open_after(size_key(), nullptr).error().code, ErrorCode::kCorrupt);
  const std::string two =
      "\x01"
      "a"
      "\x01"
      "b";
  EXPECT_EQ(open_after(entries_key(299), &two).error().code, ErrorCode::kCorrupt);
  const std::string beyond = encode_number(uint64_t{1} << 40);
  EXPECT_EQ(open_after(size_key(), &beyond).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace continuum::ledger
