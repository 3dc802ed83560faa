// A folder of backups: moments of one store, which share the files that did not change between them
// (docs/backup_format.md).
//
// A moment is listed once everything it needs is durable, and a file goes only when no listed
// moment needs it: what a failure or a power cut leaves behind is not listed, and goes with the
// next moment that is added. The folder holds no keys, and nothing in clear.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "record/backup_manifest.h"

namespace continuum::record {

using ByteProgress = std::function<void(uint64_t bytes_done, uint64_t bytes_total)>;

// One process at a time; the caller sees to that.
class BackupFolder {
 public:
  // kNotFound: there is none. kInvalid: the folder is something else. kUnsupported: of a newer
  // program.
  static Result<BackupFolder> open(FileSystem& files, const std::string& path);
  // The same; made where there is none, or an empty folder.
  static Result<BackupFolder> open_or_make(FileSystem& files, const std::string& path);

  // One moment as it is listed; `moment` says why when it can't be read.
  struct Listed {
    std::string name;
    Result<BackupMoment> moment;
  };
  // By number, the oldest first. kTooLarge over kMomentsMax.
  Result<std::vector<Listed>> list() const;
  // The one of that name or number; the newest for an empty name. kNotFound; kUnsupported, kCorrupt
  // and kForbidden as of decode_manifest and check_manifest.
  Result<BackupMoment> find(std::string_view name, const BackupKey& key) const;

  struct Added {
    BackupMoment moment;
    uint64_t files_copied = 0;
    uint64_t bytes_copied = 0;  // the rest was there
  };
  // Adds the files of a frozen moment, which says `facts` of itself. Durable when it returns; on
  // failure nothing is listed.
  Result<Added> add(const std::string& frozen, const MomentFacts& facts, const BackupKey& key,
                    Instant now, std::string_view program, const ByteProgress& progress);

  struct Dropped {
    uint64_t files = 0;
    uint64_t bytes = 0;  // that were freed
  };
  // Takes a moment out, damaged or not, and frees what no other needs. kNotFound. kConflict: it is
  // the only one. kCorrupt: another can't be read, or lacks a file: nothing was dropped.
  Result<Dropped> drop(std::string_view name);

  // Reads every file of a moment. kCorrupt, naming the first that is damaged or missing.
  Status check(const BackupMoment& moment, const ByteProgress& progress) const;
  // The same, and copies them into a folder that is there and empty. Durable when it returns.
  Status copy_out(const BackupMoment& moment, const std::string& to,
                  const ByteProgress& progress) const;

 private:
  BackupFolder(FileSystem& files, std::string path) : files_(&files), path_(std::move(path)) {}
  std::string pool() const { return path_ + "/files"; }
  std::string incoming() const { return path_ + "/incoming"; }
  std::string moments() const { return path_ + "/moments"; }
  std::string place_of(const crypto::Digest& digest) const;
  Status make() const;
  Result<std::string> find_name(std::string_view name) const;
  Result<BackupFile> take_in(const std::string& frozen, const std::string& name,
                             const std::vector<Listed>& listed, Added& added,
                             const ByteProgress& progress) const;
  Status expect_files(const BackupMoment& moment) const;
  Result<Dropped> sweep(const std::vector<Listed>& listed) const;

  FileSystem* files_;
  std::string path_;
};

}  // namespace continuum::record
