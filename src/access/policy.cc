#include "access/policy.h"

#include <map>
#include <mutex>

#include "access/limits.h"
#include "access/policy_rules.h"

namespace continuum::access {

struct Policy::Parsed {
  std::string text;
  crypto::Digest digest;
  PolicyDocument document;
  std::vector<ResolvedRule> rules;

  // Scopes made before, by the rules they hold (a bit each): callers differ in far fewer ways than
  // there are callers.
  mutable std::mutex mutex;
  mutable std::map<uint64_t, Scope> scopes;

  Parsed(std::string_view given, PolicyDocument parsed)
      : text(given),
        digest(crypto::sha256(given)),
        document(std::move(parsed)),
        rules(resolve(document)) {}

  uint64_t rules_for(const Principal& principal, config::OrganisationKind organisation) const {
    uint64_t bits = 0;
    for (size_t i = 0; i < rules.size(); ++i) {
      const bool holds = who_fault(rules[i], principal, organisation) == WhoFault::kNone;
      bits |= holds ? uint64_t{1} << i : 0;
    }
    return bits;
  }

  Scope make_scope(uint64_t bits) const {
    std::vector<ScopeRule> chosen;
    std::vector<fhir::ParameterNumber> denied_search;
    for (size_t i = 0; i < rules.size(); ++i) {
      if ((bits >> i & 1) != 0) {
        const auto& denied = rules[i].rule.denied_search;
        chosen.push_back(rules[i].scope_rule);
        denied_search.insert(denied_search.end(), denied.begin(), denied.end());
      }
    }
    return {std::move(chosen), std::move(denied_search)};
  }
};

Result<Policy> Policy::parse(std::string_view text, std::string_view file_name) {
  TRY(PolicyDocument document, parse_policy_document(text, file_name));
  return Policy(std::make_shared<const Parsed>(text, std::move(document)));
}

Result<Policy> Policy::load(FileSystem& files, const std::string& path) {
  TRY(const std::string text, read_file(files, path, kPolicyBytesMax));
  return parse(text, path);
}

const std::string& Policy::text() const {
  return parsed_->text;
}

const crypto::Digest& Policy::digest() const {
  return parsed_->digest;
}

const std::string& Policy::name() const {
  return parsed_->document.name;
}

uint32_t Policy::version() const {
  return parsed_->document.version;
}

const Windows& Policy::windows() const {
  return parsed_->document.windows;
}

std::span<const Rule> Policy::rules() const {
  return parsed_->document.rules;
}

const PolicyDocument& Policy::document() const {
  return parsed_->document;
}

Scope Policy::compile(const Principal& principal, config::OrganisationKind organisation) const {
  const uint64_t bits = parsed_->rules_for(principal, organisation);
  const std::lock_guard lock(parsed_->mutex);
  const auto found = parsed_->scopes.find(bits);
  if (found != parsed_->scopes.end()) {
    return found->second;
  }
  if (parsed_->scopes.size() == kScopesKeptMax) {
    parsed_->scopes.clear();
  }
  return parsed_->scopes.emplace(bits, parsed_->make_scope(bits)).first->second;
}

}  // namespace continuum::access
