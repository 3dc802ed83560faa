#include "record/kv/row_run.h"

#include <algorithm>

#include "base/bytes.h"
#include "crypto/stream_cipher.h"

namespace continuum::record {
namespace {

constexpr size_t kBufferBytes = 64 * 1024;

// Never 0, so that a row that is missing shows.
uint64_t sum_of(std::string_view key, std::string_view value) {
  std::hash<std::string_view> hash;
  return (hash(key) * 31 + hash(value)) | 1;
}

crypto::Iv iv_of(uint64_t number) {
  crypto::Iv iv{};
  for (size_t i = 0; i < 8; ++i) {
    iv[i] = static_cast<uint8_t>(number >> (8 * i));
  }
  return iv;
}

size_t shared_bytes(std::string_view a, std::string_view b) {
  size_t size = std::min(a.size(), b.size());
  return static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(size), b.begin()).first -
      a.begin());
}

class RunReader final : public RowSource {
 public:
  RunReader(std::unique_ptr<ReadableFile> file, const crypto::Key& key, uint64_t number,
            uint64_t sum)
      : file_(std::move(file)), key_(key), iv_(iv_of(number)), sum_left_(sum) {}

  Result<bool> next() override {
    std::string_view rest = std::string_view(buffer_).substr(at_);
    // Most rows lie whole in the buffer; one that doesn't is read again with more.
    auto taken = take(rest);
    while (!taken && !at_end_) {
      TRY(read_more());
      rest = std::string_view(buffer_).substr(at_);
      taken = take(rest);
    }
    if (!taken && at_ == buffer_.size() && sum_left_ == 0) {
      return false;
    }
    if (!taken) {
      return fail(ErrorCode::kCorrupt, "a temporary file of the load is damaged");
    }
    at_ = buffer_.size() - taken->size();
    sum_left_ -= sum_of(row_key_, value_);
    return true;
  }
  std::string_view key() const override { return row_key_; }
  std::string_view value() const override { return value_; }

 private:
  // The rest after one row; an error when there is no whole row.
  Result<std::string_view> take(std::string_view bytes) {
    ByteReader reader(bytes);
    TRY(uint64_t shared, reader.varint());
    TRY(uint64_t rest_size, reader.varint());
    TRY(uint64_t value_size, reader.varint());
    TRY(std::string_view rest, reader.take(rest_size));
    TRY(value_, reader.take(value_size));
    if (shared > row_key_.size()) {
      return fail(ErrorCode::kCorrupt, "a temporary file of the load is damaged");
    }
    row_key_.resize(shared);
    row_key_.append(rest);
    return reader.rest();
  }

  Status read_more() {
    TRY(std::string bytes, file_->read(offset_, kBufferBytes));
    crypto::apply_stream_cipher(key_, iv_, offset_, bytes.data(), bytes.size());
    offset_ += bytes.size();
    at_end_ = bytes.size() < kBufferBytes;
    buffer_.erase(0, at_);
    at_ = 0;
    buffer_ += bytes;
    return {};
  }

  std::unique_ptr<ReadableFile> file_;
  crypto::Key key_;
  crypto::Iv iv_;
  uint64_t sum_left_;
  uint64_t offset_ = 0;
  bool at_end_ = false;
  std::string buffer_;
  size_t at_ = 0;
  std::string row_key_;
  std::string_view value_;
};

}  // namespace

RowRun::~RowRun() {
  static_cast<void>(files_.remove(path_));  // what stays is removed at the next start
}

Result<std::unique_ptr<RowRun::Writer>> RowRun::write() {
  TRY(auto file, files_.open_writable(path_, OpenMode::kTruncate));
  return std::make_unique<Writer>(*this, std::move(file));
}

Result<std::unique_ptr<RowSource>> RowRun::read() const {
  TRY(auto file, files_.open_readable(path_));
  return std::make_unique<RunReader>(std::move(file), key_, number_, sum_);
}

Status RowRun::Writer::put(std::string_view key, std::string_view value) {
  run_.sum_ += sum_of(key, value);
  size_t shared = shared_bytes(last_key_, key);
  put_varint(buffer_, shared);
  put_varint(buffer_, key.size() - shared);
  put_varint(buffer_, value.size());
  buffer_.append(key.substr(shared));
  buffer_.append(value);
  last_key_.resize(shared);
  last_key_.append(key.substr(shared));
  return buffer_.size() < kBufferBytes ? Status() : append_buffer();
}

Status RowRun::Writer::close() {
  TRY(append_buffer());
  file_.reset();
  return {};
}

Status RowRun::Writer::append_buffer() {
  crypto::apply_stream_cipher(run_.key_, iv_of(run_.number_), file_->size(), buffer_.data(),
                              buffer_.size());
  Status appended = file_->append(buffer_);
  buffer_.clear();
  return appended;
}

RowMerge::RowMerge(std::vector<std::unique_ptr<RowSource>> sources)
    : sources_(std::move(sources)) {}

Result<bool> RowMerge::next() {
  if (!started_) {
    started_ = true;
    for (size_t i = 0; i < sources_.size(); ++i) {
      TRY(bool has_row, sources_[i]->next());
      if (has_row) {
        heap_.push_back(i);
      }
    }
    for (size_t i = heap_.size(); i-- > 0;) {
      sift_down(i);
    }
    return !heap_.empty();
  }
  last_key_.assign(key());
  do {
    TRY(advance_first());
  } while (!heap_.empty() && key() == last_key_);
  return !heap_.empty();
}

// By key; of equal keys the later source comes first, and stands.
bool RowMerge::comes_before(size_t a, size_t b) const {
  int order = sources_[a]->key().compare(sources_[b]->key());
  return order != 0 ? order < 0 : a > b;
}

void RowMerge::sift_down(size_t at) {
  for (;;) {
    size_t least = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap_.size(); ++child) {
      if (comes_before(heap_[child], heap_[least])) {
        least = child;
      }
    }
    if (least == at) {
      return;
    }
    std::swap(heap_[at], heap_[least]);
    at = least;
  }
}

Status RowMerge::advance_first() {
  TRY(bool has_row, sources_[heap_.front()]->next());
  if (!has_row) {
    heap_.front() = heap_.back();
    heap_.pop_back();
  }
  if (!heap_.empty()) {
    sift_down(0);
  }
  return {};
}

}  // namespace continuum::record
