// Who asks: invented staff, each with an access token of their own (RFC 9068), signed by an issuer
// that lives as long as a run; and the system of each source.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/region.h"

namespace continuum::bench {

// Organisations of a region, by bit: the order of Region::organisations.
using OrganisationSet = uint32_t;
constexpr OrganisationSet only(size_t organisation) {
  return OrganisationSet{1} << organisation;
}

// Immutable.
class Callers {
 public:
  // Clinical staff of every organisation, most of them in practices: at least kUsersMin when there
  // are two. Adds the issuer to `region`, whose bound of one caller's requests goes: a system is
  // one caller. The issuer's keys go to `jwks_file`.
  static Result<Callers> create(config::Region& region, const std::string& jwks_file);
  static constexpr size_t kUsersMin = 1'000;

  // Tokens of an organisation's staff; each of another user.
  const std::vector<std::string>& tokens(size_t organisation) const {
    return tokens_[organisation];
  }
  // The token of the system that writes for a source of that name. The region must have it.
  const std::string& system_token(const std::string& source) const {
    return system_tokens_.at(source);
  }
  size_t organisations() const { return tokens_.size(); }
  size_t users() const;

 private:
  std::vector<std::vector<std::string>> tokens_;
  std::map<std::string, std::string> system_tokens_;  // by source
};

}  // namespace continuum::bench
