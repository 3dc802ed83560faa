#include <gtest/gtest.h>

#include "base/random.h"
#include "config/nearest_name.h"
#include "config/region.h"
#include "config/shapes.h"

namespace continuum::config {
namespace {

// Two good lines that most rows start with: what a row adds begins on line 3.
constexpr std::string_view kHead =
    "name = 'Exemplar'\n"
    "base_url = 'http://127.0.0.1:8080/fhir'\n";

// "3:1 5:9": where each problem stands, in order; empty for success.
std::string places(const Result<Region>& region) {
  std::string out;
  if (!region) {
    for (const ErrorDetail& detail : region.error().details) {
      out += (out.empty() ? "" : " ") + detail.where.substr(detail.where.find(':') + 1);
    }
  }
  return out;
}

TEST(ParseRegion, NamesEveryProblem) {
  struct Row {
    std::string_view added;   // after kHead
    std::string_view places;  // of the problems
    std::string_view says;    // in one of them
  };
  const Row rows[] = {
      {"", "", ""},
      {"cache_mb = 64", "", ""},
      {"cache_mb = 7", "3:12", "from 8 to"},
      {"cache_mb = -1", "3:12", "found -1"},
      {"cache_mb = 1.5", "3:12", "expected a whole number, found a decimal number"},
      {"cache_mb = '64'", "3:12", "found text"},
      {"cahce_mb = 64", "3:1", "did you mean 'cache_mb'?"},
      {"[[soruce]]\nname = 'x'", "3:3", "'soruce' (did you mean 'source'?)"},
      {"listen = 8080", "3:10", "a table, [listen]"},
      {"[listen]\naddress = '0.0.0.0'", "4:11", "loopback"},
      {"[listen]\naddress = '127.9.9.9'\nport = 0", "", ""},
      {"[listen]\nport = 65536", "4:8", "65535"},
      {"[listen]\nprot = 1", "4:1", "'port'"},
      {"[limits]\ndepth = 15\nbody_bytes = 0", "4:9 5:14", "from 16 to 512"},
      {"[limits]\npage_size = 2000", "3:1", "'page_size_max'"},
      {"[limits]\nbody_byte = 1", "4:1", "'body_bytes'"},
      {"organisation = 3", "3:16", "[[organisation]]"},
      {"[organisation]\nname = 'x'", "3:1", "[[organisation]]"},
      {"organisation = [3, 'x']", "3:17 3:20", "[[organisation]]"},
      {"[[organisation]]", "3:1 3:1 3:1", "'ods_code' is missing"},
      {"[[organisation]]\nods_code = 'a81'\nname = ' x'\nkind = 'gp'", "4:12 5:8 6:8", "ODS code"},
      {"[[organisation]]\nods_code = 'A81'\nname = 'x'\nkind = 'gp-practise'", "6:8",
       "(did you mean 'gp-practice'?)"},
      {"[[organisation]]\nods_code = 'A81'\nname = 'x'\nkind = 'other'\n"
       "[[organisation]]\nods_code = 'A81'\nname = 'y'\nkind = 'other'",
       "8:12", "already given on line 4"},
      {"[[organisation]]\nods_code = 'A81'\nname = 'x'\nkind = 'other'\n"
       "[[source]]\nname = 's'\norganisation = 'A81'",
       "", ""},
      {"[[source]]\nname = 's'\norganisation = 'A81'\n"
       "[[organisation]]\nods_code = 'A81'\nname = 'x'\nkind = 'other'",
       "", ""},
      {"[[source]]\nname = 's'\norganisation = 'A82'", "5:16", "no [[organisation]]"},
      {"[[source]]\nname = 'S_1'\norganisation = 'A82'\nclient = 'x'", "4:8 5:16 6:1",
       "'client_id'"},
      {"[[organisation]]\nods_code = 'A81'\nname = 'x'\nkind = 'other'\n"
       "[[source]]\nname = 's'\norganisation = 'A81'\nclient_id = 'c'\n"
       "[[source]]\nname = 's'\norganisation = 'A81'\nclient_id = 'c'",
       "12:8 14:13", "line 8"},
      {"[[organisation]]\nods_code = 'A81'\nname = 'x'\nkind = 'other'\n"
       "[[source]]\nname = 's'\norganisation = 'A81'\nstructure = 'mark'",
       "", ""},
      {"[[organisation]]\nods_code = 'A81'\nname = 'x'\nkind = 'other'\n"
       "[[source]]\nname = 's'\norganisation = 'A81'\nstructure = 'marks'",
       "10:13", "(did you mean 'mark'?)"},
      {"mode = 'demo'", "", ""},
      {"mode = 'live'", "", ""},
      {"mode = 'dmeo'", "3:8", "'mode': unknown mode 'dmeo' (did you mean 'demo'?)"},
      {"mode = 1", "3:8", "text in quotes"},
      {"[[issuer]]\nurl = 'https://id.example.org'\nkinds = ['staff', 'citizen']", "", ""},
      {"[[issuer]]\nurl = 'https://id.example.org/a/'\nkinds = ['system']\njwks_file = 'k.json'",
       "", ""},
      {"[[issuer]]", "3:1 3:1", "'kinds' is missing"},
      {"[[issuer]]\nurl = 'http://127.0.0.1:9000'\nkinds = ['staff']", "4:7", "mode = \"demo\""},
      {"[[issuer]]\nurl = 'http://id.example.org'\nkinds = ['staff']", "4:7", "loopback host"},
      {"[[issuer]]\nurl = 'https://a'\nkinds = []", "5:9", "one or more of"},
      {"[[issuer]]\nurl = 'https://a'\nkinds = 'staff'", "5:9", "one or more of"},
      {"[[issuer]]\nurl = 'https://a'\nkinds = ['staff', 1, 'stuff', 'staff']", "5:19 5:22 5:31",
       "(did you mean 'staff'?)"},
      {"[[issuer]]\nurl = 'https://a'\nkinds = ['staff']\njwks_file = ''\nkeys = 1", "6:13 7:1",
       "a path"},
      {"[[issuer]]\nurl = 'https://a'\nkinds = ['staff']\n"
       "[[issuer]]\nurl = 'https://a'\nkinds = ['citizen']",
       "7:7", "already given on line 4"},
      {"[[operator]]\nclient_id = 'watch'", "", ""},
      {"[[operator]]", "3:1", "'client_id' is missing"},
      {"[[operator]]\nclient_id = 'watch'\n[[operator]]\nclient_id = 'watch'", "6:13", "line 4"},
      {"[[organisation]]\nods_code = 'A81'\nname = 'x'\nkind = 'other'\n"
       "[[source]]\nname = 's'\norganisation = 'A81'\nclient_id = 'c'\n"
       "[[operator]]\nclient_id = 'c'",
       "12:13", "line 10"},
      {"[erasure]\nroles = ['R8015', 'R0001']", "", ""},
      {"[erasure]", "3:1", "'roles' is missing"},
      {"[erasure]\nroles = ['R8015', 'clerk', 'R8015']\nrole = 1", "4:19 4:28 5:1",
       "such as R8000"},
      {"[.]", "3:2", ""},
      {"a.b\u029C = 1", "3:4", ""},
      {"[\x01]", "3:2", ""},
      {"name = 'again'", "3:8", ""},
      {"cache_mb = ", "3:12", ""},
      {"x = '\xFF'", "3:5", ""},
      {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", "3:1", "dots"},
      {"# ................................................................", "", ""},
      {"x = [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "3:21", ""},
  };
  for (const Row& row : rows) {
    const std::string text = std::string(kHead) + std::string(row.added);
    SCOPED_TRACE(text);
    const auto region = parse_region(text, "region.toml");
    EXPECT_EQ(places(region), row.places);
    if (!row.places.empty()) {
      ASSERT_FALSE(region);
      EXPECT_EQ(region.error().code, ErrorCode::kInvalid);
      EXPECT_NE(region.error().text().find(row.says), std::string::npos) << region.error().text();
    }
  }
}

TEST(ParseRegion, HttpIssuersNeedADemo) {
  const auto region = parse_region(
      std::string(kHead) +
          "[[issuer]]\nurl = 'http://localhost:9000'\nkinds = ['operator', 'staff']\n"
          "[[issuer]]\nurl = 'http://[::1]/id'\nkinds = ['citizen']\njwks_file = '/k'\n"
          "[[operator]]\nclient_id = 'watch'\n",
      "region.toml");
  EXPECT_EQ(places(region), "4:7 7:7");
  const auto demo = parse_region(
      "mode = 'demo'\n" + std::string(kHead) +
          "[[issuer]]\nurl = 'http://localhost:9000'\nkinds = ['operator', 'staff']\n"
          "[[issuer]]\nurl = 'http://[::1]/id'\nkinds = ['citizen']\njwks_file = '/k'\n"
          "[[operator]]\nclient_id = 'watch'\n",
      "region.toml");
  ASSERT_TRUE(demo) << demo.error().text();
  EXPECT_EQ(demo->mode, Mode::kDemo);
  const std::vector<Issuer> issuers = {
      {"http://localhost:9000", {CallerKind::kOperator, CallerKind::kStaff}, ""},
      {"http://[::1]/id", {CallerKind::kCitizen}, "/k"}};
  EXPECT_EQ(demo->issuers, issuers);
  EXPECT_EQ(demo->operators, std::vector<Operator>{{"watch"}});
}

TEST(ParseRegion, BoundsIssuers) {
  std::string text(kHead);
  for (size_t i = 0; i < kIssuersMax; ++i) {
    text += "[[issuer]]\nurl = 'https://a" + std::to_string(i) + "'\nkinds = ['staff']\n";
  }
  EXPECT_TRUE(parse_region(text, "region.toml"));
  text += "[[issuer]]\nurl = 'https://b'\nkinds = ['staff']\n";
  EXPECT_EQ(places(parse_region(text, "region.toml")), "99:1");
}

TEST(ParseRegion, NeedsNameAndBaseUrl) {
  EXPECT_EQ(places(parse_region("", "region.toml")), "1:1 1:1");
  EXPECT_EQ(places(parse_region("# nothing\n[limits]\n", "region.toml")), "1:1 1:1");
}

TEST(ParseRegion, FillsDefaults) {
  const auto region = parse_region(kHead, "region.toml");
  ASSERT_TRUE(region) << region.error().text();
  EXPECT_EQ(region->name, "Exemplar");
  EXPECT_EQ(region->base_url, "http://127.0.0.1:8080/fhir");
  EXPECT_EQ(region->cache_mb, 256U);
  EXPECT_EQ(region->listen, Listen());
  EXPECT_EQ(region->limits, Limits());
}

TEST(ParseRegion, CountsWhatItDoesNotList) {
  std::string text(kHead);
  for (int i = 0; i < 150; ++i) {
    text += "unknown_" + std::to_string(i) + " = 1\n";
  }
  const auto region = parse_region(text, "region.toml");
  ASSERT_FALSE(region);
  ASSERT_EQ(region.error().details.size(), kProblemsListedMax + 1);
  EXPECT_EQ(region.error().details.back().what, "50 more");
}

TEST(ParseRegion, RefusesOverTheSizeLimit) {
  const std::string text(kRegionFileBytesMax + 1, '#');
  EXPECT_EQ(parse_region(text, "region.toml").error().code, ErrorCode::kTooLarge);
  EXPECT_NE(parse_region(text.substr(1), "region.toml").error().code, ErrorCode::kTooLarge);
}

TEST(ParseRegion, DefaultsAreInRange) {
  const Limits defaults;
  for (const auto& field : kLimitFields) {
    EXPECT_GE(defaults.*field.member, field.min) << field.key;
    EXPECT_LE(defaults.*field.member, field.max) << field.key;
  }
}

TEST(LoadRegion, ReadsAFile) {
  MemoryFileSystem files;
  EXPECT_EQ(load_region(files, "/region.toml").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(replace_file(files, "/region.toml", kHead));
  EXPECT_TRUE(load_region(files, "/region.toml"));
  ASSERT_TRUE(replace_file(files, "/bad.toml", "name = 1"));
  const auto bad = load_region(files, "/bad.toml");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().details.back().where, "/bad.toml:1:8");
  ASSERT_TRUE(replace_file(files, "/big.toml", std::string(kRegionFileBytesMax + 1, '#')));
  EXPECT_EQ(load_region(files, "/big.toml").error().code, ErrorCode::kTooLarge);
}

std::string random_name(SeededRandom& random) {
  static constexpr std::string_view kPieces[] = {"a", "Z", "9",  "\"", "\\", "'",
                                                 "#", "é", "日", "=",  "{}"};
  std::string out = "x";
  for (int64_t n = random.between(0, 12); n > 0; --n) {
    out += kPieces[random.below(std::size(kPieces))];
  }
  return out;
}

Region random_region(SeededRandom& random) {
  Region region;
  region.name = random_name(random);
  region.base_url = random.below(2) == 0
                        ? "https://record.example.org/r1/fhir"
                        : "http://[::1]:" + std::to_string(1 + random.below(65'535)) + "/fhir";
  region.cache_mb = kCacheMbMin + random.below(1000);
  region.listen = {random.below(2) == 0 ? "::1" : "127.0.0.1",
                   static_cast<uint16_t>(random.below(65'536))};
  for (const auto& field : kLimitFields) {
    region.limits.*field.member = field.min + random.below(field.max - field.min + 1);
  }
  region.limits.page_size = std::min(region.limits.page_size, region.limits.page_size_max);
  for (uint64_t n = random.below(4); n > 0; --n) {
    region.organisations.push_back(
        {"ODS" + std::to_string(n), random_name(random),
         kOrganisationKinds[random.below(kOrganisationKinds.size())].first});
  }
  for (uint64_t n = random.below(4); n > 0 && !region.organisations.empty(); --n) {
    const auto& owner = region.organisations[random.below(region.organisations.size())];
    region.sources.push_back({"s-" + std::to_string(n), owner.ods_code,
                              random.below(2) == 0 ? "" : "client\"" + std::to_string(n)});
  }
  region.mode = random.below(2) == 0 ? Mode::kDemo : Mode::kLive;
  for (uint64_t n = random.below(4); n > 0; --n) {
    Issuer issuer{"https://id" + std::to_string(n) + ".example.org", {}, ""};
    const uint64_t chosen = 1 + random.below(15);
    for (const auto& [kind, name] : kCallerKinds) {
      if ((chosen >> static_cast<unsigned>(kind) & 1) != 0) {
        issuer.kinds.push_back(kind);
      }
    }
    issuer.jwks_file = random.below(2) == 0 ? "" : random_name(random);
    region.issuers.push_back(issuer);
  }
  for (uint64_t n = random.below(3); n > 0; --n) {
    region.operators.push_back({"watch" + std::to_string(n)});
    region.erasure_roles.push_back("R" + std::to_string(8000 + n));
  }
  return region;
}

TEST(OrganisationName, IsTheCodeWhereNoneIsKnown) {
  Region region;
  region.organisations = {{.ods_code = "A81001", .name = "Exemplar Surgery"},
                          {.ods_code = "RXX01", .name = "Exemplar Hospital"}};
  EXPECT_EQ(organisation_name(region, "RXX01"), "Exemplar Hospital");
  EXPECT_EQ(organisation_name(region, "A81001"), "Exemplar Surgery");
  EXPECT_EQ(organisation_name(region, "A8100"), "A8100");
  EXPECT_EQ(organisation_name(region, ""), "");
}

TEST(ToToml, RoundTrips) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    SeededRandom random(seed);
    const Region region = random_region(random);
    const auto again = parse_region(to_toml(region), "region.toml");
    ASSERT_TRUE(again) << "seed " << seed << ": " << again.error().text();
    ASSERT_EQ(*again, region) << "seed " << seed << "\n" << to_toml(region);
  }
}

TEST(Shapes, FhirBaseUrl) {
  for (const char* good : {"http://localhost/fhir", "https://a.example.org:8443/region-1/fhir",
                           "http://127.0.0.1:1/fhir", "http://[::1]:8080/fhir"}) {
    EXPECT_TRUE(is_fhir_base_url(good)) << good;
  }
  for (const char* bad : {"",
                          "fhir",
                          "/fhir",
                          "ftp://a/fhir",
                          "http:/a/fhir",
                          "http:///fhir",
                          "http://a/fhir/",
                          "http://a",
                          "http://a/",
                          "http://a/xfhirx",
                          "http://a/fhir?x",
                          "http://a/fhir#x",
                          "http://u@a/fhir",
                          "http://a:0/fhir",
                          "http://a:65536/fhir",
                          "http://a:/fhir",
                          "http://a:8x/fhir",
                          "http://[::1/fhir",
                          "http://[x]/fhir",
                          "http://a b/fhir",
                          "http://a//fhir",
                          "http://A/fhir",
                          "http://-a/fhir",
                          "http://a..b/fhir"}) {
    EXPECT_FALSE(is_fhir_base_url(bad)) << bad;
  }
}

TEST(Shapes, IssuerUrl) {
  for (const char* good : {"https://id.example.org", "https://id.example.org/",
                           "https://a:8443/x/y", "http://localhost", "http://localhost:9000/",
                           "http://127.1.2.3:1/a", "http://[::1]", "http://[::1]:9000/x"}) {
    EXPECT_TRUE(is_issuer_url(good)) << good;
  }
  for (const char* bad : {"", "https:", "https://", "id.example.org", "http://id.example.org",
                          "http://127.0.0.1.org", "http://localhost.example.org", "http://10.0.0.1",
                          "http://[::2]", "https://a?x", "https://a#x", "https://u@a",
                          "http://localhost@a", "https://a//b", "HTTPS://a", "https://A"}) {
    EXPECT_FALSE(is_issuer_url(bad)) << bad;
  }
}

TEST(Shapes, Names) {
  EXPECT_TRUE(is_ods_code("A81"));
  EXPECT_TRUE(is_ods_code("0123456789"));
  EXPECT_FALSE(is_ods_code("A8"));
  EXPECT_FALSE(is_ods_code("01234567890"));
  EXPECT_FALSE(is_ods_code("A-81"));
  EXPECT_TRUE(is_source_name(std::string(40, 'a')));
  EXPECT_FALSE(is_source_name(std::string(41, 'a')));
  EXPECT_FALSE(is_source_name("-a"));
  EXPECT_FALSE(is_source_name(""));
  EXPECT_TRUE(is_display_name("Ysbyty'r Ddôl"));
  EXPECT_FALSE(is_display_name("a\tb"));
}

TEST(NearestName, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("soruce", "source"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  const std::string_view known[] = {"name", "kind", "ods_code"};
  EXPECT_EQ(nearest_name("odscode", known), "ods_code");
  EXPECT_EQ(nearest_name("", known), "name");
}

}  // namespace
}  // namespace continuum::config
