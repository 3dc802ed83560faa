#include "http/compress.h"

#include <gtest/gtest.h>

#include <array>

#include "base/random.h"

namespace continuum::http {
namespace {

TEST(ChooseCoding, Table) {
  static constexpr std::array<std::string_view, 3> kOffered = {"zstd", "gzip", "identity"};
  struct Row {
    std::optional<std::string_view> field;
    std::optional<std::string_view> expected;
  };
  const Row rows[] = {
      {std::nullopt, "identity"},
      {"", "identity"},
      {"gzip", "gzip"},
      {"GZip", "gzip"},
      {"gzip, zstd", "zstd"},
      {"gzip;q=1.0, zstd;q=0.5", "gzip"},
      {"gzip;q=0.5,zstd;q=0.8", "zstd"},
      {"*", "zstd"},
      {"*;q=0.5, gzip", "gzip"},
      {"*;q=0", std::nullopt},
      {"identity;q=0", std::nullopt},
      {"identity;q=0, gzip", "gzip"},
      {"gzip;q=0", "identity"},
      {"gzip;q=0.000", "identity"},
      {"gzip;q=0.5, identity", "identity"},
      {"br, deflate", "identity"},
      {" gzip ; q=0.7 ", "gzip"},
      {"gzip;q=2", "identity"},
      {"gzip;q=0.1234", "identity"},
      {"gzip;q=x", "identity"},
      {"gzip;level=1", "identity"},
      {",,,gzip,,", "gzip"},
      {";q=1", "identity"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(choose_coding(row.field, kOffered), row.expected) << row.field.value_or("(absent)");
  }
  EXPECT_TRUE(accepts_gzip("gzip, br"));
  EXPECT_FALSE(accepts_gzip("br"));
  EXPECT_FALSE(accepts_gzip(std::nullopt));
}

TEST(Gzip, RoundTrips) {
  SeededRandom random(7);
  std::string repetitive;
  for (int i = 0; i < 20'000; ++i) {
    repetitive += "{\"resourceType\":\"Observation\"},";
  }
  for (const std::string& body :
       {std::string(), std::string("a"), random.bytes(100'000), repetitive}) {
    const auto packed = gzip(body);
    ASSERT_TRUE(packed);
    const auto unpacked = gunzip(*packed, body.size());
    ASSERT_TRUE(unpacked);
    EXPECT_EQ(*unpacked, body);
  }
  EXPECT_LT(gzip(repetitive)->size(), repetitive.size() / 20);
}

TEST(Gunzip, Errors) {
  const std::string packed = gzip(std::string(100'000, 'x')).value();
  EXPECT_EQ(gunzip(packed, 99'999).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(gunzip(packed + "x", 100'000).error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(gunzip(packed.substr(0, packed.size() - 1), 100'000));
  EXPECT_EQ(gunzip("", 10).error().code, ErrorCode::kInvalid);
  std::string damaged = packed;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);
  EXPECT_EQ(gunzip(damaged, 100'000).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace continuum::http
