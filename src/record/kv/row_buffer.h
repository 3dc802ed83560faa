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

// By key. Stable: of equal keys the order stands. `prefix` of each row is that at depth 0, and is
// overwritten.
void sort_rows(std::span<RowRef> rows);

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

// Sorted rows; of equal keys the last stands. What the rows view must outlive this.
class SortedRows final : public RowSource {
 public:
  explicit SortedRows(std::vector<RowRef> rows);
  Result<bool> next() override;
  std::string_view key() const override { return rows_[at_].key_view(); }
  std::string_view value() const override { return rows_[at_].value_view(); }

 private:
  std::vector<RowRef> rows_;
  size_t at_ = 0;
  bool started_ = false;
};

}  // namespace continuum::record
