#include "record/kv/row_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace continuum::record {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;
constexpr size_t kSmallRun = 24;
constexpr size_t kRadixMin = 512;
// PERF: rows are visited in the order of their keys, which lie anywhere. Asking for a key this many
// rows ahead hides the wait.
constexpr size_t kPrefetchAhead = 16;

void prefetch_key(std::span<const RowRef> rows, size_t at) {
  if (at < rows.size()) {
    __builtin_prefetch(rows[at].key);
    __builtin_prefetch(rows[at].key + 63);
  }
}

uint64_t prefix_at(std::string_view key, size_t depth) {
  unsigned char bytes[8] = {};
  if (depth < key.size()) {
    std::memcpy(bytes, key.data() + depth, std::min<size_t>(key.size() - depth, 8));
  }
  uint64_t value = 0;
  for (unsigned char byte : bytes) {
    value = (value << 8) | byte;
  }
  return value;
}

// Of rows that agree in their first `depth` bytes and have the prefix at `depth`.
bool before(const RowRef& a, const RowRef& b, size_t depth) {
  if (a.prefix != b.prefix) {
    return a.prefix < b.prefix;
  }
  if (a.key_size < depth + 8 || b.key_size < depth + 8) {
    return a.key_size < b.key_size;
  }
  return a.key_view().substr(depth + 8) < b.key_view().substr(depth + 8);
}

}  // namespace

void RowSorter::sort(std::span<RowRef> rows) {
  sort_at(rows, 0);
}

// PERF: radix by 8 bytes. Comparing whole keys cost a quarter of a load: most postings share 20 to
// 40 bytes, and every comparison missed the cache twice.
void RowSorter::sort_at(std::span<RowRef> rows, size_t depth) {
  auto by_key = [depth](const RowRef& a, const RowRef& b) { return before(a, b, depth); };
  if (rows.size() <= kSmallRun) {
    std::stable_sort(rows.begin(), rows.end(), by_key);
    return;
  }
  sort_by_prefix(rows);
  for (size_t from = 0; from < rows.size();) {
    size_t to = from + 1;
    bool all_longer = rows[from].key_size > depth + 8;
    while (to < rows.size() && rows[to].prefix == rows[from].prefix) {
      all_longer = all_longer && rows[to].key_size > depth + 8;
      ++to;
    }
    std::span<RowRef> run = rows.subspan(from, to - from);
    if (run.size() > 1 && !all_longer) {
      std::stable_sort(run.begin(), run.end(), by_key);
    } else if (run.size() > 1) {
      for (size_t i = 0; i < run.size(); ++i) {
        prefetch_key(run, i + kPrefetchAhead);
        run[i].prefix = prefix_at(run[i].key_view(), depth + 8);
      }
      sort_at(run, depth + 8);
    }
    from = to;
  }
}

// Byte by byte from the last; bytes that all rows share cost one look.
void RowSorter::sort_by_prefix(std::span<RowRef> rows) {
  if (rows.size() < kRadixMin) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const RowRef& a, const RowRef& b) { return a.prefix < b.prefix; });
    return;
  }
  std::array<std::array<size_t, 256>, 8> counts{};
  for (const RowRef& row : rows) {
    for (size_t byte = 0; byte < 8; ++byte) {
      ++counts[byte][(row.prefix >> (8 * byte)) & 0xFF];
    }
  }
  if (scratch_.size() < rows.size()) {
    scratch_.resize(rows.size());
  }
  std::span<RowRef> from = rows;
  std::span<RowRef> to = std::span(scratch_).first(rows.size());
  for (size_t byte = 0; byte < 8; ++byte) {
    auto& count = counts[byte];
    if (count[(from.front().prefix >> (8 * byte)) & 0xFF] == rows.size()) {
      continue;
    }
    size_t at = 0;
    for (size_t& bucket : count) {
      at += std::exchange(bucket, at);
    }
    for (const RowRef& row : from) {
      to[count[(row.prefix >> (8 * byte)) & 0xFF]++] = row;
    }
    std::swap(from, to);
  }
  if (from.data() != rows.data()) {
    std::copy(from.begin(), from.end(), rows.begin());
  }
}

void RowBuffer::put(FamilyNumber family, std::string_view key, std::string_view value) {
  size_t size = key.size() + value.size();
  char* at = allocate(size);
  std::memcpy(at, key.data(), key.size());
  std::memcpy(at + key.size(), value.data(), value.size());
  rows_[family].push_back({prefix_at(key, 0), at, static_cast<uint32_t>(key.size()),
                           static_cast<uint32_t>(value.size())});
  bytes_ += size + sizeof(RowRef);
}

void RowBuffer::clear() {
  for (auto& rows : rows_) {
    rows.clear();
  }
  chunks_in_use_ = 0;
  large_.clear();
  left_ = 0;
  bytes_ = 0;
}

char* RowBuffer::allocate(size_t size) {
  if (size > kChunkBytes) {
    large_.push_back(std::unique_ptr<char[]>(new char[size]));
    return large_.back().get();
  }
  if (size > left_) {
    if (chunks_in_use_ == chunks_.size()) {
      chunks_.push_back(std::unique_ptr<char[]>(new char[kChunkBytes]));
    }
    next_ = chunks_[chunks_in_use_++].get();
    left_ = kChunkBytes;
  }
  char* at = next_;
  next_ += size;
  left_ -= size;
  return at;
}

Result<bool> SortedRows::next() {
  at_ += started_ ? 1 : 0;
  started_ = true;
  prefetch_key(rows_, at_ + kPrefetchAhead);
  while (at_ + 1 < rows_.size() && rows_[at_].key_view() == rows_[at_ + 1].key_view()) {
    ++at_;
  }
  return at_ < rows_.size();
}

}  // namespace continuum::record
