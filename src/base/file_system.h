// The file seam: everything the store keeps goes through a FileSystem, so that tests can cut the
// power.
//
// Durability is as POSIX has it: bytes appended are durable after sync() of the file; a new,
// renamed or removed name is durable after sync_directory() of its folder. The memory
// implementation keeps exactly that and no more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace continuum {

// One writer at a time; not thread-safe. Closed by the destructor (which does not sync).
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status append(std::string_view bytes) = 0;
  virtual Status sync() = 0;
  virtual Status truncate(uint64_t size) = 0;
  virtual uint64_t size() const = 0;
};

// Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Up to `size` bytes from `offset`; fewer only at the end of the file.
  virtual Result<std::string> read(uint64_t offset, size_t size) const = 0;
  virtual Result<uint64_t> size() const = 0;
};

enum class OpenMode : uint8_t { kTruncate, kAppend };

// Thread-safe. Paths use '/'; errors name the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path,
                                                              OpenMode mode) = 0;
  virtual Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual bool is_directory(const std::string& path) = 0;
  // Names (not paths), sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Status make_directories(const std::string& path) = 0;
  virtual Status remove(const std::string& path) = 0;  // a file or an empty directory
  // A file, or a folder with all that is in it.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status sync_directory(const std::string& path) = 0;
  // A second name of the same file, as durable as any new name. kUnsupported: these two places
  // can't share a file; copy it. kConflict: the name is taken.
  virtual Status link(const std::string& from, const std::string& to);
};

// The whole file; over `size_max` bytes is kTooLarge.
Result<std::string> read_file(FileSystem& files, const std::string& path, uint64_t size_max);
// Writes beside, syncs, renames over `path`, syncs the folder: readers see the old or the new
// whole.
Status replace_file(FileSystem& files, const std::string& path, std::string_view bytes);
// Removes a file, or a folder with all that is in it, to kTreeDepthMax folders deep; what is not
// there is no failure. What is left after one is not said.
inline constexpr int kTreeDepthMax = 8;
Status remove_tree(FileSystem& files, const std::string& path);
// "a/b" -> "a"; "b" -> ".".
std::string parent_directory(const std::string& path);

// The disk. New files are readable by the owner only.
FileSystem& posix_files();

// A disk in memory that can lose power. After cut_power() every call fails until restore_power(),
// which leaves only what was synced. cut_after(n) cuts at the n-th write or sync from now (0 = the
// next), before it takes effect; a write that is cut may leave a prefix, as a torn write would.
class MemoryFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path,
                                                      OpenMode mode) override;
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override;
  bool exists(const std::string& path) override;
  bool is_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Status make_directories(const std::string& path) override;
  Status remove(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status sync_directory(const std::string& path) override;
  Status link(const std::string& from, const std::string& to) override;

  void cut_after(uint64_t operations);
  void cut_power();
  void restore_power();
  bool power_is_cut();
  // Writes, syncs, renames, links, removals and directory syncs so far.
  uint64_t operations();
  // File syncs so far.
  uint64_t file_syncs();

 private:
  friend class MemoryWritableFile;
  friend class MemoryReadableFile;
  struct File {
    std::string live;
    std::string synced;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  // Counts one operation; false when the power is, or goes, off. Caller holds mutex_.
  bool spend_operation();
  Status append(const std::shared_ptr<File>& file, std::string_view bytes);
  Status sync(const std::shared_ptr<File>& file);
  Status truncate(const std::shared_ptr<File>& file, uint64_t size);
  Status rename_directory(const std::string& from, const std::string& to);

  struct Move {
    std::string from, to;
  };

  std::mutex mutex_;
  Names live_;     // what the running program sees
  Names durable_;  // names whose folder was synced
  std::set<std::string> directories_{"/", "."};
  std::vector<Move> moves_;  // renamed folders that are not durable yet
  bool power_ = true;
  bool armed_ = false;
  uint64_t operations_left_ = 0;
  uint64_t operations_ = 0;
  uint64_t file_syncs_ = 0;
};

}  // namespace continuum
