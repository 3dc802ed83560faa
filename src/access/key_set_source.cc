#include "access/key_set_source.h"

#include <atomic>
#include <mutex>
#include <utility>

#include "access/development_only.h"
#include "access/limits.h"
#include "access/url.h"
#include "crypto/digest.h"
#include "json/document.h"

namespace continuum::access {
namespace {

constexpr std::string_view kDiscoveryPath = "/.well-known/openid-configuration";

int64_t seconds_between(Instant from, Instant to) {
  return (to.micros - from.micros) / 1'000'000;
}

}  // namespace

struct KeySetSource::State {
  explicit State(config::Issuer its) : issuer(std::move(its)) {}

  const config::Issuer issuer;
  std::mutex fetching;           // held by the thread that fetches
  std::atomic<int> waiting = 0;  // threads that wait for it

  mutable std::mutex mutex;  // guards what follows
  IssuerKeys keys;           // a null set: none
  crypto::Digest digest{};   // of the text of keys.set
  Instant fetched;           // when keys.set was had
  std::optional<Instant> attempted;
  bool under_way = false;  // a fetch is
  std::optional<Error> failure;
};

enum class KeySetSource::Need : uint8_t {
  kNothing,
  kFresher,  // what is asked for is there, and old
  kKey,      // what is asked for is not there
};

KeySetSource::KeySetSource(const config::Region& region, Fetcher& fetcher, FileSystem& files,
                           const Clock& clock)
    : is_demo_(region.mode == config::Mode::kDemo),
      fetcher_(fetcher),
      files_(files),
      clock_(clock) {
  for (const config::Issuer& issuer : region.issuers) {
    issuers_.emplace(issuer.url, std::make_unique<State>(issuer));
  }
}

KeySetSource::~KeySetSource() = default;

std::optional<IssuerKeys> KeySetSource::keys(std::string_view issuer, std::string_view kid) {
  const auto found = issuers_.find(issuer);
  if (found == issuers_.end()) {
    return std::nullopt;
  }
  State& state = *found->second;
  if (const Need need = need_of(state, kid); need != Need::kNothing) {
    refresh(state, kid, need);
  }
  const Instant now = clock_.now();
  const std::lock_guard lock(state.mutex);
  if (state.keys.set == nullptr || seconds_between(state.fetched, now) > kKeysKeptSeconds) {
    return std::nullopt;
  }
  return state.keys;
}

std::optional<Error> KeySetSource::last_failure(std::string_view issuer) const {
  const auto found = issuers_.find(issuer);
  if (found == issuers_.end()) {
    return std::nullopt;
  }
  const std::lock_guard lock(found->second->mutex);
  return found->second->failure;
}

// Nothing when the last attempt is too recent, unless it is still under way and may bring the key.
// A clock that was set back makes keys old and attempts long past: better one fetch too many than
// keys that never change.
KeySetSource::Need KeySetSource::need_of(const State& state, std::string_view kid) const {
  const Instant now = clock_.now();
  const std::lock_guard lock(state.mutex);
  if (!state.under_way && state.attempted && now >= *state.attempted &&
      seconds_between(*state.attempted, now) < kFetchIntervalSeconds) {
    return Need::kNothing;
  }
  if (state.keys.set == nullptr || seconds_between(state.fetched, now) > kKeysKeptSeconds ||
      (!kid.empty() && state.keys.set->find(kid).empty())) {
    return Need::kKey;
  }
  const int64_t fresh = state.issuer.jwks_file.empty() ? kKeysFreshSeconds : kKeyFileFreshSeconds;
  const int64_t age = seconds_between(state.fetched, now);
  return age < 0 || age >= fresh ? Need::kFresher : Need::kNothing;
}

void KeySetSource::refresh(State& state, std::string_view kid, Need need) {
  std::unique_lock fetching(state.fetching, std::try_to_lock);
  if (!fetching.owns_lock()) {
    if (need == Need::kFresher) {
      return;
    }
    const bool may_wait = state.waiting.fetch_add(1) < kWaitersMax;
    if (may_wait) {
      fetching.lock();
    }
    state.waiting.fetch_sub(1);
    if (!may_wait) {
      return;
    }
  }
  // Another thread may have fetched meanwhile.
  if (need_of(state, kid) != Need::kNothing) {
    fetch(state);
  }
}

void KeySetSource::fetch(State& state) {
  const Instant now = clock_.now();
  {
    const std::lock_guard lock(state.mutex);
    state.attempted = now;
    state.under_way = true;
  }
  const auto text = fetch_text(state.issuer);
  auto set = text ? JwkSet::parse(*text) : Result<JwkSet>(tl::unexpect, text.error());
  if (set && set->development_only() && !is_demo_) {
    set = fail(ErrorCode::kForbidden, "the keys are for development only");
  }
  const crypto::Digest digest = set ? crypto::sha256(*text) : crypto::Digest{};

  const std::lock_guard lock(state.mutex);
  state.under_way = false;
  if (!set) {
    state.failure = set.error();
    if (set.error().code == ErrorCode::kForbidden && state.keys.set != nullptr) {
      state.keys = {nullptr, state.keys.generation + 1};
    }
    return;
  }
  state.failure.reset();
  state.fetched = now;
  if (state.keys.set == nullptr || digest != state.digest) {
    state.keys = {std::make_shared<const JwkSet>(*std::move(set)), state.keys.generation + 1};
    state.digest = digest;
  }
}

Result<std::string> KeySetSource::fetch_text(const config::Issuer& issuer) {
  if (!issuer.jwks_file.empty()) {
    return read_file(files_, issuer.jwks_file, kKeySetBytesMax);
  }
  TRY(const std::string place, discover(issuer.url));
  return fetcher_.get(place, kKeySetBytesMax);
}

// The jwks_uri.
Result<std::string> KeySetSource::discover(std::string_view issuer) {
  std::string_view base = issuer;
  if (base.ends_with('/')) {
    base.remove_suffix(1);
  }
  TRY(const Url at, parse_url(issuer));
  TRY(const std::string text,
      fetcher_.get(std::string(base).append(kDiscoveryPath), kDiscoveryBytesMax));
  json::Document document;
  TRY(document.parse(text, {.depth_max = kKeySetDepthMax, .bytes_max = kDiscoveryBytesMax}));
  const json::Node& root = *document.root();
  if (root.string("issuer") != issuer) {
    return fail(ErrorCode::kInvalid, "the discovery document is another issuer's");
  }
  if (is_development_only(root) && !is_demo_) {
    return fail(ErrorCode::kForbidden, "the issuer is for development only");
  }
  TRY(const Url keys, parse_url(root.string("jwks_uri")));
  if (at.tls && !keys.tls) {
    return fail(ErrorCode::kInvalid, "the issuer's keys are not at an https URL");
  }
  return std::string(root.string("jwks_uri"));
}

}  // namespace continuum::access
