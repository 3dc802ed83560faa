// Bringing back a moment of a backup as a data folder.
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "record/backup_folder.h"
#include "record/store.h"

namespace continuum::record {

// A moment beside its place: whole, and not yet there. Goes again, with all that was written to it,
// unless it is put into place. What a power cut leaves is removed by the next.
class Restoring {
 public:
  // Copies the moment of that name, or number, or the newest for an empty name, checking every
  // digest. `target` says what store is to come of it: its folder, its key store, its region key.
  // kConflict: something is in its place. kUnavailable: the key store is not there. kForbidden:
  // another region key, or the key store of another region. kUnsupported: of a newer program.
  // kCorrupt: the backup is damaged; the details say where.
  static Result<std::unique_ptr<Restoring>> begin(const BackupFolder& backup, std::string_view name,
                                                  const StoreOptions& target,
                                                  const ByteProgress& progress);
  ~Restoring();
  Restoring(const Restoring&) = delete;
  Restoring& operator=(const Restoring&) = delete;

  const BackupMoment& moment() const { return moment_; }
  // To open it where it lies now: what the erasure list names is then erased. The store must be
  // closed before finish().
  StoreOptions options() const;
  // Puts it into its place. Durable when it returns.
  Status finish();

 private:
  Restoring(FileSystem& files, StoreOptions target, BackupMoment moment);

  FileSystem& files_;
  StoreOptions target_;
  BackupMoment moment_;
  std::string folder_;
  bool is_finished_ = false;
};

// The key that a store's files are enciphered with, and its backups vouched for, of the key store
// that `options` name. May be called beside a process that has the store open. Errors as
// Restoring::begin.
Result<crypto::Key> read_file_key(const StoreOptions& options);

}  // namespace continuum::record
