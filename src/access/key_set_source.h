// The keys of a region's issuers: fetched, kept, and fetched again.
//
// An issuer's discovery document (OpenID Connect Discovery 1.0 section 4: ISSUER with
// /.well-known/openid-configuration) names the place of its JWK Set; or an operator supplies the
// set as a file. Keys older than kKeysFreshSeconds (a file's: kKeyFileFreshSeconds) are asked for
// again, and so is a key that is not there; one fetch at a time and at most one in
// kFetchIntervalSeconds for each issuer. While an issuer does not answer, or answers what can't be
// read, its last keys are kept for kKeysKeptSeconds.
//
// Each issuer has a thread that fetches, so that one that hangs holds up neither callers nor the
// other issuers. Of those that lack a key one in each fetch waits for it, at most kKeyWaitMsMax;
// everybody else goes on at once with the keys there are.
//
// A document or set with "continuum_development_only": true drops its issuer's keys at once, unless
// the region is a demo.
#pragma once

#include <atomic>
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
  // Fetches nothing yet. `fetcher`, `files` and `clock` must outlive it. Destroying it waits for
  // documents that are being fetched.
  KeySetSource(const config::Region& region, Fetcher& fetcher, FileSystem& files,
               const Clock& clock);
  ~KeySetSource();

  // Asks for all keys: files are read when it returns, issuers are asked meanwhile. A fetch of
  // these that fails does not keep the first who lacks a key from having it asked for again.
  void start();
  // Asks for the keys that are old, and waits for none. For whoever calls it every few seconds keys
  // are never older than they should be because nobody used them.
  void refresh();

  // The issuer's keys. They are asked for again when that is due: also because none has the id
  // `kid`, unless that is empty. Nothing: no issuer of the region, or no keys to be had (yet).
  std::optional<IssuerKeys> keys(std::string_view issuer, std::string_view kid = {});

  // Why the last fetch failed; nothing when it did not, or none was made. For logs.
  std::optional<Error> last_failure(std::string_view issuer) const;

  // Returns when nothing is being fetched.
  void wait_until_idle();

 private:
  struct State;
  struct Fetched;
  enum class Need : uint8_t;

  // With the state's lock held.
  static Need need_of(const State& state, std::string_view kid, Instant now);
  static void begin(State& state, Instant now);
  static void keep(State& state, Fetched fetched);

  void run(State& state);
  Fetched fetch_at_root(const config::Issuer& issuer);
  Fetched fetch(const config::Issuer& issuer);
  Result<std::string> fetch_text(const config::Issuer& issuer);
  Result<std::string> discover(std::string_view issuer);

  bool is_demo_;
  Fetcher& fetcher_;
  FileSystem& files_;
  const Clock& clock_;
  std::atomic<bool> stopping_ = false;
  std::map<std::string, std::unique_ptr<State>, std::less<>> issuers_;
};

}  // namespace continuum::access
