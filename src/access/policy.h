// The policy: one versioned text that says who may see what (docs/policy.md has its grammar).
//
// The text decides together with facts about a caller and about the place of an item. It is
// compiled once for each request into a Scope.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "access/policy_document.h"
#include "access/principal.h"
#include "access/relationship.h"
#include "access/scope.h"
#include "base/file_system.h"
#include "base/result.h"
#include "config/region.h"
#include "crypto/digest.h"

namespace continuum::access {

// Immutable; safe to use from many threads. Copies share what they hold.
class Policy {
 public:
  // Every problem found is one ErrorDetail {where "FILE:LINE:COLUMN", what was found and
  // expected}, in file order. kInvalid, or kTooLarge over kPolicyBytesMax. `file_name` is only
  // shown.
  static Result<Policy> parse(std::string_view text, std::string_view file_name);
  // The same from a file; kNotFound when there is none.
  static Result<Policy> load(FileSystem& files, const std::string& path);

  const std::string& text() const;
  const crypto::Digest& digest() const;  // SHA-256 of the text
  const std::string& name() const;
  uint32_t version() const;
  // The one for a kind: windows()[static_cast<size_t>(kind)].
  const Windows& windows() const;
  // In order. Lives as long as any copy of the Policy; each has its name and line.
  std::span<const Rule> rules() const;
  const PolicyDocument& document() const;

  // The rules whose `who` holds for the principal. `organisation` is the kind of the principal's
  // organisation in region.toml; kOther for those without one.
  Scope compile(const Principal& principal, config::OrganisationKind organisation) const;

 private:
  struct Parsed;
  explicit Policy(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
  std::shared_ptr<const Parsed> parsed_;  // shared: requests outlive a change of policy
};

}  // namespace continuum::access
