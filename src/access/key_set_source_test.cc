#include "access/key_set_source.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "access/tokens_fixture_test.h"

namespace continuum::access {
namespace {

class KeySetSourceTest : public testing::Test {
 protected:
  // "a b": the kids that the issuer has once what was asked for is there; "" when there are no
  // keys.
  std::string kids(std::string_view kid = {}) {
    source().keys(kIssuerUrl, kid);
    source().wait_until_idle();
    return kids_now(kid);
  }
  std::string kids_now(std::string_view kid = {}) {
    const auto keys = source().keys(kIssuerUrl, kid);
    std::string out;
    for (size_t i = 0; keys && i < keys->set->keys().size(); ++i) {
      out += (out.empty() ? "" : " ") + keys->set->keys()[i].kid;
    }
    return out;
  }
  void publish(std::string_view kid) {
    fixture_.fetcher.set(kKeysUrl, jwk_set(jwk(kid, signer(KeyType::kEcP256))));
  }
  int fetches() { return fixture_.fetcher.asked(kDiscoveryUrl); }
  ErrorCode failure() { return source().last_failure(kIssuerUrl).value().code; }
  KeySetSource& source() { return fixture_.keys; }

  TokenFixture fixture_;
};

TEST_F(KeySetSourceTest, FetchesOnceUntilOld) {
  EXPECT_EQ(fetches(), 0);
  EXPECT_EQ(kids(), "ec rsa ed");
  publish("next");
  fixture_.pass(kKeysFreshSeconds - 1);
  EXPECT_EQ(kids(), "ec rsa ed");
  EXPECT_EQ(fetches(), 1);
  fixture_.pass(1);
  EXPECT_EQ(kids(), "next");
  EXPECT_EQ(fetches(), 2);
  EXPECT_FALSE(source().last_failure(kIssuerUrl));
}

TEST_F(KeySetSourceTest, KnowsItsIssuersOnly) {
  EXPECT_FALSE(source().keys("https://id.example.org/"));
  EXPECT_FALSE(source().keys(""));
  EXPECT_EQ(fetches(), 0);
}

TEST_F(KeySetSourceTest, AnUnknownKeyIsLookedForAtOnceAndThenSeldom) {
  EXPECT_EQ(kids(), "ec rsa ed");
  fixture_.pass(kFetchIntervalSeconds);
  publish("next");
  EXPECT_EQ(kids("next"), "next");
  EXPECT_EQ(fetches(), 2);
  for (int i = 0; i < 1000; ++i) {
    kids("unknown" + std::to_string(i));
  }
  EXPECT_EQ(fetches(), 2);
  fixture_.pass(kFetchIntervalSeconds - 1);
  kids("unknown");
  EXPECT_EQ(fetches(), 2);
  fixture_.pass(1);
  kids("unknown");
  kids("unknown");
  EXPECT_EQ(fetches(), 3);
}

TEST_F(KeySetSourceTest, GenerationsChangeWithTheKeysOnly) {
  const uint64_t first = source().keys(kIssuerUrl)->generation;
  fixture_.pass(kKeysFreshSeconds);
  EXPECT_EQ(kids(), "ec rsa ed");
  EXPECT_EQ(source().keys(kIssuerUrl)->generation, first);
  EXPECT_EQ(fetches(), 2);
  publish("next");
  fixture_.pass(kKeysFreshSeconds);
  EXPECT_EQ(kids(), "next");
  EXPECT_NE(source().keys(kIssuerUrl)->generation, first);
}

TEST_F(KeySetSourceTest, KeepsKeysThroughAnOutageOfADay) {
  EXPECT_EQ(kids(), "ec rsa ed");
  fixture_.fetcher.down = true;
  for (int64_t passed = 0; passed < kKeysKeptSeconds; passed += 3'600) {
    EXPECT_EQ(kids(), "ec rsa ed");
    fixture_.pass(3'600);
  }
  EXPECT_EQ(kids(), "ec rsa ed");
  EXPECT_EQ(failure(), ErrorCode::kUnavailable);
  fixture_.pass(1);
  EXPECT_EQ(kids(), "");
  fixture_.fetcher.down = false;
  EXPECT_EQ(kids(), "");  // it was asked a second ago
  fixture_.pass(kFetchIntervalSeconds);
  EXPECT_EQ(kids(), "ec rsa ed");
}

TEST_F(KeySetSourceTest, AnOutageCostsOneFetchAnInterval) {
  fixture_.fetcher.down = true;
  for (int64_t i = 0; i < 10 * kFetchIntervalSeconds; ++i) {
    EXPECT_EQ(kids("ec"), "");
    fixture_.pass(1);
  }
  EXPECT_EQ(fetches(), 10);
}

TEST_F(KeySetSourceTest, AClockSetBackDoesNotKeepKeysForEver) {
  EXPECT_EQ(kids(), "ec rsa ed");
  publish("next");
  fixture_.pass(-3'600);
  EXPECT_EQ(kids(), "next");
}

TEST_F(KeySetSourceTest, BadDocumentsKeepTheOldKeys) {
  EXPECT_EQ(kids(), "ec rsa ed");
  const auto refused = [&](std::string discovered, std::string keys, ErrorCode code) {
    fixture_.fetcher.set(kDiscoveryUrl, std::move(discovered));
    fixture_.fetcher.set(kKeysUrl, std::move(keys));
    fixture_.pass(kKeysFreshSeconds);
    EXPECT_EQ(kids(), "ec rsa ed");
    EXPECT_EQ(failure(), code);
  };
  const std::string good = jwk_set(jwk("next", signer(KeyType::kEcP256)));
  refused(R"({"issuer":"https://id.example.org/","jwks_uri":"https://id.example.org/keys"})", good,
          ErrorCode::kInvalid);
  refused(R"({"jwks_uri":"https://id.example.org/keys"})", good, ErrorCode::kInvalid);
  refused(R"({"issuer":"https://id.example.org"})", good, ErrorCode::kInvalid);
  refused(R"({"issuer":"https://id.example.org","jwks_uri":"http://127.0.0.1/keys"})", good,
          ErrorCode::kInvalid);
  refused(R"({"issuer":"https://id.example.org","jwks_uri":"http://id.example.org/keys"})", good,
          ErrorCode::kInvalid);
  refused(R"({"issuer":"https://id.example.org","jwks_uri":"file:///keys"})", good,
          ErrorCode::kInvalid);
  refused("[]", good, ErrorCode::kInvalid);
  refused("", good, ErrorCode::kInvalid);
  refused(std::string(kDiscoveryBytesMax + 1, ' '), good, ErrorCode::kTooLarge);
  refused(discovery(), "{}", ErrorCode::kInvalid);
  refused(discovery(), std::string(kKeySetBytesMax + 1, ' '), ErrorCode::kTooLarge);
  refused(discovery(), jwk_set(jwk("next", signer(KeyType::kEcP256), ",\"d\":\"AA\"")),
          ErrorCode::kInvalid);
  fixture_.fetcher.set(kKeysUrl, good);
  fixture_.pass(kKeysFreshSeconds);
  EXPECT_EQ(kids(), "next");
}

TEST_F(KeySetSourceTest, DevelopmentIssuersAreForDemos) {
  const std::string_view marks[] = {",\"continuum_development_only\":true",
                                    ",\"continuum_development_only\":\"yes\""};
  EXPECT_EQ(kids(), "ec rsa ed");
  for (const std::string_view mark : marks) {
    fixture_.fetcher.set(kDiscoveryUrl, discovery(mark));
    fixture_.pass(kKeysFreshSeconds);
    EXPECT_EQ(kids(), "");
    EXPECT_EQ(failure(), ErrorCode::kForbidden);
    fixture_.fetcher.set(kDiscoveryUrl, discovery(",\"continuum_development_only\":false"));
    fixture_.pass(kFetchIntervalSeconds);
    EXPECT_EQ(kids(), "ec rsa ed");
  }
  const std::string keys = jwk_set(jwk("ec", signer(KeyType::kEcP256)));
  fixture_.fetcher.set(kKeysUrl, "{\"continuum_development_only\":true," + keys.substr(1));
  fixture_.pass(kKeysFreshSeconds);
  EXPECT_EQ(kids(), "");

  config::Region region = test_region();
  region.mode = config::Mode::kDemo;
  TokenFixture demo(region);
  demo.fetcher.set(kDiscoveryUrl, discovery(marks[0]));
  EXPECT_TRUE(demo.keys.keys(kIssuerUrl));
}

TEST(KeySetSourceOfADemo, FetchesFromLoopback) {
  config::Region region = test_region();
  region.mode = config::Mode::kDemo;
  region.issuers[0].url = "http://127.0.0.1:9000/";
  TokenFixture fixture(region);
  fixture.fetcher.set(
      "http://127.0.0.1:9000/.well-known/openid-configuration",
      R"({"issuer":"http://127.0.0.1:9000/","jwks_uri":"http://localhost:9000/k"})");
  fixture.fetcher.set("http://localhost:9000/k", jwk_set(jwk("ec", signer(KeyType::kEcP256))));
  EXPECT_TRUE(fixture.keys.keys("http://127.0.0.1:9000/"));
}

TEST(KeySetSourceOfAFile, ReadsItAgain) {
  config::Region region = test_region();
  region.issuers[0].jwks_file = "/keys.json";
  TokenFixture fixture(region);
  const auto kid = [&] {
    fixture.keys.keys(kIssuerUrl);
    fixture.keys.wait_until_idle();
    const auto keys = fixture.keys.keys(kIssuerUrl);
    return keys ? keys->set->keys()[0].kid : "";
  };
  EXPECT_EQ(kid(), "");
  ASSERT_TRUE(replace_file(fixture.files, "/keys.json", jwk_set(jwk("a", signer(KeyType::kRsa)))));
  fixture.pass(kFetchIntervalSeconds);
  EXPECT_EQ(kid(), "a");
  ASSERT_TRUE(replace_file(fixture.files, "/keys.json", jwk_set(jwk("b", signer(KeyType::kRsa)))));
  fixture.pass(kKeyFileFreshSeconds - 1);
  EXPECT_EQ(kid(), "a");
  fixture.pass(1);
  EXPECT_EQ(kid(), "b");
  EXPECT_EQ(fixture.fetcher.asked(kDiscoveryUrl), 0);
}

TEST(KeySetSourceOfAFile, IsReadAtTheStart) {
  config::Region region = test_region();
  region.issuers[0].jwks_file = "/keys.json";
  TokenFixture fixture(region);
  fixture.keys.start();
  EXPECT_EQ(fixture.keys.last_failure(kIssuerUrl).value().code, ErrorCode::kNotFound);
  ASSERT_TRUE(replace_file(fixture.files, "/keys.json", jwk_set(jwk("a", signer(KeyType::kRsa)))));
  fixture.keys.start();
  EXPECT_FALSE(fixture.keys.last_failure(kIssuerUrl));
  ASSERT_TRUE(fixture.files.remove("/keys.json"));
  EXPECT_TRUE(fixture.keys.keys(kIssuerUrl, "a"));
}

TEST_F(KeySetSourceTest, TheStartAsksMeanwhile) {
  source().start();
  source().wait_until_idle();
  EXPECT_EQ(fetches(), 1);
  EXPECT_EQ(kids_now("rsa"), "ec rsa ed");
  EXPECT_EQ(fetches(), 1);
}

// The issuer may come up after the server: who then signs in first need not wait for an interval.
TEST_F(KeySetSourceTest, AStartWithoutTheIssuerIsForgivenOnce) {
  fixture_.fetcher.down = true;
  source().start();
  source().wait_until_idle();
  EXPECT_EQ(failure(), ErrorCode::kUnavailable);
  EXPECT_EQ(fetches(), 1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(kids("ec"), "");
  }
  EXPECT_EQ(fetches(), 2);

  TokenFixture late;
  late.fetcher.down = true;
  late.keys.start();
  late.keys.wait_until_idle();
  late.fetcher.down = false;
  EXPECT_TRUE(late.keys.keys(kIssuerUrl, "ec"));
}

TEST_F(KeySetSourceTest, RefreshingIsForOldKeysAlone) {
  source().refresh();
  source().wait_until_idle();
  EXPECT_EQ(fetches(), 0);
  EXPECT_EQ(kids(), "ec rsa ed");
  fixture_.pass(kKeysFreshSeconds - 1);
  source().refresh();
  source().wait_until_idle();
  EXPECT_EQ(fetches(), 1);
  publish("next");
  fixture_.pass(1);
  source().refresh();
  source().wait_until_idle();
  EXPECT_EQ(kids_now(), "next");
  fixture_.fetcher.down = true;
  fixture_.pass(kKeysFreshSeconds);
  for (int64_t i = 0; i < 2 * kFetchIntervalSeconds; ++i) {
    source().refresh();
    source().wait_until_idle();
    fixture_.pass(1);
  }
  EXPECT_EQ(fetches(), 4);
}

// Lets nothing through until it is told to.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_for_arrival() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return arrived_ > 0; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

using SteadyClock = std::chrono::steady_clock;
// Less than anybody would take who waits.
constexpr auto kAtOnce = std::chrono::milliseconds(kKeyWaitMsMax / 2);

// While an issuer hangs, others go on with the old keys, and one waits for a new one, for a while.
TEST_F(KeySetSourceTest, AnIssuerThatHangsHoldsUpOneCallerForAWhile) {
  EXPECT_EQ(kids(), "ec rsa ed");
  publish("next");
  fixture_.pass(kKeysFreshSeconds);
  Gate gate;
  fixture_.fetcher.on_get = [&gate] { gate.wait(); };
  auto begin = SteadyClock::now();
  EXPECT_EQ(kids_now(), "ec rsa ed");  // begins the fetch
  EXPECT_EQ(kids_now("ec"), "ec rsa ed");
  EXPECT_LT(SteadyClock::now() - begin, kAtOnce);
  gate.wait_for_arrival();
  begin = SteadyClock::now();
  EXPECT_EQ(kids_now("next"), "ec rsa ed");
  EXPECT_GE(SteadyClock::now() - begin, std::chrono::milliseconds(kKeyWaitMsMax));
  begin = SteadyClock::now();
  for (int i = 0; i < 100; ++i) {
    fixture_.pass(1);
    EXPECT_EQ(kids_now("next"), "ec rsa ed");
  }
  EXPECT_LT(SteadyClock::now() - begin, kAtOnce);
  EXPECT_EQ(fetches(), 1);
  gate.open();
  source().wait_until_idle();
  EXPECT_EQ(kids_now("next"), "next");
  EXPECT_EQ(fetches(), 2);
}

TEST_F(KeySetSourceTest, WhoWaitsHasTheKeyOnceItIsThere) {
  EXPECT_EQ(kids(), "ec rsa ed");
  publish("next");
  fixture_.pass(kKeysFreshSeconds);
  Gate gate;
  fixture_.fetcher.on_get = [&gate] { gate.wait(); };
  std::thread waiting([this] { EXPECT_EQ(kids_now("next"), "next"); });
  gate.wait_for_arrival();
  gate.open();
  waiting.join();
  EXPECT_EQ(fetches(), 2);
}

TEST(KeySetSourceOfTwo, OneThatHangsDoesNotHoldUpTheOther) {
  config::Region region = test_region();
  region.issuers.push_back({"https://other.example.org", region.issuers[0].kinds, "/keys.json"});
  TokenFixture fixture(region);
  ASSERT_TRUE(replace_file(fixture.files, "/keys.json", jwk_set(jwk("a", signer(KeyType::kRsa)))));
  Gate gate;
  fixture.fetcher.on_get = [&gate] { gate.wait(); };
  const auto begin = SteadyClock::now();
  fixture.keys.start();
  EXPECT_TRUE(fixture.keys.keys("https://other.example.org", "a"));
  EXPECT_LT(SteadyClock::now() - begin, kAtOnce);
  gate.open();
  fixture.keys.wait_until_idle();
  EXPECT_TRUE(fixture.keys.keys(kIssuerUrl, "ec"));
}

}  // namespace
}  // namespace continuum::access
