// Which places of a resource are links.
#include "fhir/links.h"

#include <gtest/gtest.h>

#include "json/writer.h"

namespace continuum::fhir {
namespace {

// The resource with each link that says "old" saying `with`, as "kind:with".
std::string relinked(std::string_view text, std::string_view with = "new") {
  json::Document document;
  EXPECT_TRUE(document.parse(text)) << text;
  Status done =
      relink(document, *document.root(),
             [&](LinkKind kind, std::string_view link) -> Result<std::optional<std::string>> {
               if (link != "old") {
                 return std::optional<std::string>();
               }
               const char* name = kind == LinkKind::kReference ? "reference:"
                                  : kind == LinkKind::kUri     ? "uri:"
                                                               : "narrative:";
               return std::optional(name + std::string(with));
             });
  EXPECT_TRUE(done);
  std::string out;
  json::write(*document.root(), out);
  return out;
}

TEST(Links, AreFoundByTheTypeOfTheElement) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"resourceType":"Observation","subject":{"reference":"old"},"basedOn":[{"reference":"old"},{"reference":"other"}]})",
       R"({"resourceType":"Observation","subject":{"reference":"reference:new"},"basedOn":[{"reference":"reference:new"},{"reference":"other"}]})"},
      {R"({"resourceType":"DocumentReference","content":[{"attachment":{"url":"old","title":"old"}}]})",
       R"({"resourceType":"DocumentReference","content":[{"attachment":{"url":"uri:new","title":"old"}}]})"},
      {R"({"resourceType":"CarePlan","instantiatesCanonical":["old"],"instantiatesUri":["old","x"]})",
       R"({"resourceType":"CarePlan","instantiatesCanonical":["uri:new"],"instantiatesUri":["uri:new","x"]})"},
      // Texts, codes and ids that say the same are none.
      {R"({"resourceType":"Patient","id":"old","name":[{"text":"old"}],"identifier":[{"value":"old"}]})",
       R"({"resourceType":"Patient","id":"old","name":[{"text":"old"}],"identifier":[{"value":"old"}]})"},
      {R"({"resourceType":"Patient","extension":[{"url":"old","valueUri":"old"},{"url":"x","valueReference":{"reference":"old"}}]})",
       R"({"resourceType":"Patient","extension":[{"url":"old","valueUri":"uri:new"},{"url":"x","valueReference":{"reference":"reference:new"}}]})"},
      {R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"x","valueUrl":"old"}]}})",
       R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"x","valueUrl":"uri:new"}]}})"},
      {R"({"resourceType":"Task","contained":[{"resourceType":"Observation","subject":{"reference":"old"}}],"unknown":{"reference":"old"}})",
       R"({"resourceType":"Task","contained":[{"resourceType":"Observation","subject":{"reference":"reference:new"}}],"unknown":{"reference":"old"}})"},
      {R"({"resourceType":"Nothing","subject":{"reference":"old"}})",
       R"({"resourceType":"Nothing","subject":{"reference":"old"}})"},
  };
  for (const auto& [before, after] : rows) {
    EXPECT_EQ(relinked(before), after);
  }
}

TEST(Links, OfANarrativeAreAttributes) {
  auto narrative = [](std::string_view div) {
    std::string out = R"({"resourceType":"Patient","text":{"status":"generated","div":"<div>)";
    return out.append(div) + "</div>\"}}";
  };
  const std::pair<const char*, const char*> rows[] = {
      {"<a href='old'>old</a>", "<a href='narrative:new'>old</a>"},
      {"<img alt='x' src='old'/><a href='old'>y</a>",
       "<img alt='x' src='narrative:new'/><a href='narrative:new'>y</a>"},
      {"<a href='older'>href='old'</a>", "<a href='older'>href='old'</a>"},
      {"<a title='href=old' class='old'>z</a>", "<a title='href=old' class='old'>z</a>"},
      {"<!-- <a href='old'> --><a href='old'/>",
       "<!-- <a href='old'> --><a href='narrative:new'/>"},
      {"<a href='old", "<a href='old"},
      {"<a", "<a"},
      {"<!-- ", "<!-- "},
  };
  for (const auto& [before, after] : rows) {
    EXPECT_EQ(relinked(narrative(before)), narrative(after));
  }
  EXPECT_EQ(relinked(narrative("<a href='old'/>"), "a&'b"),
            narrative("<a href='narrative:a&amp;&#39;b'/>"));
}

TEST(Links, AnErrorEndsIt) {
  json::Document document;
  ASSERT_TRUE(document.parse(R"({"resourceType":"Task","for":{"reference":"x"}})"));
  Status done = relink(document, *document.root(), [](LinkKind, std::string_view) {
    return Result<std::optional<std::string>>(fail(ErrorCode::kInvalid, "no"));
  });
  EXPECT_FALSE(done);
}

}  // namespace
}  // namespace continuum::fhir
