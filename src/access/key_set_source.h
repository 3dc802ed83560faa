// The keys of a region's issuers: fetched, kept, and fetched again.
//
// An issuer's discovery document (OpenID Connect Discovery 1.0 section 4: ISSUER with
// /.well-known/openid-configuration) names the place of its JWK Set; or an operator supplies the
// set as a file. Keys older than kKeysFreshSeconds (a file's: kKeyFileFreshSeconds) are asked for
// again, and so is a key that is not there; one fetch at a time and at most one in
// kFetchIntervalSeconds for each issuer. The thread that finds a fetch due does it and waits;
// others go on with the keys there are, but up to kWaitersMax of those that lack a key wait too.
// While an issuer does not answer, or answers what can't be read, its last keys are kept for
// kKeysKeptSeconds.
//
// A document or set with "continuum_development_only": true drops its issuer's keys at once, unless
// the region is a demo.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/fetcher.h"
#include "access/jwk_set.h"
#include "base/file_system.h"
#include "base/instant.h"
#include "base/result.h"
#include "config/region.h"

namespace continuum::access {

struct IssuerKeys {
  // Shared: verifications go on with a set while the next one takes its place. Never null.
  std::shared_ptr<const JwkSet> set;
  uint64_t generation = 0;  // changes whenever the issuer's keys do
};

// Thread-safe.
class KeySetSource {
 public:
  // Fetches nothing yet. `fetcher`, `files` and `clock` must outlive it.
  KeySetSource(const config::Region& region, Fetcher& fetcher, FileSystem& files,
               const Clock& clock);
  ~KeySetSource();

  // The issuer's keys, asked for again first when that is due: also because none has the id `kid`,
  // unless that is empty. Nothing: no issuer of the region, or no keys to be had.
  std::optional<IssuerKeys> keys(std::string_view issuer, std::string_view kid = {});

  // Why the last fetch failed; nothing when it did not, or none was made. For logs.
  std::optional<Error> last_failure(std::string_view issuer) const;

 private:
  struct State;
  enum class Need : uint8_t;

  Need need_of(const State& state, std::string_view kid) const;
  void refresh(State& state, std::string_view kid, Need need);
  void fetch(State& state);
  Result<std::string> fetch_text(const config::Issuer& issuer);
  Result<std::string> discover(std::string_view issuer);

  bool is_demo_;
  Fetcher& fetcher_;
  FileSystem& files_;
  const Clock& clock_;
  std::map<std::string, std::unique_ptr<State>, std::less<>> issuers_;
};

}  // namespace continuum::access
