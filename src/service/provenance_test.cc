// Ids that name a version.
#include "service/provenance.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "fhir/reference.h"

namespace continuum::service {
namespace {

constexpr std::string_view kId = "0123456789abcdefghjkmnpqrst0";

TEST(ProvenanceId, IsOfOneVersion) {
  auto target = record::ResourceId::parse(kId);
  ASSERT_TRUE(target);
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    for (uint32_t version : {1U, 9U, UINT32_MAX}) {
      ProvenanceId id{static_cast<fhir::TypeNumber>(type), *target, version};
      std::string text = id.text();
      EXPECT_TRUE(fhir::is_valid_id(text)) << text;
      // Nothing that is stored has such an id.
      EXPECT_FALSE(record::ResourceId::parse(text));
      auto back = ProvenanceId::parse(text);
      ASSERT_TRUE(back) << text;
      EXPECT_EQ(back->type, id.type);
      EXPECT_EQ(back->target, id.target);
      EXPECT_EQ(back->version, version);
    }
  }
}

// One version has one name.
TEST(ProvenanceId, HasOneText) {
  const std::string id(kId);
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), id, "1." + id, "1." + id + ".",
        "." + id + ".1", "01." + id + ".1", "1." + id + ".01", "1." + id + ".0", "+1." + id + ".1",
        "1." + id + ".-1", "1." + id + ".1 ", "1.." + id + ".1", "256." + id + ".1",
        "255." + id + ".1", "1." + id + ".4294967296", "1.." + id.substr(1) + ".1"}) {
    EXPECT_FALSE(ProvenanceId::parse(text)) << text;
  }
  SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = "1." + id + ".12";
    for (int64_t change = random.between(1, 3); change > 0; --change) {
      auto at = static_cast<size_t>(random.between(0, static_cast<int64_t>(text.size()) - 1));
      text[at] = static_cast<char>(random.between(0, 255));
    }
    if (auto parsed = ProvenanceId::parse(text)) {
      EXPECT_EQ(parsed->text(), text);
    }
  }
}

}  // namespace
}  // namespace continuum::service
