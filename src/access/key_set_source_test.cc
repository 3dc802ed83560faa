#include "access/key_set_source.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "access/tokens_fixture_test.h"

namespace continuum::access {
namespace {

class KeySetSourceTest : public testing::Test {
 protected:
  // "a b": the kids that the issuer has at present; "" when there are no keys.
  std::string kids(std::string_view kid = {}) {
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
  EXPECT_EQ(source().keys(kIssuerUrl)->generation, first);
  EXPECT_EQ(fetches(), 2);
  publish("next");
  fixture_.pass(kKeysFreshSeconds);
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

// While one thread fetches, others go on with the old keys, and only so many wait for a new one.
TEST_F(KeySetSourceTest, OneFetchAtATime) {
  EXPECT_EQ(kids(), "ec rsa ed");
  publish("next");
  fixture_.pass(kKeysFreshSeconds);
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false;
  bool go_on = false;
  fixture_.fetcher.on_get = [&] {
    std::unique_lock lock(mutex);
    asked = true;
    changed.notify_all();
    changed.wait(lock, [&] { return go_on; });
  };
  std::thread first([&] { EXPECT_EQ(kids(), "next"); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return asked; });
  }
  EXPECT_EQ(kids(), "ec rsa ed");
  EXPECT_EQ(kids("ec"), "ec rsa ed");
  std::atomic<int> had_old = 0;
  std::atomic<int> had_next = 0;
  std::vector<std::thread> others;
  for (int i = 0; i < kWaitersMax + 2; ++i) {
    others.emplace_back([&] { ++(kids("next") == "next" ? had_next : had_old); });
  }
  while (had_old < 2) {
    std::this_thread::yield();
  }
  EXPECT_EQ(had_next, 0);
  {
    const std::lock_guard lock(mutex);
    go_on = true;
  }
  changed.notify_all();
  first.join();
  for (std::thread& each : others) {
    each.join();
  }
  EXPECT_EQ(had_old, 2);
  EXPECT_EQ(had_next, kWaitersMax);
  EXPECT_EQ(kids(), "next");
  EXPECT_EQ(fetches(), 2);
}

}  // namespace
}  // namespace continuum::access
