#include "record/restore.h"

#include <fmt/format.h>

#include "record/kv/meta.h"

namespace continuum::record {
namespace {

FileSystem& files_of(const StoreOptions& options) {
  return options.files != nullptr ? *options.files : posix_files();
}

std::string keys_of(const StoreOptions& options) {
  return options.keys_folder.empty() ? options.data_folder + ".keys" : options.keys_folder;
}

Status expect_nothing_there(FileSystem& files, const std::string& path) {
  if (!files.exists(path)) {
    return {};
  }
  if (files.is_directory(path)) {
    TRY(auto names, files.list(path));
    if (names.empty()) {
      return {};
    }
  }
  return fail(ErrorCode::kConflict, "there is something in the place of the store to be restored",
              {{path, "restore to a folder that is not there, or empty"}});
}

}  // namespace

Result<crypto::Key> read_file_key(const StoreOptions& options) {
  TRY(auto file_key,
      KeyStore::peek(files_of(options), keys_of(options), options.region_key, Purpose::kFiles));
  if (!file_key) {
    return fail(ErrorCode::kUnavailable, "the key store of this data folder is not there",
                {{keys_of(options), "name it with --keys, or bring it back with key restore"}});
  }
  return *file_key;
}

Restoring::Restoring(FileSystem& files, StoreOptions target, BackupMoment moment)
    : files_(files),
      target_(std::move(target)),
      moment_(std::move(moment)),
      folder_(target_.data_folder + ".restoring") {
  target_.keys_folder = keys_of(target_);
}

Restoring::~Restoring() {
  if (!is_finished_) {
    ignore_error(remove_tree(files_, folder_), "what is left of it the next restore removes");
  }
}

Result<std::unique_ptr<Restoring>> Restoring::begin(const BackupFolder& backup,
                                                    std::string_view name,
                                                    const StoreOptions& target,
                                                    const ByteProgress& progress) {
  FileSystem& files = files_of(target);
  TRY(expect_nothing_there(files, target.data_folder));
  TRY(crypto::Key file_key, read_file_key(target));
  TRY(BackupMoment moment, backup.find(name, BackupKey(file_key)));
  if (moment.facts.format > kStoreFormat) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("the backup is of a store of format {}, this program knows up to {}: "
                            "use a newer program",
                            moment.facts.format, kStoreFormat));
  }
  std::unique_ptr<Restoring> restoring(new Restoring(files, target, std::move(moment)));
  TRY(remove_tree(files, restoring->folder_));
  TRY(files.make_directories(restoring->folder_));
  TRY(backup.copy_out(restoring->moment_, restoring->folder_, progress));
  return restoring;
}

StoreOptions Restoring::options() const {
  StoreOptions options = target_;
  options.data_folder = folder_;
  return options;
}

Status Restoring::finish() {
  TRY(expect_nothing_there(files_, target_.data_folder));
  TRY(files_.sync_directory(folder_));
  TRY(files_.rename(folder_, target_.data_folder));
  is_finished_ = true;
  return files_.sync_directory(parent_directory(target_.data_folder));
}

}  // namespace continuum::record
