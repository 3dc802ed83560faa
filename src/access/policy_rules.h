// A policy's rules with the sets they name filled in: what compile() and explain() both go by.
// Internal to this folder.
#pragma once

#include <vector>

#include "access/policy_document.h"
#include "access/principal.h"
#include "access/scope.h"

namespace continuum::access {

struct ResolvedRule {
  Rule rule;
  std::vector<CodeRange> roles;       // of the sets and the members; empty: any
  std::vector<CodeRange> activities;  // likewise
  ScopeRule scope_rule;               // `when`, effect and types
};

// `document` is valid: every set that a rule names is there.
std::vector<ResolvedRule> resolve(const PolicyDocument& document);

enum class WhoFault : uint8_t { kNone, kKind, kRole, kActivity, kOrganisation, kPurpose };

// The first condition on who asks that does not hold.
WhoFault who_fault(const ResolvedRule& rule, const Principal& principal,
                   config::OrganisationKind organisation);

}  // namespace continuum::access
