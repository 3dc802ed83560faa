#include "record/canonical.h"

#include <gtest/gtest.h>

#include "json/writer.h"

namespace continuum::record {
namespace {

constexpr std::string_view kId = "00000000000000000000000000ab";
const std::string kOurs =
    "{\"url\":\"" + std::string(kSourceExtension) + "\",\"valueString\":\"gp\"}";

Result<Canonical> canonical_of(std::string_view text, std::string_view source = "gp") {
  json::Document document;
  TRY(document.parse(text));
  Canonical out;
  TRY(canonicalise(document, *document.root(), kId, source, out));
  return out;
}

std::string spliced(const Canonical& canonical) {
  std::string out;
  append_spliced(out, canonical.body, canonical.splice_offset, 12, Instant{0});
  return out;
}

size_t count(std::string_view text, std::string_view word) {
  size_t n = 0;
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    ++n;
  }
  return n;
}

// SAFETY: a mark is the server's word: who sends one does not set it, nor keep it.
TEST(Canonical, MarksAreTheServersAlone) {
  auto tags_of = [](std::string_view meta, Marks marks) {
    json::Document document;
    EXPECT_TRUE(document.parse(R"({"resourceType":"Patient","meta":)" + std::string(meta) + "}"));
    Canonical out;
    EXPECT_TRUE(canonicalise(document, *document.root(), kId, "gp", out, marks));
    EXPECT_TRUE(document.parse(out.body));
    const json::Node* tags = document.root()->find("meta")->find("tag");
    std::string text;
    if (tags != nullptr) {
      json::write(*tags, text);
    }
    return text;
  };
  const std::string mark =
      R"({"system":")" + std::string(kMarkSystem) + R"(","code":"structure-faults"})";
  const std::string other = R"({"system":"x","code":"structure-faults"})";
  const Marks marked{.has_structure_faults = true};
  EXPECT_EQ(tags_of("{}", marked), "[" + mark + "]");
  EXPECT_EQ(tags_of("{}", {}), "");
  EXPECT_EQ(tags_of("{\"tag\":[" + mark + "]}", {}), "");
  EXPECT_EQ(tags_of("{\"tag\":[" + mark + "," + other + "]}", {}), "[" + other + "]");
  EXPECT_EQ(tags_of("{\"tag\":[" + mark + "," + other + "]}", marked),
            "[" + other + "," + mark + "]");
  EXPECT_FALSE(canonical_of(R"({"resourceType":"Patient","meta":{"tag":{}}})"));
}

TEST(Canonical, BringsMembersToOrder) {
  std::string start =
      "{\"resourceType\":\"Patient\",\"id\":\"" + std::string(kId) + "\",\"meta\":{";
  struct Row {
    std::string sent;
    std::string rest;  // after the start
  };
  const Row rows[] = {
      {R"({"resourceType":"Patient"})", R"("extension":[)" + kOurs + "]}}"},
      {R"({"gender":"male","id":"7","resourceType":"Patient","active":true})",
       R"("extension":[)" + kOurs + R"(]},"gender":"male","active":true})"},
      {R"({"b":1.50,"resourceType":"Patient","meta":{},"a":-0.0E+07})",
       R"("extension":[)" + kOurs + R"(]},"b":1.50,"a":-0.0E+07})"},
      {R"({"resourceType":"Patient","meta":{"profile":["p"],"versionId":"3",
           "lastUpdated":"2020-01-01T00:00:00Z","tag":[]}})",
       R"("profile":["p"],"tag":[],"extension":[)" + kOurs + "]}}"},
      {R"({"resourceType":"Patient","meta":{"extension":[{"url":"x","valueString":"y"},)" +
           std::string("{\"url\":\"") + std::string(kSourceExtension) +
           R"(","valueString":"elsewhere"},{"url":"z"}]}})",
       R"("extension":[{"url":"x","valueString":"y"},{"url":"z"},)" + kOurs + "]}}"},
  };
  for (const Row& row : rows) {
    auto canonical = canonical_of(row.sent);
    ASSERT_TRUE(canonical) << canonical.error().text();
    EXPECT_EQ(canonical->body, start + row.rest);
    EXPECT_EQ(canonical->splice_offset, start.size());
    EXPECT_EQ(canonical->digest, crypto::sha256(canonical->body));
  }
}

TEST(Canonical, IsItsOwnCanonicalForm) {
  for (const char* sent :
       {R"({"resourceType":"Patient"})",
        R"({"z":[1,2.00,{"meta":{"versionId":"inner"}}],"meta":{"versionId":"1","security":[]},
            "id":"q","resourceType":"Basic"})",
        R"({"meta":{"extension":[{"url":"x"}],"_lastUpdated":{"id":"u"}},"resourceType":"Basic"})",
        R"({"resourceType":"Basic","text":"\"meta\":{\"versionId\":\"8\" é \u0001"})"}) {
    auto once = canonical_of(sent);
    ASSERT_TRUE(once);
    auto twice = canonical_of(once->body);
    ASSERT_TRUE(twice);
    EXPECT_EQ(twice->body, once->body);
    EXPECT_EQ(twice->splice_offset, once->splice_offset);
    // What left the store and comes back is what is in the store.
    auto back = canonical_of(spliced(*once));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->body, once->body);
  }
}

TEST(Canonical, OfAnotherSourceSaysSo) {
  auto once = canonical_of(R"({"resourceType":"Patient"})", "gp");
  auto other = canonical_of(once->body, "trust");
  EXPECT_EQ(count(other->body, kSourceExtension), 1U);
  EXPECT_EQ(count(other->body, "\"valueString\":\"trust\""), 1U);
}

TEST(Canonical, SpliceGivesOneVersion) {
  for (const char* sent :
       {R"({"resourceType":"Patient"})",
        R"({"resourceType":"Patient","meta":{"versionId":"7","lastUpdated":"x"},"a":1})"}) {
    std::string out = spliced(*canonical_of(sent));
    json::Document document;
    ASSERT_TRUE(document.parse(out)) << out;
    EXPECT_EQ(count(out, "versionId"), 1U);
    EXPECT_EQ(document.root()->find("meta")->string("versionId"), "12");
    EXPECT_EQ(document.root()->find("meta")->string("lastUpdated"), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(json::write(*document.root()), out);
  }
  std::string bare;
  append_spliced(bare, R"({"meta":{}})", 9, 4'294'967'295, Instant{0});
  EXPECT_EQ(bare,
            R"({"meta":{"versionId":"4294967295","lastUpdated":"1970-01-01T00:00:00.000Z"}})");
}

TEST(Canonical, RefusesOtherShapes) {
  for (const char* sent :
       {R"({"id":"7"})", R"({"resourceType":"Patientt"})", R"({"resourceType":7})", "[]",
        R"({"resourceType":null})", R"({"resourceType":"Patient","meta":[]})",
        R"({"resourceType":"Patient","meta":null})",
        R"({"resourceType":"Patient","meta":{"extension":{}}})",
        R"({"resourceType":"Patient","meta":{"extension":"x"}})"}) {
    auto refused = canonical_of(sent);
    ASSERT_FALSE(refused) << sent;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << sent;
  }
  EXPECT_FALSE(canonical_of("{\"resourceType\":\"" + std::string(70'000, 'x') + "\"}"));
  EXPECT_TRUE(canonical_of(R"({"resourceType":"Patient","meta":{"extension":[7,null,"x"]}})"));
}

}  // namespace
}  // namespace continuum::record
