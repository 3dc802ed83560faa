#include "record/ids.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace continuum::record {
namespace {

ResourceId random_id(SeededRandom& random) {
  ResourceId id;
  id.bucket = static_cast<uint16_t>(random.below(1 << kBucketBits));
  random.fill(id.hash.data(), id.hash.size());
  return id;
}

TEST(ResourceId, SurvivesItsText) {
  uint64_t seed = SecureRandom().u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 2000; ++i) {
    ResourceId id = random_id(random);
    std::string text = id.text();
    ASSERT_EQ(text.size(), kIdTextSize);
    ASSERT_EQ(text.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos);
    auto parsed = ResourceId::parse(text);
    ASSERT_TRUE(parsed);
    ASSERT_EQ(*parsed, id);
  }
}

TEST(ResourceId, EveryCharacterCounts) {
  SeededRandom random(7);
  std::string text = random_id(random).text();
  std::set<std::string> seen;
  for (size_t at = 0; at < text.size(); ++at) {
    for (char c : std::string("0123456789abcdefghjkmnpqrstvwxyz")) {
      std::string changed = text;
      changed[at] = c;
      auto id = ResourceId::parse(changed);
      ASSERT_TRUE(id);
      ASSERT_EQ(id->text(), changed);
      seen.insert(changed);
    }
  }
  EXPECT_EQ(seen.size(), kIdTextSize * 31 + 1);
}

TEST(ResourceId, RefusesOtherShapes) {
  std::string good = ResourceId{5, {}}.text();
  for (const std::string& text :
       {std::string(), good.substr(1), good + "0", "i" + good.substr(1), "L" + good.substr(1),
        "o" + good.substr(1), "u" + good.substr(1), "A" + good.substr(1), "-" + good.substr(1),
        std::string(1, '\0') + good.substr(1), "\xC3" + good.substr(1),
        std::string("f47ac10b-58cc-4372-a567-0e02b2c3d479")}) {
    EXPECT_FALSE(ResourceId::parse(text)) << text;
  }
}

TEST(Ord, KnowsItsParts) {
  Ord patient = Ord::patient(4095, UINT32_MAX);
  EXPECT_EQ(patient.value(), 0xFFF0FFFFFFFFU);
  EXPECT_EQ(patient.bucket(), 4095);
  EXPECT_EQ(patient.local(), UINT32_MAX);
  EXPECT_TRUE(patient.is_patient());
  EXPECT_TRUE(Ord::patient(0, kFirstPatientLocal).is_patient());
  EXPECT_TRUE(Ord::shared().is_shared());
  EXPECT_FALSE(Ord::shared().is_patient());
  EXPECT_FALSE(Ord::shared().is_quarantine());
  EXPECT_TRUE(Ord::quarantine(1).is_quarantine());
  EXPECT_TRUE(Ord::quarantine(65'535).is_quarantine());
  EXPECT_FALSE(Ord::quarantine(65'535).is_patient());
  EXPECT_FALSE(Ord::patient(1, kFirstPatientLocal).is_quarantine());
}

TEST(IdMinter, TellsSourceTypeAndOwnIdApart) {
  crypto::Key key{};
  IdMinter minter(key);
  fhir::TypeNumber observation = *fhir::type_number("Observation");
  std::set<IdHash> hashes{minter.hash("gp", 0, "1"),   minter.hash("gp", 0, "2"),
                          minter.hash("gp2", 0, "1"),  minter.hash("gp", observation, "1"),
                          minter.hash("gp", 0, "1\n"), minter.hash("g", 0, "p1")};
  EXPECT_EQ(hashes.size(), 6U);
  EXPECT_EQ(minter.hash("gp", 0, "1"), IdMinter(key).hash("gp", 0, "1"));
  key[31] = 1;
  EXPECT_NE(minter.hash("gp", 0, "1"), IdMinter(key).hash("gp", 0, "1"));
}

TEST(IdMinter, BucketIsTheLastTwelveBits) {
  IdHash hash{};
  hash[14] = '\xAB';
  hash[15] = '\xCD';
  EXPECT_EQ(IdMinter::bucket_of(hash), 0xBCD);
}

}  // namespace
}  // namespace continuum::record
