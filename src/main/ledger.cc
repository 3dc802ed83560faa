// continuum ledger verify|prove|show|export|replay: what the ledger says, whether it can be
// believed, and what somebody saw.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "api/replay.h"
#include "base/bytes.h"
#include "ledger/entry.h"
#include "ledger/export.h"
#include "ledger/verify.h"
#include "main/entry_lines.h"
#include "main/ledger_files.h"
#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"
#include "service/ledger_answers.h"
#include "service/operator_look.h"

namespace continuum::commands {
namespace {

constexpr int kExitFound = 1;
constexpr uint64_t kShownMax = 1'000;

struct LedgerArguments {
  StoreArguments store;
  LedgerFiles files;
  std::string config;
  std::string folder;
  std::string receipt;
  std::string output;
  uint64_t from = 0;
  uint64_t count = 20;
  bool open_seals = false;
};

Result<std::unique_ptr<record::Store>> open_existing(const LedgerArguments& arguments) {
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  if (!record::store_exists(posix_files(), options.data_folder)) {
    return fail(ErrorCode::kNotFound, "there is no store in that folder",
                {{options.data_folder, "--data FOLDER"}});
  }
  options.damaged_ledger = record::DamagedLedger::kReadOnly;
  return record::open_store(options);
}

// What was vouched for, from outside; without a file nothing was.
Result<ledger::Notes> read_notes(const std::string& path) {
  if (!posix_files().exists(path)) {
    return ledger::Notes();
  }
  return ledger::read_checkpoint_file(posix_files(), path);
}

int tell(const ledger::Report& report, const ledger::Notes& notes) {
  for (const ledger::Finding& finding : report.findings) {
    fmt::print("{}\n", ledger::to_string(finding));
  }
  if (notes.torn_bytes > 0) {
    fmt::print(stderr, "the checkpoint file ends in {} torn bytes, which count for nothing\n",
               notes.torn_bytes);
  }
  if (!report.clean()) {
    fmt::print("{} findings\n", report.findings_total);
    return kExitFound;
  }
  if (notes.notes.empty()) {
    fmt::print(stderr,
               "no checkpoint from outside: this says only that the ledger agrees with "
               "itself\n");
  }
  fmt::print("verified {} entries, root {}, {} checkpoints\n", report.entries,
             report.root ? to_base64(crypto::view(*report.root)) : "unknown", notes.notes.size());
  return kExitDone;
}

Result<int> verify(LedgerArguments& arguments) {
  bool of_folder = !arguments.folder.empty();
  if (of_folder == !arguments.store.data.empty()) {
    return fail(ErrorCode::kInvalid, "say what to verify: --data FOLDER, or --export FOLDER");
  }
  if (of_folder && (arguments.files.verifier.empty() || arguments.files.checkpoints.empty())) {
    return fail(ErrorCode::kInvalid,
                "an export is held against what was kept elsewhere: give --verifier-key FILE and "
                "--checkpoints FILE");
  }
  if (!of_folder) {
    TRY(settle(arguments.files, arguments.store.data));
  }
  TRY(auto key, read_verifier_key(arguments.files.verifier));
  TRY(auto notes, read_notes(arguments.files.checkpoints));
  if (of_folder) {
    TRY(auto source, ledger::ExportFolder::open(posix_files(), arguments.folder));
    TRY(auto report, ledger::verify(source, notes.notes, key));
    return tell(report, notes);
  }
  TRY(auto store, open_existing(arguments));
  auto view = store->view();
  TRY(auto source, view->ledger_source());
  TRY(auto report, ledger::verify(source, notes.notes, key));
  return tell(report, notes);
}

Result<access::Receipt> read_receipt(const std::string& text) {
  auto receipt = access::Receipt::parse(text);
  if (!receipt) {
    return fail(ErrorCode::kInvalid, "not a receipt",
                {{text, "the value of an X-Receipt field: NUMBER-32 HEXADECIMAL DIGITS"}});
  }
  return *receipt;
}

// The same JSON as /ledger/proof, of the last checkpoint there is.
Result<int> prove(LedgerArguments& arguments) {
  TRY(settle(arguments.files, arguments.store.data));
  TRY(auto receipt, read_receipt(arguments.receipt));
  TRY(auto store, open_existing(arguments));
  TRY(auto notes, read_notes(arguments.files.checkpoints));
  if (notes.notes.empty()) {
    return fail(ErrorCode::kNotFound, "there is no checkpoint yet",
                {{arguments.files.checkpoints, "serve writes one every few seconds"}});
  }
  auto view = store->view();
  TRY(auto ledger, view->ledger());
  TRY(std::string proof, service::inclusion_proof(ledger, receipt, notes.notes.back()));
  fmt::print("{}\n", proof);
  return kExitDone;
}

// What show prints; nothing of it may leave before it is written down.
struct ToShow {
  std::vector<std::string> lines;
  std::vector<ledger::PersonPart> persons;  // of whom something was opened
  record::T t = 0;
};

Result<ToShow> gather(record::Store& store, const LedgerArguments& arguments) {
  auto view = store.view();
  TRY(auto ledger, view->ledger());
  EntryLines entries(*view, arguments.open_seals ? Seals::kOpen : Seals::kLeave);
  ToShow out;
  out.t = view->stable_t();
  uint64_t count = std::min(arguments.count, kShownMax);
  uint64_t end = arguments.from < ledger.size()
                     ? arguments.from + std::min(count, ledger.size() - arguments.from)
                     : arguments.from;
  for (uint64_t number = arguments.from; number < end; ++number) {
    TRY(std::string bytes, ledger.entry(number));
    TRY(auto entry, ledger::decode_entry(bytes));
    TRY(std::string line, entries.line(number, entry));
    out.lines.push_back(std::move(line));
    const auto* request = std::get_if<ledger::RequestEntry>(&entry);
    if (!arguments.receipt.empty() && request != nullptr) {
      end = std::min(ledger.size(), number + 1 + request->persons);
    }
  }
  out.persons = entries.persons();
  return out;
}

Result<int> show(LedgerArguments& arguments) {
  TRY(settle(arguments.files, arguments.store.data));
  TRY(auto store, open_existing(arguments));
  std::string query = fmt::format("from={}&count={}", arguments.from, arguments.count);
  if (!arguments.receipt.empty()) {
    TRY(auto receipt, read_receipt(arguments.receipt));
    arguments.from = receipt.number;
    arguments.count = 1;
    query = "receipt=" + receipt.text();
  }
  SystemClock clock;
  std::unique_ptr<service::Checkpoints> checkpoints;
  if (arguments.open_seals) {
    TRY(checkpoints, open_checkpoints(arguments.files, *store, clock));
  }
  // SAFETY: opening what was sealed is a look at people's data: it is written down first.
  TRY(record_command(*store, "ledger show", arguments.open_seals ? "opened" : "done",
                     fmt::format(R"({{"from":{},"count":{}}})", arguments.from, arguments.count)));
  TRY(ToShow found, gather(*store, arguments));
  if (arguments.open_seals) {
    TRY(auto receipt, service::write_down(*store, *checkpoints, clock.now(),
                                          {.by = user_name(),
                                           .interaction = "ledger-show",
                                           .query = std::move(query),
                                           .t = found.t,
                                           .manifest = std::nullopt,
                                           .persons = std::move(found.persons)}));
    fmt::print(stderr, "this look has receipt {}\n", receipt.text());
  }
  for (const std::string& line : found.lines) {
    fmt::print("{}\n", line);
  }
  return kExitDone;
}

Result<int> export_all(LedgerArguments& arguments) {
  TRY(settle(arguments.files, arguments.store.data));
  TRY(config::Region region, config::load_region(posix_files(), arguments.config));
  TRY(auto store, open_existing(arguments));
  SystemClock clock;
  TRY(auto checkpoints, open_checkpoints(arguments.files, region, *store, clock));
  TRY(record_command(*store, "ledger export", "done", "{}"));
  TRY(checkpoints->write());
  TRY(std::string note, checkpoints->current());
  auto view = store->view();
  TRY(auto ledger, view->ledger());
  TRY(auto exported, ledger::export_to(posix_files(), ledger, note, arguments.folder));
  fmt::print("exported {} entries, {} files written, to {}\n", exported.entries,
             exported.files_written, arguments.folder);
  return kExitDone;
}

// Only who is given the answer itself looks at a person.
Status write_down_replay(record::Store& store, service::Checkpoints& checkpoints,
                         const Clock& clock, const access::Receipt& receipt,
                         const api::Replayed& replayed) {
  std::vector<ledger::PersonPart> persons = replayed.persons;
  for (ledger::PersonPart& part : persons) {
    // They let somebody else see it, then.
    part.rule.clear();
    part.relationship.clear();
  }
  TRY(auto written, service::write_down(store, checkpoints, clock.now(),
                                        {.by = user_name(),
                                         .interaction = "ledger-replay",
                                         .query = "receipt=" + receipt.text(),
                                         .t = replayed.entry.t,
                                         .shown = replayed.shown,
                                         .withheld = replayed.withheld,
                                         .manifest = replayed.manifest,
                                         .persons = std::move(persons)}));
  fmt::print(stderr, "this look has receipt {}\n", written.text());
  return {};
}

Result<int> replay(LedgerArguments& arguments) {
  TRY(settle(arguments.files, arguments.store.data));
  TRY(auto receipt, read_receipt(arguments.receipt));
  TRY(config::Region region, config::load_region(posix_files(), arguments.config));
  TRY(auto store, open_existing(arguments));
  SystemClock clock;
  std::unique_ptr<service::Checkpoints> checkpoints;
  if (!arguments.output.empty()) {
    TRY(checkpoints, open_checkpoints(arguments.files, region, *store, clock));
  }
  TRY(record_command(*store, "ledger replay", "begun",
                     fmt::format(R"({{"receipt":"{}"}})", receipt.text())));
  TRY(auto replayed, api::replay(*store, region, clock, receipt));
  if (!arguments.output.empty()) {
    // SAFETY: first written down, then given out.
    TRY(write_down_replay(*store, *checkpoints, clock, receipt, replayed));
    TRY(replace_file(posix_files(), arguments.output, replayed.body));
  }
  fmt::print("{} {} at t {}: status {} then, {} now; shown {} then, {} now; manifest {}\n",
             replayed.entry.interaction, to_fhir_instant(replayed.entry.instant), replayed.entry.t,
             replayed.entry.status, replayed.status, replayed.entry.shown, replayed.shown,
             replayed.same_manifest ? "is the same" : "DIFFERS");
  return replayed.same_manifest ? kExitDone : kExitFound;
}

}  // namespace

void add_ledger(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("ledger", "Who was shown what: verify it, prove it, show it");
  verb->require_subcommand(1);
  auto arguments = std::make_shared<LedgerArguments>();

  CLI::App* verifying =
      add_verb(*verb, "verify", "Find every change to the ledger; exit code 1: there is some",
               arguments, verify, exit_code);
  add_store_arguments(*verifying, arguments->store, Need::kOptional);
  add_ledger_files(*verifying, arguments->files);
  verifying->add_option("--export", arguments->folder, "An export instead of a store");

  CLI::App* proving = add_verb(*verb, "prove", "Prove that a request is in the ledger, as JSON",
                               arguments, prove, exit_code);
  proving->add_option("RECEIPT", arguments->receipt, "Value of an X-Receipt field")->required();
  add_store_arguments(*proving, arguments->store);
  add_ledger_files(*proving, arguments->files);

  CLI::App* showing =
      add_verb(*verb, "show", "Print entries, one JSON line each", arguments, show, exit_code);
  showing->add_option("RECEIPT", arguments->receipt, "Only this request and its persons");
  add_store_arguments(*showing, arguments->store);
  showing->add_option("--from", arguments->from, "Number of the first entry; default 0");
  showing->add_option("--count", arguments->count, "How many; default 20, at most 1000");
  showing->add_flag("--open", arguments->open_seals,
                    "Open what is sealed: who was asked about. They will see in their list of who "
                    "looked that you did");
  add_ledger_files(*showing, arguments->files);

  CLI::App* exporting = add_verb(*verb, "export",
                                 "Write or bring up to date a folder that anybody "
                                 "can verify",
                                 arguments, export_all, exit_code);
  exporting->add_option("FOLDER", arguments->folder, "Made when absent")->required();
  exporting->add_option("--config", arguments->config, "region.toml")->required();
  add_store_arguments(*exporting, arguments->store);
  add_ledger_files(*exporting, arguments->files);

  CLI::App* replaying =
      add_verb(*verb, "replay",
               "Rebuild an answer as it was and hold it against the ledger; exit code 1: "
               "they differ",
               arguments, replay, exit_code);
  replaying->add_option("RECEIPT", arguments->receipt, "Value of an X-Receipt field")->required();
  replaying->add_option("--config", arguments->config, "region.toml")->required();
  replaying->add_option(
      "--output", arguments->output,
      "Write the answer rebuilt to this file: it holds a patient's data, who will "
      "see in their list of who looked that you did");
  add_store_arguments(*replaying, arguments->store);
  add_ledger_files(*replaying, arguments->files);
}

}  // namespace continuum::commands
