// continuum erase request|confirm|list, continuum scrub: destroying a source patient's record.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "fhir/types.h"
#include "json/writer.h"
#include "main/ledger_files.h"
#include "main/progress.h"
#include "main/report.h"
#include "main/store_options.h"
#include "main/subcommands.h"
#include "record/limits.h"
#include "service/erase_token.h"

namespace continuum::commands {
namespace {

struct EraseArguments {
  StoreArguments store;
  std::string source;
  std::string patient;
  std::string reason;
  std::string token;
  bool open_reasons = false;
  bool alone = false;
};

Result<std::unique_ptr<record::Store>> open_existing(const EraseArguments& arguments) {
  TRY(record::StoreOptions options, to_store_options(arguments.store));
  if (!record::store_exists(posix_files(), options.data_folder)) {
    return fail(ErrorCode::kNotFound, "there is no store in that folder",
                {{options.data_folder, "--data FOLDER"}});
  }
  return record::open_store(options);
}

record::FamilyProgress shown_by(Progress& progress) {
  return [&progress](std::string_view family, size_t done, size_t total) {
    progress.show(std::string(family), done, total, done);
  };
}

// By the source's own id, or by the id it has here.
Result<record::Ord> find_patient(const record::Store& store, const record::View& view,
                                 const EraseArguments& arguments) {
  auto nobody = [&] {
    return fail(ErrorCode::kNotFound, "the source has no such patient",
                {{"PATIENT-ID", "its own id of the Patient, or the one it has in this region"}});
  };
  TRY(auto source, view.source_number(arguments.source));
  if (!source) {
    return fail(ErrorCode::kNotFound, "no source of that name ever sent anything",
                {{"SOURCE", arguments.source}});
  }
  TRY(auto found,
      view.find(fhir::kPatientType,
                store.id_minter().hash(arguments.source, fhir::kPatientType, arguments.patient)));
  auto id = record::ResourceId::parse(arguments.patient);
  if (!found && id) {
    TRY(found, view.find(fhir::kPatientType, id->hash));
  }
  if (!found || found->source != *source || !found->key.ord.is_patient()) {
    return nobody();
  }
  return found->key.ord;
}

void print_plan(const record::ErasurePlan& plan, const std::string& source) {
  fmt::print("source patient Patient/{} of {}\n{:<30} {:>9} {:>9}\n", plan.patient.text(), source,
             "type", "resources", "versions");
  record::ErasurePlan::Count all;
  for (const auto& [type, count] : plan.types) {
    fmt::print("{:<30} {:>9} {:>9}\n", fhir::type_name(type), count.resources, count.versions);
    all.resources += count.resources;
    all.versions += count.versions;
  }
  fmt::print("{:<30} {:>9} {:>9}\n", "all", all.resources, all.versions);
  if (plan.kept_with_others > 0) {
    fmt::print(
        "{} of these are about other patients too: their copies stay, and name this patient\n",
        plan.kept_with_others);
  }
  if (plan.others > 0) {
    fmt::print("{} other source patients are linked as the same person: they stay\n", plan.others);
  }
}

Result<int> request(EraseArguments& arguments) {
  if (arguments.reason.empty() || arguments.reason.size() > record::kEraseReasonBytesMax) {
    return fail(ErrorCode::kInvalid,
                fmt::format("--reason: 1 to {} bytes are expected", record::kEraseReasonBytesMax));
  }
  TRY(auto store, open_existing(arguments));
  auto view = store->view();
  TRY(record::Ord ord, find_patient(*store, *view, arguments));
  TRY(record::ErasurePlan plan, store->plan_erasure(ord));
  const service::EraseToken token{ord, plan.state, SystemClock().now(), user_name(),
                                  arguments.reason};
  const std::string text = service::seal_erase_token(store->page_token_key(), token);
  TRY(record_command(*store, "erase request", "done",
                     fmt::format(R"({{"source":{}}})", json::quoted(arguments.source))));
  print_plan(plan, arguments.source);
  fmt::print(
      "nothing is erased yet. Within a day, while the record stays as it is, by another user:\n"
      "continuum erase confirm {}\n",
      text);
  return kExitDone;
}

Result<int> confirm(EraseArguments& arguments) {
  TRY(auto store, open_existing(arguments));
  TRY(auto token,
      service::open_erase_token(store->page_token_key(), arguments.token, SystemClock().now()));
  TRY(std::string by, service::ordered_by(token, user_name(),
                                          arguments.alone ? service::FourEyes::kWaived
                                                          : service::FourEyes::kRequired));
  Progress progress("families");
  TRY(auto done, store->erase({token.ord, token.state, by, token.reason}, shown_by(progress)));
  progress.clear();
  uint64_t rows = 0;
  for (const auto& [family, count] : done.rows) {
    rows += count;
  }
  fmt::print(
      "erased: certificate {}, ledger entry {}, commit {}, {} rows and the data key\n"
      "older files may hold rows still: continuum scrub\n",
      done.certificate, done.ledger_number, done.t, rows);
  return kExitDone;
}

Result<int> list(EraseArguments& arguments) {
  TRY(auto store, open_existing(arguments));
  auto view = store->view();
  // SAFETY: a reason may name people: that it was opened is written down first.
  TRY(record_command(*store, "erase list", arguments.open_reasons ? "opened" : "done", "{}"));
  for (const record::Erasure& erasure : store->erasures()) {
    std::string reason;
    if (arguments.open_reasons) {
      TRY(auto key, view->audit_key(erasure.ord));
      TRY(reason, record::open_reason(key, erasure.ord, erasure.reason));
      reason = ",\"reason\":" + json::quoted(reason);
    }
    fmt::print("{{\"certificate\":{},\"instant\":\"{}\",\"ord\":\"{:012x}\",\"by\":{}{}}}\n",
               erasure.certificate, to_fhir_instant(erasure.instant), erasure.ord.value(),
               json::quoted(erasure.by), reason);
  }
  return kExitDone;
}

Result<int> scrub(EraseArguments& arguments) {
  TRY(auto store, open_existing(arguments));
  TRY(uint64_t count, store->unscrubbed_erasures());
  if (count > 0) {
    TRY(record_command(*store, "scrub", "begun", fmt::format(R"({{"erasures":{}}})", count)));
  }
  Progress progress("families");
  TRY(store->scrub(shown_by(progress)));
  progress.clear();
  // Opened anew, the store begins a log and a list of files without what was.
  store.reset();
  TRY(store, open_existing(arguments));
  if (count > 0) {
    TRY(record_command(*store, "scrub", "done", fmt::format(R"({{"erasures":{}}})", count)));
  }
  fmt::print(
      "scrubbed: no file of the store holds rows of what was erased ({} erasures since the "
      "last time)\n",
      count);
  return kExitDone;
}

}  // namespace

void add_erase(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("erase", "Destroy the record of a source patient");
  verb->require_subcommand(1);
  auto arguments = std::make_shared<EraseArguments>();

  CLI::App* requesting = add_verb(
      *verb, "request", "Say what would go, by counts, and give a token to confirm it with",
      arguments, request, exit_code);
  add_store_arguments(*requesting, arguments->store);
  requesting->add_option("SOURCE", arguments->source, "The source it came from")->required();
  requesting
      ->add_option("PATIENT-ID", arguments->patient,
                   "The source's own id of the Patient, or the id it has in this region")
      ->required();
  requesting->add_option("--reason", arguments->reason, "Why; sealed in ledger and erasure list")
      ->required()
      ->type_name("TEXT");

  CLI::App* confirming = add_verb(*verb, "confirm", "Destroy it: key and rows, for good", arguments,
                                  confirm, exit_code);
  add_store_arguments(*confirming, arguments->store);
  confirming->add_option("TOKEN", arguments->token, "What erase request gave")->required();
  confirming->add_flag("--alone", arguments->alone,
                       "By who requested it too; list and certificate say so");
  confirming->footer(
      "Reads the whole store. When it is interrupted, the next command that opens the store "
      "finishes "
      "it. Run scrub afterwards, and see docs/operations.md for what older copies hold.");

  CLI::App* listing =
      add_verb(*verb, "list", "What was erased, one JSON line each", arguments, list, exit_code);
  add_store_arguments(*listing, arguments->store);
  listing->add_flag("--open", arguments->open_reasons, "With the reasons, which may name people");
}

void add_scrub(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<EraseArguments>();
  CLI::App* command =
      add_verb(app, "scrub", "Rewrite the files that may hold rows of what was erased", arguments,
               scrub, exit_code);
  add_store_arguments(*command, arguments->store);
  command->footer("Rewrites most of the store's index files: gather erasures, then scrub once.");
}

}  // namespace continuum::commands
