// Where a ledger that is to be verified comes from. Nothing here trusts what it reads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "kv/store.h"
#include "ledger/rows.h"

namespace continuum::ledger {

// Missing or damaged bytes are no error here, but what is to be found: errors are of what stands in
// the way of reading. One thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  // Entries, as the ledger itself says; 0 when that can't be read.
  virtual uint64_t size() const = 0;
  // Entries that tiles beyond size() speak of; at most size() when there are none such.
  virtual Result<uint64_t> covered() = 0;
  // The checkpoint that lies with the entries; empty when it is missing. None: this kind of source
  // has none.
  virtual std::optional<std::string> own_checkpoint() const = 0;
  // Whether leaf hashes after the last whole tile are kept too.
  virtual bool keeps_partial_leaf_tiles() const = 0;

  // All entries there are, in ascending order, beyond size() too; missing ones are left out.
  // Without an entry: what stands where `n` should is none. An error of `visit` ends the scan and
  // is returned.
  using Visit = std::function<Status(uint64_t n, std::optional<std::string_view> entry)>;
  virtual Status scan(const Visit& visit) = 0;

  // The bytes stored as tile `n` of `level`, whatever they are; none when there are none. `width`
  // is what it should hold.
  virtual Result<std::optional<std::string>> tile(uint8_t level, uint64_t n, size_t width) = 0;
};

// Rows of a store, which must outlive it.
class KvSource final : public Source {
 public:
  static Result<KvSource> open(const kv::Snapshot& snapshot, Families families);

  uint64_t size() const override { return size_; }
  Result<uint64_t> covered() override;
  std::optional<std::string> own_checkpoint() const override { return std::nullopt; }
  bool keeps_partial_leaf_tiles() const override { return false; }
  Status scan(const Visit& visit) override;
  Result<std::optional<std::string>> tile(uint8_t level, uint64_t n, size_t width) override;

 private:
  KvSource(const kv::Snapshot& snapshot, Families families, uint64_t size)
      : snapshot_(&snapshot), families_(families), size_(size) {}

  const kv::Snapshot* snapshot_;
  Families families_;
  uint64_t size_;
};

// A folder that export_to() wrote. Its size is its checkpoint's; without a readable one, what its
// files hold.
class ExportFolder final : public Source {
 public:
  // kNotFound when there is no such folder.
  static Result<ExportFolder> open(FileSystem& files, std::string folder);

  uint64_t size() const override { return size_; }
  Result<uint64_t> covered() override { return size_; }
  std::optional<std::string> own_checkpoint() const override { return checkpoint_; }
  bool keeps_partial_leaf_tiles() const override { return true; }
  Status scan(const Visit& visit) override;
  Result<std::optional<std::string>> tile(uint8_t level, uint64_t n, size_t width) override;

 private:
  ExportFolder(FileSystem& files, std::string folder)
      : files_(&files), folder_(std::move(folder)) {}
  Result<std::optional<std::string>> read(const std::string& path, uint64_t size_max);
  Result<uint64_t> count_entries();
  Status scan_tile(std::string_view bytes, uint64_t first, size_t width, const Visit& visit);

  FileSystem* files_;
  std::string folder_;
  std::string checkpoint_;
  uint64_t size_ = 0;
};

}  // namespace continuum::ledger
