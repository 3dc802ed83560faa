// continuum backup make|list|check|drop: moments of a store, kept in a folder of their own.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "main/backup_lock.h"
#include "main/ledger_files.h"
#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"
#include "record/backup_folder.h"
#include "record/moment.h"
#include "record/restore.h"
#include "service/backup_socket.h"

namespace continuum::commands {
namespace {

constexpr int kExitDamaged = 1;
constexpr std::string_view kBackupFolder = "the backup folder";

struct BackupArguments {
  StoreArguments store;
  std::string folder;
  std::string moment;
};

// A frozen moment, whoever has the store open.
class Frozen {
 public:
  // In this process when nobody has the store open, else by the one that has.
  static Result<Frozen> begin(const record::StoreOptions& options) {
    Frozen frozen;
    auto store = record::open_store(options);
    if (store) {
      frozen.store_ = std::move(*store);
      TRY(record_command(*frozen.store_, "backup", "begun", "{}"));
      TRY(frozen.moment_, frozen.store_->freeze());
      return frozen;
    }
    if (store.error().code != ErrorCode::kConflict) {
      return fail(store.error());
    }
    TRY(auto client,
        service::BackupClient::connect(service::backup_socket_path(options.data_folder)));
    TRY(client.freeze());
    frozen.client_ = std::move(client);
    return frozen;
  }

  bool is_served() const { return client_.has_value(); }

  Status done(const service::BackupDone& done) {
    if (client_) {
      return client_->done(done);
    }
    moment_.reset();
    return record_command(*store_, "backup", "done", service::to_json(done));
  }

 private:
  std::optional<service::BackupClient> client_;
  std::unique_ptr<record::Store> store_;
  std::unique_ptr<record::Moment> moment_;  // the last: it goes before its store
};

Result<int> make(BackupArguments& arguments) {
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  arguments.folder = without_trailing_slash(arguments.folder);
  TRY(refuse_inside(arguments.folder, options.data_folder, kBackupFolder));
  TRY(refuse_inside(options.data_folder, arguments.folder, "the data folder", kBackupFolder));
  TRY(refuse_inside(options.keys_folder, arguments.folder, "the key store", kBackupFolder));
  if (!record::store_exists(posix_files(), options.data_folder)) {
    return fail(ErrorCode::kNotFound, "there is no store in that folder",
                {{options.data_folder, "--data FOLDER"}});
  }
  TRY(crypto::Key file_key, record::read_file_key(options));
  TRY(auto folder, record::BackupFolder::open_or_make(posix_files(), arguments.folder));
  TRY(auto lock, BackupLock::take(arguments.folder));
  TRY(auto frozen, Frozen::begin(options));
  const std::string files = options.data_folder + "/moment";
  TRY(auto facts, record::read_moment(posix_files(), files, file_key));
  Progress progress("bytes");
  TRY(auto added, folder.add(files, facts, record::BackupKey(file_key), SystemClock().now(),
                             CONTINUUM_VERSION, [&](uint64_t done, uint64_t total) {
                               progress.show("copying", done, total, done);
                             }));
  progress.clear();
  const record::BackupMoment& moment = added.moment;
  fmt::print(
      "moment {} of {}: t {}, {} ledger entries, root {}; {} files, {} bytes, of which {} bytes "
      "were copied in {:.1f} s{}\n",
      moment.name(), arguments.folder, facts.t, facts.ledger_size,
      to_base64(crypto::view(facts.ledger_root)), moment.files.size(), moment.bytes(),
      added.bytes_copied, progress.seconds(),
      frozen.is_served() ? ", while another process has the store open" : "");
  fmt::print("it holds no keys, and nothing of it opens without them: continuum key backup\n");
  if (Status noted = frozen.done({.moment = moment.name(),
                                  .t = facts.t,
                                  .entries = facts.ledger_size,
                                  .files = added.files_copied,
                                  .bytes = added.bytes_copied});
      !noted) {
    fmt::print(stderr, "the backup is whole, but is not noted in the ledger as done\n");
    return fail(noted.error());
  }
  return kExitDone;
}

Result<int> list(BackupArguments& arguments) {
  TRY(auto folder,
      record::BackupFolder::open(posix_files(), without_trailing_slash(arguments.folder)));
  TRY(auto listed, folder.list());
  int code = kExitDone;
  for (const auto& [name, moment] : listed) {
    if (!moment) {
      fmt::print("{:<26} {}\n", name, moment.error().text());
      code = kExitDamaged;
      continue;
    }
    fmt::print("{:<26} t {}, {} ledger entries, root {}, format {}, {} files, {} bytes, by {}\n",
               name, moment->facts.t, moment->facts.ledger_size,
               to_base64(crypto::view(moment->facts.ledger_root)), moment->facts.format,
               moment->files.size(), moment->bytes(), moment->program);
  }
  fmt::print("{} moments\n", listed.size());
  return code;
}

Result<int> check(BackupArguments& arguments) {
  const std::string path = without_trailing_slash(arguments.folder);
  TRY(auto folder, record::BackupFolder::open(posix_files(), path));
  TRY(auto lock, BackupLock::take(path));
  TRY(auto listed, folder.list());
  int code = kExitDone;
  for (const auto& [name, moment] : listed) {
    Progress progress("bytes");
    Status checked = moment ? folder.check(*moment,
                                           [&](uint64_t done, uint64_t total) {
                                             progress.show("checking", done, total, done);
                                           })
                            : fail(moment.error());
    progress.clear();
    fmt::print("{:<26} {}\n", name, checked ? "whole" : checked.error().text());
    code = checked ? code : kExitDamaged;
  }
  fmt::print("{} moments\n", listed.size());
  return code;
}

Result<int> drop(BackupArguments& arguments) {
  const std::string path = without_trailing_slash(arguments.folder);
  TRY(auto folder, record::BackupFolder::open(posix_files(), path));
  TRY(auto lock, BackupLock::take(path));
  TRY(auto dropped, folder.drop(arguments.moment));
  fmt::print("dropped {}: {} files that no other moment needs, {} bytes\n", arguments.moment,
             dropped.files, dropped.bytes);
  return kExitDone;
}

using Verb = Result<int> (*)(BackupArguments& arguments);

CLI::App* add_verb(CLI::App& app, const char* name, const char* help,
                   const std::shared_ptr<BackupArguments>& arguments, Verb verb, int& exit_code) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->add_option("folder", arguments->folder, "Folder of the backups")->required();
  sub->callback([arguments, verb, &exit_code] {
    auto result = verb(*arguments);
    if (!result) {
      report_error(result.error());
    }
    exit_code = result.value_or(kExitEnvironment);
  });
  return sub;
}

}  // namespace

