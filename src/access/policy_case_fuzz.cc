// Any bytes are refused with a reason, or are cases that can be run.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "access/limits.h"
#include "access/policy_case.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace continuum::access;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cases = parse_policy_cases(text, "fuzzed");
  if (!cases) {
    const bool silent = cases.error().message.empty();
    CHECK(!silent);
    return 0;
  }
  static const Policy policy =
      Policy::parse(
          "policy \"Fuzzed\" version 1\n"
          "window registration 0 days after end\nwindow admission 28 days after end\n"
          "window emergency 3 days after end\nwindow outpatient 1 day after end\n"
          "window referral 0 days after end\nwindow caseload 1 day after end\n"
          "window social-care 1 day after end\n"
          "rule a\n  who staff with role R8000\n  when related by admission\n  allow everything\n"
          "rule b\n  who anyone signed in\n  when shared\n  deny types Patient\n",
          "built in")
          .value();
  CHECK(cases->size() <= kPolicyCasesMax);
  CHECK(run_policy_cases(policy, *cases, cases->size() + 1).size() <= cases->size());
  return 0;
}
