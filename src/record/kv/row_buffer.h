// Rows gathered in memory, in any order, then sorted: the buffer of a bulk load.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "record/kv/families.h"
#include "record/kv/row_run.h"

namespace continuum::record {

struct RowRef {
  uint64_t prefix;  // 8 key bytes at the depth being sorted, big-endian
  const char* key;  // value follows
  uint32_t key_size;
  uint32_t value_size;

  std::string_view key_view() const { return {key, key_size}; }
  std::string_view value_view() const { return {key + key_size, value_size}; }
};

// Sorts by key. Stable: of equal keys the order stands. Keeps its memory for the next rows. One
// thread at a time.
class RowSorter {
 public:
  // `prefix` of each row is that at depth 0, and is overwritten.
  void sort(std::span<RowRef> rows);

 private:
  // Rows that agree in their first `depth` bytes and have the prefix at `depth`.
  void sort_at(std::span<RowRef> rows, size_t depth);
  void sort_by_prefix(std::span<RowRef> rows);

  std::vector<RowRef> scratch_;
};

// Owns the bytes of its rows. clear() keeps the memory for the next ones. One thread at a time.
class RowBuffer {
 public:
  void put(FamilyNumber family, std::string_view key, std::string_view value);
  std::span<const RowRef> rows(FamilyNumber family) const { return rows_[family]; }
  size_t bytes() const { return bytes_; }
  void clear();

 private:
  char* allocate(size_t size);

  std::array<std::vector<RowRef>, kFamilyCount> rows_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t chunks_in_use_ = 0;
  std::vector<std::unique_ptr<char[]>> large_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t bytes_ = 0;
};

// Rows sorted by key; of equal keys the last stands. The rows must outlive this.
class SortedRows final : public RowSource {
 public:
  explicit SortedRows(std::span<const RowRef> rows) : rows_(rows) {}
  Result<bool> next() override;
  std::string_view key() const override { return rows_[at_].key_view(); }
  std::string_view value() const override { return rows_[at_].value_view(); }

 private:
  std::span<const RowRef> rows_;
  size_t at_ = 0;
  bool started_ = false;
};

}  // namespace continuum::record
