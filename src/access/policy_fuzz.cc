// Any bytes are refused with a reason, or are a policy that survives being written and read again
// and decides as it explains.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "access/explain.h"
#include "access/limits.h"
#include "access/policy.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace continuum::access;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = Policy::parse(text, "fuzzed");
  if (!policy) {
    const bool silent = policy.error().message.empty();
    CHECK(!silent);
    return 0;
  }
  const auto again = Policy::parse(to_text(policy->document()), "again");
  // Written out, one near its bounds may be over them.
  if (again) {
    CHECK(same_policy(policy->document(), again->document()));
  } else {
    CHECK(text.size() > kPolicyBytesMax / 2);
  }
  Principal principal;
  principal.role_codes = {"R8000", "R8009"};
  principal.purpose = "TREAT";
  const auto organisation = continuum::config::OrganisationKind::kGpPractice;
  const Scope scope = policy->compile(principal, organisation);
  const PlaceFacts place{.related = only(RelationshipKind::kAdmission)};
  const ItemFacts item{.type = 1, .label_class = 3};
  const Explanation why = explain(*policy, principal, organisation, place, item);
  const Decision decision = scope.decide(place, item);
  CHECK(why.allow == decision.allow && why.rule == decision.rule);
  CHECK(!decision.allow || scope.may_see_anything_of(place));
  return 0;
}
