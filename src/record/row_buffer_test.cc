// Rows out of memory and files come back sorted, each key once, the last put standing.
#include "record/kv/row_buffer.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "record/kv/row_run.h"

namespace continuum::record {
namespace {

using Rows = std::map<std::string, std::string>;

// Many share long starts, some are a start of others, some hold zeros.
std::string random_key(std::mt19937& random) {
  std::string key(random() % 4 * 9, 's');
  for (size_t left = random() % 12; left > 0; --left) {
    key += static_cast<char>(random() % 3 == 0 ? 0 : 'a' + random() % 2);
  }
  return key;
}

std::unique_ptr<SortedRows> sorted(const RowBuffer& buffer, std::vector<RowRef>& rows) {
  rows.assign(buffer.rows(kPostings).begin(), buffer.rows(kPostings).end());
  RowSorter().sort(rows);
  return std::make_unique<SortedRows>(rows);
}

Rows read_ascending(RowSource& source) {
  Rows rows;
  for (;;) {
    auto more = source.next();
    EXPECT_TRUE(more) << more.error().text();
    if (!more || !*more) {
      return rows;
    }
    EXPECT_TRUE(rows.empty() || source.key() > rows.rbegin()->first);
    rows.emplace_hint(rows.end(), source.key(), source.value());
  }
}

class RowsTest : public testing::Test {
 protected:
  std::unique_ptr<RowRun> put_aside(RowSource& rows) {
    ++number_;
    auto run = std::make_unique<RowRun>(disk_, "/" + std::to_string(number_), key_, number_);
    auto writer = *run->write();
    while (*rows.next()) {
      EXPECT_TRUE(writer->put(rows.key(), rows.value()));
    }
    EXPECT_TRUE(writer->close());
    return run;
  }

  std::mt19937 random_{7};
  MemoryFileSystem disk_;
  crypto::Key key_{42};
  uint64_t number_ = 0;
};

TEST_F(RowsTest, SortAndMergeAsAMapWould) {
  for (size_t count : {0U, 1U, 5U, 100U, 3000U}) {
    Rows model;
    std::vector<std::unique_ptr<RowRun>> runs;
    std::vector<std::unique_ptr<RowSource>> sources;
    RowBuffer buffer;
    std::vector<RowRef> rows;
    for (int round = 0; round < 4; ++round) {
      buffer.clear();
      for (size_t i = 0; i < count; ++i) {
        std::string key = random_key(random_);
        std::string value = std::to_string(random_() % 1000);
        buffer.put(kPostings, key, value);
        model[key] = value;
      }
      auto source = sorted(buffer, rows);
      if (round < 3) {
        runs.push_back(put_aside(*source));
        sources.push_back(*runs.back()->read());
      } else {
        sources.push_back(std::move(source));
      }
    }
    RowMerge merge(std::move(sources));
    EXPECT_EQ(read_ascending(merge), model);
  }
}

TEST_F(RowsTest, ARunHoldsRowsLargerThanItsBuffer) {
  RowBuffer buffer;
  Rows model;
  for (char c : {'a', 'b', 'c'}) {
    std::string value(3'000'000, c);
    buffer.put(kPostings, std::string(2000, c), value);
    model[std::string(2000, c)] = value;
  }
  std::vector<RowRef> rows;
  auto run = put_aside(*sorted(buffer, rows));
  auto source = *run->read();
  EXPECT_EQ(read_ascending(*source), model);
}

TEST_F(RowsTest, ARunIsUnreadableAndGoesWithItsOwner) {
  RowBuffer buffer;
  buffer.put(kPostings, "SECRETKEY", "SECRETVALUE");
  std::vector<RowRef> rows;
  auto run = put_aside(*sorted(buffer, rows));
  ASSERT_EQ(*disk_.list("/"), std::vector<std::string>{"1"});
  EXPECT_EQ(read_file(disk_, "/1", 1000)->find("SECRET"), std::string::npos);
  run.reset();
  EXPECT_TRUE(disk_.list("/")->empty());
}

TEST_F(RowsTest, ADamagedRunIsAnError) {
  RowBuffer buffer;
  for (int i = 0; i < 50; ++i) {
    buffer.put(kPostings, "key" + std::to_string(i), "value");
  }
  std::vector<RowRef> rows;
  auto run = put_aside(*sorted(buffer, rows));
  std::string bytes = *read_file(disk_, "/1", 10000);
  auto file = *disk_.open_writable("/1", OpenMode::kTruncate);
  ASSERT_TRUE(file->append(bytes.substr(0, bytes.size() - 3)));
  auto source = *run->read();
  Result<bool> more = true;
  while (more && *more) {
    more = source->next();
  }
  EXPECT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace continuum::record