Result<BackupLock> BackupLock::take(const std::string& folder) {
  const std::string path = folder + "/continuum-backup";
  BackupLock lock(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (lock.file_ < 0) {
    return fail(ErrorCode::kUnavailable, "the backup folder can't be opened", {{path, ""}});
  }
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::kBusy, "another command is at work in the backup folder",
                {{folder, "wait until it is done"}});
  }
  return lock;
}

BackupLock::~BackupLock() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

void add_backup(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand(
      "backup", "Backups of the data: moments in a folder of their own, without the keys");
  verb->require_subcommand(1);
  auto arguments = std::make_shared<BackupArguments>();

  CLI::App* making = add_verb(*verb, "make", "Add the store as it is now, also while it is served",
                              arguments, make, exit_code);
  add_store_arguments(*making, arguments->store);
  making->footer(
      "Every write acknowledged before is in it, none in halves. Files that an earlier moment of "
      "the folder has are not copied again. Keys are not in it: see key backup.");

  CLI::App* listing =
      add_verb(*verb, "list", "The moments of a folder", arguments, list, exit_code);
  listing->footer("Exit code: 0; 1 a moment can't be read; 2 usage or environment.");

  CLI::App* checking =
      add_verb(*verb, "check", "Read every file of every moment", arguments, check, exit_code);
  checking->footer(
      "Finds damage, not forgery: that needs the keys, and restore. Exit code: 0 whole; 1 damage, "
      "named; 2 usage or environment.");

  CLI::App* dropping = add_verb(*verb, "drop", "Take a moment out, and free what no other needs",
                                arguments, drop, exit_code);
  dropping->add_option("moment", arguments->moment, "Its name or number, as list says")->required();
  dropping->footer("Refused for the only moment, and when another is not whole.");
}

}  // namespace continuum::commands
