#include "access/http_fetcher.h"

#include <gtest/gtest.h>

#include "access/tokens_fixture_test.h"
#include "http/server.h"

namespace continuum::access {
namespace {

class HttpFetcherTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = http::Server::start({}, [this](const http::Request& request) {
      http::Response response;
      if (request.target == "/keys") {
        response.body = keys_;
      } else if (request.target == "/.well-known/openid-configuration") {
        response.body = discovery_;
      } else if (request.target == "/moved") {
        response.status = 302;
        response.headers.set("Location", "/keys");
      } else {
        response.status = 404;
      }
      return response;
    });
    ASSERT_TRUE(server);
    server_ = *std::move(server);
    url_ = "http://127.0.0.1:" + std::to_string(server_->port());
    keys_ = jwk_set(jwk("ec", signer(KeyType::kEcP256)));
    discovery_ = R"({"issuer":")" + url_ + R"(","jwks_uri":")" + url_ +
                 R"(/keys","continuum_development_only":true})";
  }

  HttpFetcher fetcher_;
  std::string keys_;
  std::string discovery_;
  std::string url_;
  std::unique_ptr<http::Server> server_;  // stops before what its handler uses goes
};

TEST_F(HttpFetcherTest, GetsDocuments) {
  EXPECT_EQ(fetcher_.get(url_ + "/keys", keys_.size()).value(), keys_);
  EXPECT_EQ(fetcher_.get(url_ + "/keys", keys_.size() - 1).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(fetcher_.get(url_ + "/moved", 1'000).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(fetcher_.get(url_ + "/none", 1'000).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(fetcher_.get("http://id.example.org/keys", 1'000).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(fetcher_.get("https" + url_.substr(4) + "/keys", 1'000).error().code,
            ErrorCode::kUnavailable);
  server_.reset();
  EXPECT_EQ(fetcher_.get(url_ + "/keys", 1'000).error().code, ErrorCode::kUnavailable);
}

TEST_F(HttpFetcherTest, ADemoVerifiesTokensOfItsIssuer) {
  config::Region region = test_region();
  region.mode = config::Mode::kDemo;
  region.issuers[0].url = url_;
  MemoryFileSystem files;
  FakeClock clock({kNowSeconds * 1'000'000});
  KeySetSource keys(region, fetcher_, files, clock);
  TokenVerifier verifier(region, keys, clock);
  const auto principal = verifier.verify(staff_token().with("iss", "\"" + url_ + "\"").field());
  ASSERT_TRUE(principal) << keys.last_failure(url_).value().text();
  EXPECT_EQ(principal->issuer, url_);

  region.mode = config::Mode::kLive;
  KeySetSource live(region, fetcher_, files, clock);
  EXPECT_FALSE(live.keys(url_));
  EXPECT_EQ(live.last_failure(url_)->code, ErrorCode::kForbidden);
}

}  // namespace
}  // namespace continuum::access
