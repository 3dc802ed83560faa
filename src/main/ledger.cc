// continuum ledger verify|prove|show|export|replay: what the ledger says, whether it can be
// believed, and what somebody saw.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>

#include "access/door.h"
#include "api/replay.h"
#include "base/bytes.h"
#include "crypto/aead.h"
#include "json/writer.h"
#include "ledger/entry.h"
#include "ledger/export.h"
#include "ledger/verify.h"
#include "main/ledger_files.h"
#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"
#include "service/ledger_answers.h"

namespace continuum::commands {
namespace {

constexpr int kExitFound = 1;
constexpr uint64_t kKeyTextBytesMax = 1'024;
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

Result<ledger::VerifierKey> read_key(const std::string& path) {
  auto text = read_file(posix_files(), path, kKeyTextBytesMax);
  if (!text) {
    return fail(text.error().code, "the verifier key cannot be read",
                {{path, "--verifier-key FILE; serve writes it"}});
  }
  return ledger::parse_verifier_key(*text);
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
  TRY(auto key, read_key(arguments.files.verifier));
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

std::string_view to_word(ledger::Disclosure disclosure) {
  switch (disclosure) {
    case ledger::Disclosure::kShown:
      return "shown";
    case ledger::Disclosure::kRefused:
      return "refused";
    case ledger::Disclosure::kAbsent:
      return "absent";
    case ledger::Disclosure::kFailed:
      return "failed";
  }
  return "";
}

// One JSON line for an entry. Sealed parts are opened only when asked for.
class Showing {
 public:
  Showing(const record::View& view, bool open_seals) : view_(view), open_seals_(open_seals) {}

  Result<std::string> line(uint64_t number, const ledger::Entry& entry) {
    std::string out = fmt::format(R"({{"number":{},)", number);
    Status added = std::visit([&](const auto& of_kind) { return add(of_kind, out); }, entry);
    TRY(added);
    return out + '}';
  }

 private:
  Status add(const ledger::RequestEntry& entry, std::string& out) {
    auto kind = static_cast<access::PrincipalKind>(entry.principal);
    out += fmt::format(
        R"("kind":"request","instant":"{}","principal":"{}","subject":{},"role":{},"organisation":{},"purpose":{},"interaction":{},"t":{},"policy":"{}","scope":"{}","status":{},"shown":{},"withheld":{},"persons":{},"manifest":"{}")",
        to_fhir_instant(entry.instant), access::to_string(kind), json::quoted(entry.subject),
        json::quoted(entry.role), json::quoted(entry.organisation), json::quoted(entry.purpose),
        json::quoted(entry.interaction), entry.t, to_hex(crypto::view(entry.policy)),
        to_hex(crypto::view(entry.scope)), entry.status, entry.shown, entry.withheld, entry.persons,
        to_hex(crypto::view(entry.manifest)));
    patients_.clear();
    if (!open_seals_) {
      return {};
    }
    auto key = view_.audit_month_key(entry.month);
    if (!key) {
      out += R"(,"sealed":"its audit key is gone")";
      return {};
    }
    std::string plain;
    TRY(crypto::thread_aead().open(*key, ledger::request_context(entry.id), entry.sealed, plain));
    TRY(auto sealed, access::decode_sealed_request(plain));
    patients_ = sealed.patients;
    out += ",\"sealed\":" + plain;
    return {};
  }

  Status add(const ledger::PersonEntry& entry, std::string& out) {
    out += fmt::format(R"("kind":"person","ordinal":{})", entry.ordinal);
    if (!open_seals_ || entry.ordinal > patients_.size()) {
      return {};
    }
    auto key = view_.audit_key(record::Ord::from_value(patients_[entry.ordinal - 1]));
    if (!key) {
      out += R"(,"sealed":"its audit key is gone")";
      return {};
    }
    std::string plain;
    TRY(crypto::thread_aead().open(
        *key, ledger::person_context(entry.id, static_cast<uint16_t>(entry.ordinal)), entry.sealed,
        plain));
    TRY(auto part, ledger::decode_person_part(plain));
    out += fmt::format(
        R"(,"ord":{},"disclosure":"{}","rule":{},"relationship":{},"shown":{},"withheld":{},"manifest":"{}","types":{{)",
        part.ord, to_word(part.disclosure), json::quoted(part.rule),
        json::quoted(part.relationship), part.shown, part.withheld,
        to_hex(crypto::view(part.manifest)));
    for (const auto& [type, count] : part.types) {
      out += fmt::format("{}{}:{}", out.back() == '{' ? "" : ",", json::quoted(type), count);
    }
    out += '}';
    return {};
  }

  Status add(const ledger::CommandEntry& entry, std::string& out) {
    out += fmt::format(
        R"("kind":"command","instant":"{}","command":{},"by":{},"outcome":{},"details":{})",
        to_fhir_instant(entry.instant), json::quoted(entry.command), json::quoted(entry.by),
        json::quoted(entry.outcome), entry.details);
    return {};
  }

  Status add(const ledger::PolicyEntry& entry, std::string& out) {
    out += fmt::format(R"("kind":"policy","instant":"{}","digest":"{}","bytes":{})",
                       to_fhir_instant(entry.instant), to_hex(crypto::view(entry.digest)),
                       entry.text.size());
    return {};
  }

  const record::View& view_;
  bool open_seals_;
  std::vector<uint64_t> patients_;  // of the request last shown
};

Result<int> show(LedgerArguments& arguments) {
  TRY(auto store, open_existing(arguments));
  if (!arguments.receipt.empty()) {
    TRY(auto receipt, read_receipt(arguments.receipt));
    arguments.from = receipt.number;
    arguments.count = 1;
  }
  // SAFETY: opening what was sealed is a look at people's data: it is written down first.
  TRY(record_command(*store, "ledger show", arguments.open_seals ? "opened" : "done",
                     fmt::format(R"({{"from":{},"count":{}}})", arguments.from, arguments.count)));
  auto view = store->view();
  TRY(auto ledger, view->ledger());
  Showing showing(*view, arguments.open_seals);
  uint64_t end = std::min(ledger.size(), arguments.from + std::min(arguments.count, kShownMax));
  for (uint64_t number = arguments.from; number < end; ++number) {
    TRY(std::string bytes, ledger.entry(number));
    TRY(auto entry, ledger::decode_entry(bytes));
    TRY(std::string line, showing.line(number, entry));
    fmt::print("{}\n", line);
    const auto* request = std::get_if<ledger::RequestEntry>(&entry);
    if (!arguments.receipt.empty() && request != nullptr) {
      end = std::min(ledger.size(), number + 1 + request->persons);
    }
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

Result<int> replay(LedgerArguments& arguments) {
  TRY(auto receipt, read_receipt(arguments.receipt));
  TRY(config::Region region, config::load_region(posix_files(), arguments.config));
  TRY(auto store, open_existing(arguments));
  TRY(record_command(*store, "ledger replay", "begun",
                     fmt::format(R"({{"receipt":"{}"}})", receipt.text())));
  SystemClock clock;
  TRY(auto replayed, api::replay(*store, region, clock, receipt));
  if (!arguments.output.empty()) {
    TRY(replace_file(posix_files(), arguments.output, replayed.body));
  }
  fmt::print("{} {} at t {}: status {} then, {} now; shown {} then, {} now; manifest {}\n",
             replayed.entry.interaction, to_fhir_instant(replayed.entry.instant), replayed.entry.t,
             replayed.entry.status, replayed.status, replayed.entry.shown, replayed.shown,
             replayed.same_manifest ? "is the same" : "DIFFERS");
  return replayed.same_manifest ? kExitDone : kExitFound;
}

using Verb = Result<int> (*)(LedgerArguments& arguments);

CLI::App* add_verb(CLI::App& app, const char* name, const char* help,
                   const std::shared_ptr<LedgerArguments>& arguments, Verb verb, int& exit_code) {
  CLI::App* sub = app.add_subcommand(name, help);
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
                    "Open what is sealed: who was asked about. This is itself put into the ledger");

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
  replaying->add_option("--output", arguments->output,
                        "Write the answer rebuilt to this file: it holds a patient's data");
  add_store_arguments(*replaying, arguments->store);
}

}  // namespace continuum::commands
