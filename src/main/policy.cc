// continuum policy check|test|explain: what a policy says, whether it is as its cases want it, and
// why it decides as it does.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "access/explain.h"
#include "access/limits.h"
#include "access/policy.h"
#include "access/policy_case.h"
#include "access/policy_words.h"
#include "base/bytes.h"
#include "config/nearest_name.h"
#include "main/report.h"
#include "main/subcommands.h"

namespace continuum::commands {
namespace {

constexpr int kExitCaseFailed = 3;
constexpr size_t kFailuresShownMax = 100;
constexpr size_t kTypeShownMax = 60;

// The exit code, or why nothing could be done: each problem on a line of its own.
int finish(const Result<int>& result) {
  if (!result) {
    report_region_error(result.error());
  }
  return result.value_or(kExitEnvironment);
}

Result<int> check(const std::string& path) {
  TRY(const access::Policy policy, access::Policy::load(posix_files(), path));
  fmt::print("{}: ok, \"{}\" version {}, {} rules, SHA-256 {}\n", path, policy.name(),
             policy.version(), policy.rules().size(), to_hex(crypto::view(policy.digest())));
  return kExitDone;
}

Result<int> test(const std::string& path, const std::vector<std::string>& case_paths) {
  TRY(const access::Policy policy, access::Policy::load(posix_files(), path));
  size_t run = 0;
  size_t failed = 0;
  for (const std::string& case_path : case_paths) {
    TRY(const std::string text, read_file(posix_files(), case_path, access::kPolicyCaseBytesMax));
    TRY(const auto cases, access::parse_policy_cases(text, case_path));
    const auto failures = access::run_policy_cases(policy, cases, kFailuresShownMax);
    for (const access::PolicyCaseFailure& failure : failures) {
      fmt::print("{}:{}: {}\n", case_path, failure.line, failure.what);
    }
    if (failures.size() == kFailuresShownMax) {
      fmt::print("{}: stopped at {} failures\n", case_path, kFailuresShownMax);
    }
    run += cases.size();
    failed += failures.size();
  }
  if (run == 0) {
    return fail(ErrorCode::kInvalid, "the case files hold no case");
  }
  if (failed > 0) {
    fmt::print("{} cases, {} failed\n", run, failed);
    return kExitCaseFailed;
  }
  fmt::print("{} cases: ok\n", run);
  return kExitDone;
}

std::string unknown_type(const std::string& name) {
  std::vector<std::string_view> known;
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    known.push_back(fhir::type_name(static_cast<fhir::TypeNumber>(type)));
  }
  return fmt::format("no resource type '{}' (did you mean '{}'?)", name.substr(0, kTypeShownMax),
                     config::nearest_name(name.substr(0, kTypeShownMax), known));
}

struct Question {
  std::string path;
  std::string caller;
  std::string place;
  std::string type;
  uint8_t label_class = 0;
};

Result<int> explain(const Question& question) {
  TRY(const access::Policy policy, access::Policy::load(posix_files(), question.path));
  TRY(const access::CallerInWords caller, access::parse_caller(question.caller));
  TRY(const access::PlaceFacts place, access::parse_place(question.place));
  const auto type = fhir::type_number(question.type);
  if (!type) {
    return fail(ErrorCode::kInvalid, "--type: " + unknown_type(question.type));
  }
  const auto explanation = access::explain(policy, caller.principal, caller.organisation, place,
                                           {.type = *type, .label_class = question.label_class});
  fmt::print("{}", explanation.text);
  return kExitDone;
}

void add_check_verb(CLI::App& policy, int& exit_code) {
  CLI::App* verb = policy.add_subcommand("check", "Say everything that is wrong with a policy");
  auto path = std::make_shared<std::string>();
  verb->add_option("FILE", *path, "The policy")->required();
  verb->callback([path, &exit_code] { exit_code = finish(check(*path)); });
}

void add_test_verb(CLI::App& policy, int& exit_code) {
  CLI::App* verb = policy.add_subcommand("test", "Try a policy on case files");
  auto path = std::make_shared<std::string>();
  auto cases = std::make_shared<std::vector<std::string>>();
  verb->add_option("FILE", *path, "The policy")->required();
  verb->add_option("CASES", *cases, "Case files")->required();
  verb->footer("Exit code: 0 all as they want it; 3 a case failed, named; 2 usage or environment.");
  verb->callback([path, cases, &exit_code] { exit_code = finish(test(*path, *cases)); });
}

void add_explain_verb(CLI::App& policy, int& exit_code) {
  CLI::App* verb =
      policy.add_subcommand("explain", "Who could see this, and why: rule by rule, for one caller");
  auto question = std::make_shared<Question>();
  verb->add_option("FILE", question->path, "The policy")->required();
  verb->add_option("--as", question->caller,
                   "Who asks: \"staff role=R8000 org=Q99001 kind=gp-practice\", \"citizen\"...")
      ->required();
  verb->add_option("--place", question->place,
                   "Where it is: \"patient related=registration\", \"patient self\", \"shared\"...")
      ->required();
  verb->add_option("--type", question->type, "Its resource type")->required();
  verb->add_option("--label", question->label_class, "Its label class (0: none)");
  verb->callback([question, &exit_code] { exit_code = finish(explain(*question)); });
}

}  // namespace

void add_policy(CLI::App& app, int& exit_code) {
  CLI::App* policy = app.add_subcommand("policy", "Check, try and explain an access policy");
  policy->require_subcommand(1);
  add_check_verb(*policy, exit_code);
  add_test_verb(*policy, exit_code);
  add_explain_verb(*policy, exit_code);
}

}  // namespace continuum::commands
