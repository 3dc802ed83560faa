#include "access/key_set_source.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
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

  mutable std::mutex mutex;         // guards what follows
  std::condition_variable changed;  // a fetch begins or ends, or all ends
  IssuerKeys keys;                  // a null set: none
  crypto::Digest digest{};          // of the text of keys.set
  Instant fetched;                  // when keys.set was asked for
  std::optional<Instant> attempted;
  bool under_way = false;    // a fetch is
  bool has_waiter = false;   // of this fetch
  bool is_forgiven = false;  // this fetch, should it fail, was no attempt
  std::optional<Error> failure;

  std::thread thread;  // fetches; the last, since it uses the others
};

struct KeySetSource::Fetched {
  Result<JwkSet> set;
  crypto::Digest digest{};  // of its text
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
    State& state = *issuers_.emplace(issuer.url, std::make_unique<State>(issuer)).first->second;
    if (!state.thread.joinable()) {
      state.thread = std::thread([this, &state] { run(state); });
    }
  }
}

KeySetSource::~KeySetSource() {
  stopping_ = true;
  for (auto& [url, state] : issuers_) {
    // Whoever looked at it before it was set has begun to wait when this is had.
    { const std::lock_guard lock(state->mutex); }
    state->changed.notify_all();
  }
  for (auto& [url, state] : issuers_) {
    state->thread.join();
  }
}

void KeySetSource::start() {
  const Instant now = clock_.now();
  for (auto& [url, state] : issuers_) {
    const std::lock_guard lock(state->mutex);
    if (!state->under_way) {
      begin(*state, now);
      state->is_forgiven = true;
    }
  }
  for (auto& [url, state] : issuers_) {
    if (!state->issuer.jwks_file.empty()) {
      std::unique_lock lock(state->mutex);
      state->changed.wait(lock, [&of = *state] { return !of.under_way; });
    }
  }
}

void KeySetSource::refresh() {
  const Instant now = clock_.now();
  for (auto& [url, state] : issuers_) {
    const std::lock_guard lock(state->mutex);
    if (!state->under_way && need_of(*state, {}, now) == Need::kFresher) {
      begin(*state, now);
    }
  }
}

std::optional<IssuerKeys> KeySetSource::keys(std::string_view issuer, std::string_view kid) {
  const auto found = issuers_.find(issuer);
  if (found == issuers_.end()) {
    return std::nullopt;
  }
  State& state = *found->second;
  const Instant now = clock_.now();
  std::unique_lock lock(state.mutex);
  const Need need = need_of(state, kid, now);
  if (need != Need::kNothing && !state.under_way) {
    begin(state, now);
  }
  if (need == Need::kKey && !state.has_waiter) {
    state.has_waiter = true;
    state.changed.wait_for(lock, std::chrono::milliseconds(kKeyWaitMsMax),
                           [&state] { return !state.under_way; });
  }
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

void KeySetSource::wait_until_idle() {
  for (auto& [url, state] : issuers_) {
    std::unique_lock lock(state->mutex);
    state->changed.wait(lock, [&of = *state] { return !of.under_way; });
  }
}

// Nothing when the last attempt is too recent, unless it is still under way and may bring the key.
// A clock that was set back makes keys old and attempts long past: better one fetch too many than
// keys that never change.
KeySetSource::Need KeySetSource::need_of(const State& state, std::string_view kid, Instant now) {
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

void KeySetSource::begin(State& state, Instant now) {
  state.attempted = now;
  state.under_way = true;
  state.has_waiter = false;
  state.is_forgiven = false;
  state.changed.notify_all();
}

void KeySetSource::keep(State& state, Fetched fetched) {
  if (!fetched.set) {
    state.failure = fetched.set.error();
    if (state.failure->code == ErrorCode::kForbidden && state.keys.set != nullptr) {
      state.keys = {nullptr, state.keys.generation + 1};
    }
    if (state.is_forgiven) {
      state.attempted.reset();
    }
    return;
  }
  state.failure.reset();
  state.fetched = *state.attempted;
  if (state.keys.set == nullptr || fetched.digest != state.digest) {
    state.keys = {std::make_shared<const JwkSet>(*std::move(fetched.set)),
                  state.keys.generation + 1};
    state.digest = fetched.digest;
  }
}

void KeySetSource::run(State& state) {
  std::unique_lock lock(state.mutex);
  for (;;) {
    state.changed.wait(lock, [this, &state] { return stopping_ || state.under_way; });
    if (stopping_) {
      return;
    }
    lock.unlock();
    Fetched fetched = fetch_at_root(state.issuer);
    lock.lock();
    keep(state, std::move(fetched));
    state.under_way = false;
    state.changed.notify_all();
  }
}

// Only allocation can throw here; the keys there are stay.
KeySetSource::Fetched KeySetSource::fetch_at_root(const config::Issuer& issuer) {
  try {
    return fetch(issuer);
  } catch (const std::exception&) {
    return {fail(ErrorCode::kUnavailable, "no room for the issuer's documents")};
  }
}

KeySetSource::Fetched KeySetSource::fetch(const config::Issuer& issuer) {
  const auto text = fetch_text(issuer);
  if (!text) {
    return {fail(text.error())};
  }
  auto set = JwkSet::parse(*text);
  if (set && set->development_only() && !is_demo_) {
    return {fail(ErrorCode::kForbidden, "the keys are for development only")};
  }
  return {std::move(set), crypto::sha256(*text)};
}

Result<std::string> KeySetSource::fetch_text(const config::Issuer& issuer) {
  if (!issuer.jwks_file.empty()) {
    return read_file(files_, issuer.jwks_file, kKeySetBytesMax);
  }
  TRY(const std::string place, discover(issuer.url));
  if (stopping_) {
    return fail(ErrorCode::kCancelled, "nobody wants the keys any more");
  }
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
