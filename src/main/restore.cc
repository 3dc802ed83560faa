// continuum restore: a moment of a backup as a data folder.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "ledger/verify.h"
#include "main/backup_lock.h"
#include "main/ledger_files.h"
#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"
#include "record/restore.h"

namespace continuum::commands {
namespace {

constexpr int kExitUnsound = 1;

struct RestoreArguments {
  StoreArguments store;
  std::string folder;
  std::string moment;
  std::string checkpoints;
  std::string verifier;
  bool verifies = false;
  bool accepts_older_ledger = false;
};

record::ByteProgress shown_by(Progress& progress) {
  return
      [&progress](uint64_t done, uint64_t total) { progress.show("copying", done, total, done); };
}

// SAFETY: a key store is one process's. That of a store in use lies beside it, unless told
// otherwise.
Status refuse_keys_in_use(const std::string& keys_folder) {
  constexpr std::string_view kEnding = ".keys";
  if (!keys_folder.ends_with(kEnding) ||
      !is_in_use(keys_folder.substr(0, keys_folder.size() - kEnding.size()))) {
    return {};
  }
  return fail(
      ErrorCode::kConflict, "the key store is that of a store which a process has open",
      {{keys_folder, "stop it, or restore with a copy of the key store and its erasure list"}});
}

// What was vouched for outside.
struct Outside {
  bool is_known = false;
  std::string path;
  ledger::VerifierKey key;
  // In the order of the file; those that cover more than the moment has are apart.
  std::vector<std::string> notes;
  uint64_t size = 0;  // of the largest
  std::optional<ledger::Checkpoint> largest_within;
};

Result<Outside> read_outside(const RestoreArguments& arguments, const std::string& data,
                             uint64_t moment_size) {
  Outside outside;
  outside.path = arguments.checkpoints.empty() ? data + ".checkpoints" : arguments.checkpoints;
  if (arguments.checkpoints.empty() && !posix_files().exists(outside.path)) {
    return outside;
  }
  TRY(outside.key,
      read_verifier_key(arguments.verifier.empty() ? data + ".verifier-key" : arguments.verifier));
  TRY(auto read, ledger::read_checkpoint_file(posix_files(), outside.path));
  outside.is_known = true;
  for (std::string& text : read.notes) {
    auto note = ledger::parse_note(text);
    if (!note || !ledger::is_signed_by(*note, outside.key)) {
      return fail(ErrorCode::kCorrupt,
                  "a checkpoint is not one, or not signed by the verifier key's",
                  {{outside.path, "give the files that belong together"}});
    }
    const ledger::Checkpoint& checkpoint = note->checkpoint;
    outside.size = std::max(outside.size, checkpoint.size);
    if (checkpoint.size <= moment_size) {
      outside.largest_within = checkpoint;
      outside.notes.push_back(std::move(text));
    }
  }
  return outside;
}

Status refuse_older_ledger(const RestoreArguments& arguments, const Outside& outside,
                           uint64_t moment_size) {
  if (outside.size <= moment_size || arguments.accepts_older_ledger) {
    return {};
  }
  return fail(ErrorCode::kConflict,
              fmt::format("the ledger of the backup is older than what was vouched for: it has {} "
                          "entries, the last checkpoint covers {}",
                          moment_size, outside.size),
              {{outside.path, "a newer moment may have them; --older-ledger goes on without"}});
}

Status expect_same_ledger(const record::View& view, const Outside& outside) {
  if (!outside.largest_within) {
    return {};
  }
  TRY(auto ledger, view.ledger());
  Status checked = ledger::check_against(ledger, *outside.largest_within);
  if (!checked && checked.error().code == ErrorCode::kConflict) {
    return fail(ErrorCode::kCorrupt, "the ledger of the backup is not the one that was vouched for",
                {{outside.path, "the backup was rewritten, or is of another store"}});
  }
  return checked;
}

// How many findings there are; each is printed.
Result<uint64_t> verify(record::Store& store, const Outside& outside) {
  uint64_t total = 0;
  for (const auto& family : store.sizes().families) {
    total += family.name == "current" ? family.keys : 0;
  }
  Progress progress;
  TRY(record::CheckReport report,
      store.check([&](uint64_t done) { progress.show("checking", done, total, done); }));
  progress.clear();
  for (const std::string& finding : report.findings) {
    fmt::print("finding: {}\n", finding);
  }
  fmt::print("checked {} resources, {} versions, {} index rows of {} source patients in {:.2f} s\n",
             report.items, report.versions, report.index_rows, report.source_patients,
             progress.seconds());
  if (!outside.is_known) {
    fmt::print("no checkpoint from outside: the ledger was held against itself alone\n");
    return report.finding_count;
  }
  auto view = store.view();
  TRY(auto source, view->ledger_source());
  TRY(auto ledger, ledger::verify(source, outside.notes, outside.key));
  for (const ledger::Finding& finding : ledger.findings) {
    fmt::print("finding: ledger: {}\n", ledger::to_string(finding));
  }
  fmt::print("verified {} entries, root {}, {} checkpoints\n", ledger.entries,
             ledger.root ? to_base64(crypto::view(*ledger.root)) : "unknown", outside.notes.size());
  return report.finding_count + ledger.findings_total;
}

// What lies beside its place, opened once: erasures are replayed. Findings.
Result<uint64_t> settle_in(const record::Restoring& restoring, const RestoreArguments& arguments,
                           const Outside& outside) {
  const record::BackupMoment& moment = restoring.moment();
  TRY(auto store, record::open_store(restoring.options()));
  {
    auto view = store->view();
    TRY(expect_same_ledger(*view, outside));
    TRY(auto ledger, view->ledger());
    fmt::print("erasure list: {} erasures, {} of them replayed\n", store->erasures().size(),
               ledger.size() - moment.facts.ledger_size);
  }
  if (arguments.verifies) {
    TRY(uint64_t findings, verify(*store, outside));
    if (findings > 0) {
      return findings;
    }
  }
  const uint64_t lost = std::max(outside.size, moment.facts.ledger_size) - moment.facts.ledger_size;
  TRY(record_command(*store, "restore", "done",
                     fmt::format(R"({{"moment":"{}","t":{},"entries":{},"entries_lost":{}}})",
                                 moment.name(), moment.facts.t, moment.facts.ledger_size, lost)));
  TRY(store->flush());
  return 0;
}

Result<int> restore(RestoreArguments& arguments) {
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  const std::string path = without_trailing_slash(arguments.folder);
  TRY(refuse_inside(options.data_folder, path, "the restored store", "the backup folder"));
  TRY(refuse_keys_in_use(options.keys_folder));
  TRY(auto backups, record::BackupFolder::open(posix_files(), path));
  TRY(auto lock, BackupLock::take(path));
  Progress progress("bytes");
  TRY(auto restoring,
      record::Restoring::begin(backups, arguments.moment, options, shown_by(progress)));
  progress.clear();
  const record::BackupMoment& moment = restoring->moment();
  fmt::print("moment {}: t {}, {} ledger entries, root {}; every digest of {} files matches\n",
             moment.name(), moment.facts.t, moment.facts.ledger_size,
             to_base64(crypto::view(moment.facts.ledger_root)), moment.files.size());
  TRY(Outside outside, read_outside(arguments, options.data_folder, moment.facts.ledger_size));
  TRY(refuse_older_ledger(arguments, outside, moment.facts.ledger_size));
  TRY(uint64_t findings, settle_in(*restoring, arguments, outside));
  if (findings > 0) {
    fmt::print("UNSOUND: {} findings; nothing was restored\n", findings);
    return kExitUnsound;
  }
  TRY(restoring->finish());
  fmt::print("restored to {}{}\n", options.data_folder,
             arguments.verifies ? ", and sound: no findings" : "");
  if (outside.size > moment.facts.ledger_size) {
    fmt::print(
        "its ledger lacks {} entries that {} covers: serve refuses it until that file has "
        "another name; keep it, it is the proof of what is lost\n",
        outside.size - moment.facts.ledger_size, outside.path);
  }
  return kExitDone;
}

}  // namespace

void add_restore(CLI::App& app, int& exit_code) {
  CLI::App* verb =
      app.add_subcommand("restore", "Make a store of a moment of a backup; DATA must not be there");
  auto arguments = std::make_shared<RestoreArguments>();
  verb->add_option("folder", arguments->folder, "Folder of the backups")->required();
  add_store_arguments(*verb, arguments->store);
  verb->add_option("--moment", arguments->moment,
                   "Its name or number, as backup list says; default: the newest");
  verb->add_flag("--verify", arguments->verifies,
                 "Check the whole store, and the ledger against the checkpoints, before it is put "
                 "into its place");
  verb->add_option("--checkpoints", arguments->checkpoints,
                   "File of checkpoints from outside; default: DATA.checkpoints, when it is there");
  verb->add_option("--verifier-key", arguments->verifier,
                   "File of the key to verify them with; default: DATA.verifier-key");
  verb->add_flag(
      "--older-ledger", arguments->accepts_older_ledger,
      "Go on though the ledger ends before the last checkpoint: what came after is lost");
  verb->footer(
      "Every digest is checked, and what the erasure list beside the key store names is erased, "
      "before the store is in its place; when anything fails nothing is left. Exit code: 0; 1 "
      "findings, named; 2 usage or environment.");
  verb->callback([arguments, &exit_code] {
    auto result = restore(*arguments);
    if (!result) {
      report_error(result.error());
    }
    exit_code = result.value_or(kExitEnvironment);
  });
}

}  // namespace continuum::commands
