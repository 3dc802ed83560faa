// continuum key rotate|backup|restore: the key store under another region key, and as one file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "main/ledger_files.h"
#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"
#include "record/erasure_list.h"
#include "record/key_backup.h"
#include "record/key_store.h"

namespace continuum::commands {
namespace {

struct KeyArguments {
  StoreArguments store;
  std::string new_region_key_file;
  std::string file;
};

std::string mark_of(const crypto::Key& region_key) {
  return record::shown_mark(record::key_mark(region_key));
}

Status expect_store(const record::StoreOptions& options) {
  if (!record::store_exists(posix_files(), options.data_folder)) {
    return fail(ErrorCode::kNotFound, "there is no store in that folder",
                {{options.data_folder, "--data FOLDER"}});
  }
  return {};
}

// A rotation that was cut short after its last step: the new key opens it.
bool is_under(const record::StoreOptions& options, const crypto::Key& region_key) {
  auto found = record::KeyStore::peek(posix_files(), options.keys_folder, region_key,
                                      record::Purpose::kFiles);
  return found && *found;
}

Result<int> rotate(KeyArguments& arguments) {
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  TRY(crypto::Key next, read_region_key(arguments.new_region_key_file, options.data_folder));
  if (next == options.region_key) {
    return fail(ErrorCode::kInvalid, "the new region key is the old one",
                {{arguments.new_region_key_file, "openssl rand -hex 32 makes another"}});
  }
  TRY(expect_store(options));
  const std::string from = mark_of(options.region_key);
  const bool was_done = !is_under(options, options.region_key) && is_under(options, next);
  if (was_done) {
    options.region_key = next;
  }
  TRY(auto store, record::open_store(options));
  const std::string details = fmt::format(R"({{"from":"{}","to":"{}"}})", from, mark_of(next));
  if (!was_done) {
    TRY(record_command(*store, "key rotate", "begun", details));
  }
  Progress progress("keys");
  uint64_t keys = 0;
  TRY(store->change_region_key(next, [&](uint64_t done, uint64_t total) {
    keys = total;
    progress.show("sealing", done, total, done);
  }));
  progress.clear();
  TRY(record_command(*store, "key rotate", "done", details));
  if (was_done) {
    fmt::print("the key store was under the new key already: the rotation is finished\n");
  }
  fmt::print(
      "{} keys are sealed under the region key marked {}; backups of the key store made before "
      "still open with the one marked {}\n",
      keys, mark_of(next), from);
  return kExitDone;
}

Result<int> backup(KeyArguments& arguments) {
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  TRY(refuse_inside(arguments.file, options.data_folder, "the backup of the key store"));
  TRY(expect_store(options));
  auto store = record::open_store(options);
  const bool is_served = !store && store.error().code == ErrorCode::kConflict;
  if (!store && !is_served) {
    return fail(store.error());
  }
  record::KeyBackup made;
  made.instant = SystemClock().now();
  TRY(made.keys, record::KeyStore::read(posix_files(), options.keys_folder, options.region_key));
  if (is_served) {
    fmt::print(stderr,
               "another process has the store open: this backup is not noted in its ledger\n");
  } else {
    TRY(record_command(**store, "key backup", "done",
                       fmt::format(R"({{"keys":{},"mark":"{}"}})", made.keys.size(),
                                   mark_of(options.region_key))));
  }
  TRY(record::write_key_backup(posix_files(), arguments.file, options.region_key, made));
  fmt::print("backed up {} keys, sealed under the region key marked {}, to {}\n", made.keys.size(),
             mark_of(options.region_key), arguments.file);
  return kExitDone;
}

// What was erased since the backup was made must not come back with it.
Result<std::vector<record::KeyRecord>> without_erased(const record::StoreOptions& options,
                                                      std::vector<record::KeyRecord> keys) {
  const record::KeyId list_key{record::KeyKind::kPurpose,
                               static_cast<uint64_t>(record::Purpose::kErasures)};
  auto found = std::find_if(keys.begin(), keys.end(),
                            [&](const auto& record) { return record.id == list_key; });
  if (found == keys.end()) {
    return fail(ErrorCode::kCorrupt, "the backup lacks a purpose key");
  }
  TRY(auto list, record::ErasureList::open(
                     posix_files(), record::erasure_list_path(options.keys_folder), found->key));
  std::set<uint64_t> erased;
  for (const record::Erasure& erasure : list.all()) {
    erased.insert(erasure.ord.value());
  }
  std::erase_if(keys, [&](const record::KeyRecord& record) {
    return record.id.kind == record::KeyKind::kData && erased.contains(record.id.number);
  });
  return keys;
}

Result<int> restore(KeyArguments& arguments) {
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  if (is_in_use(options.data_folder)) {
    return fail(ErrorCode::kConflict, "another process has the data folder open: stop it first");
  }
  TRY(auto made, record::read_key_backup(posix_files(), arguments.file, options.region_key));
  const size_t all = made.keys.size();
  TRY(auto keys, without_erased(options, std::move(made.keys)));
  TRY(record::KeyStore::make(posix_files(), options.keys_folder, options.region_key, keys));
  fmt::print("restored {} keys as of {} to {}; {} left out, of records erased since\n", keys.size(),
             to_fhir_instant(made.instant), options.keys_folder, all - keys.size());
  if (record::store_exists(posix_files(), options.data_folder)) {
    TRY(auto store, record::open_store(options));
    TRY(record_command(
        *store, "key restore", "done",
        fmt::format(R"({{"keys":{},"of":"{}"}})", keys.size(), to_fhir_instant(made.instant))));
  }
  return kExitDone;
}

}  // namespace

void add_key(CLI::App& app, int& exit_code) {
  CLI::App* verb =
      app.add_subcommand("key", "The keys: another region key, a backup of the key store");
  verb->require_subcommand(1);
  auto arguments = std::make_shared<KeyArguments>();

  CLI::App* rotating =
      add_verb(*verb, "rotate", "Seal every key under another region key; files stay as they are",
               arguments, rotate, exit_code);
  add_store_arguments(*rotating, arguments->store);
  rotating
      ->add_option("--new-region-key", arguments->new_region_key_file,
                   "File with the new region key, 64 hexadecimal digits")
      ->required()
      ->type_name("FILE");
  rotating->footer(
      "Stop the server first. When it is interrupted, the store opens with one of the two keys; "
      "run "
      "it again and it finishes.");

  CLI::App* backing =
      add_verb(*verb, "backup", "Write the key store to one file", arguments, backup, exit_code);
  add_store_arguments(*backing, arguments->store);
  backing->add_option("--to", arguments->file, "File to make; outside the data folder")
      ->required()
      ->type_name("FILE");
  backing->footer(
      "Opens with the region key of now alone. May run beside the server. Data backed up later "
      "needs "
      "a later backup of the keys.");

  CLI::App* restoring = add_verb(*verb, "restore", "Make the key store of a backup of it",
                                 arguments, restore, exit_code);
  add_store_arguments(*restoring, arguments->store);
  restoring->add_option("--from", arguments->file, "File that key backup made")
      ->required()
      ->type_name("FILE");
  restoring->footer("Keys of records on the erasure list stay destroyed.");
}

}  // namespace continuum::commands
