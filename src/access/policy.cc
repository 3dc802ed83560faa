#include "access/policy.h"

#include "access/limits.h"
#include "access/policy_rules.h"

namespace continuum::access {

struct Policy::Parsed {
  std::string text;
  crypto::Digest digest;
  PolicyDocument document;
  std::vector<ResolvedRule> rules;
};

Result<Policy> Policy::parse(std::string_view text, std::string_view file_name) {
  TRY(PolicyDocument document, parse_policy_document(text, file_name));
  std::vector<ResolvedRule> rules = resolve(document);
  return Policy(std::make_shared<const Parsed>(
      Parsed{std::string(text), crypto::sha256(text), std::move(document), std::move(rules)}));
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
  std::vector<ScopeRule> rules;
  std::vector<fhir::ParameterNumber> denied_search;
  for (const ResolvedRule& each : parsed_->rules) {
    if (who_fault(each, principal, organisation) == WhoFault::kNone) {
      rules.push_back(each.scope_rule);
      denied_search.insert(denied_search.end(), each.rule.denied_search.begin(),
                           each.rule.denied_search.end());
    }
  }
  return {std::move(rules), std::move(denied_search)};
}

}  // namespace continuum::access
