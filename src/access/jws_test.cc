#include "access/jws.h"

#include <gtest/gtest.h>

#include "access/claims.h"
#include "access/url.h"

namespace continuum::access {
namespace {

// RFC 7515 appendix A.3, RFC 8037 appendix A.4 and the unsecured token of RFC 7519 section 6.1: of
// sound form, and no access tokens.
TEST(Jws, ExamplesOfTheRfcs) {
  const auto a3 = split_jws(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
      "NvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmW"
      "QxfKTUJqPP3-Kg6NU1Q");
  ASSERT_TRUE(a3);
  EXPECT_EQ(a3->header, R"({"alg":"ES256"})");
  EXPECT_EQ(a3->payload,
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
  EXPECT_EQ(a3->signature.size(), 64U);
  EXPECT_EQ(a3->signing_input.size(), 20U + 1 + 94);
  EXPECT_EQ(read_token_header(a3->header).error(), TokenFault::kType);
  EXPECT_EQ(read_claims(a3->payload).error(), TokenFault::kMalformedClaims);

  const auto a4 = split_jws(
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
      "09PGcvMg"
      "3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  ASSERT_TRUE(a4);
  EXPECT_EQ(a4->payload, "Example of Ed25519 signing");
  EXPECT_EQ(read_token_header(a4->header).error(), TokenFault::kType);

  const auto unsecured = split_jws(
      "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
      "bS9pc19yb290Ijp0cnVlfQ.");
  EXPECT_EQ(unsecured.error(), TokenFault::kMalformed);
  EXPECT_EQ(read_token_header(R"({"alg":"none"})").error(), TokenFault::kAlgorithm);
}

TEST(Jws, ThreePartsAndNoMore) {
  EXPECT_TRUE(split_jws("AA.AA.AA"));
  for (const char* bad : {"", ".", "..", "AA", "AA.AA", "AA.AA.", ".AA.AA", "AA..AA", "AA.AA.AA.AA",
                          "AA.AA.A", "AA.AB.AA", "AA.AA.AA=", "AA.A A.AA", "A+.AA.AA"}) {
    EXPECT_EQ(split_jws(bad).error(), TokenFault::kMalformed) << bad;
  }
}

TEST(Url, PartsOfGoodOnes) {
  struct Row {
    const char* text;
    bool tls;
    const char* host;
    uint16_t port;
    const char* target;
    bool loopback;
  };
  for (const Row& row : {Row{"https://a.example.org", true, "a.example.org", 443, "/", false},
                         Row{"https://a:8443/x/y?z=1", true, "a", 8443, "/x/y?z=1", false},
                         Row{"https://a?z", true, "a", 443, "/?z", false},
                         Row{"http://localhost:9000/k", false, "localhost", 9000, "/k", true},
                         Row{"http://127.0.0.2/", false, "127.0.0.2", 80, "/", true},
                         Row{"http://[::1]:1/", false, "::1", 1, "/", true},
                         Row{"https://[2001:db8::1]/", true, "2001:db8::1", 443, "/", false}}) {
    const auto url = parse_url(row.text);
    ASSERT_TRUE(url) << row.text;
    EXPECT_EQ(url->tls, row.tls);
    EXPECT_EQ(url->host, row.host);
    EXPECT_EQ(url->port, row.port);
    EXPECT_EQ(url->target, row.target);
    EXPECT_EQ(url->is_loopback(), row.loopback);
  }
}

TEST(Url, RefusesOthers) {
  for (const std::string& bad : {std::string(),
                                 std::string("https://"),
                                 std::string("https:///x"),
                                 std::string("ftp://a/"),
                                 std::string("file:///etc/passwd"),
                                 std::string("HTTPS://a/"),
                                 std::string("https://A/"),
                                 std::string("https://u@a/"),
                                 std::string("https://a:0/"),
                                 std::string("https://a:/"),
                                 std::string("https://a:65536/"),
                                 std::string("https://a:1x/"),
                                 std::string("https://a/#x"),
                                 std::string("https://a/ b"),
                                 std::string("https://a/\r\nx"),
                                 std::string("https://[::1/"),
                                 std::string("https://[x]/"),
                                 std::string("https://[::1]x/"),
                                 std::string("http://a/"),
                                 std::string("http://10.0.0.1/"),
                                 std::string("http://127.0.0.1.example.org/"),
                                 std::string("http://[::2]/"),
                                 "https://a/" + std::string(1'000, 'x')}) {
    EXPECT_EQ(parse_url(bad).error().code, ErrorCode::kInvalid) << bad;
  }
}

}  // namespace
}  // namespace continuum::access
