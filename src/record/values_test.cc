#include "record/kv/values.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

std::string term(std::string_view text) {
  std::string out;
  put_term(out, text);
  return out;
}

std::string decimal(std::string_view text) {
  std::string out;
  put_sortable_decimal(out, text);
  return out;
}

std::string folded(std::string_view text) {
  std::string out;
  put_folded(out, text);
  return out;
}

// Short, of few different bytes: collisions and prefixes are likely.
std::string random_text(SeededRandom& random, size_t size_max) {
  constexpr std::string_view kBytes(
      "\x00\x01\x02\xFF"
      "ab",
      6);
  std::string text;
  for (uint64_t n = random.below(size_max + 1); n > 0; --n) {
    text.push_back(kBytes[random.below(kBytes.size())]);
  }
  return text;
}

int sign(int value) {
  return (value > 0) - (value < 0);
}

TEST(Term, SortsAsItsTextAndIsNeverAPrefix) {
  uint64_t seed = SecureRandom().u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string a = random_text(random, 5);
    std::string b = random_text(random, 5);
    ASSERT_EQ(sign(term(a).compare(term(b))), sign(a.compare(b))) << i;
    ASSERT_TRUE(a == b || !term(b).starts_with(term(a))) << i;
    // What follows a term never changes the order of two different ones.
    if (a != b) {
      std::string after_a = random_text(random, 3);
      std::string after_b = random_text(random, 3);
      ASSERT_EQ(sign((term(a) + after_a).compare(term(b) + after_b)), sign(a.compare(b))) << i;
    }
  }
}

TEST(Term, ComesBackWithWhatFollowsLeft) {
  SeededRandom random(11);
  for (int i = 0; i < 2000; ++i) {
    std::string text = random_text(random, 20);
    std::string rest = random_text(random, 4);
    std::string bytes = term(text) + rest;
    ByteReader reader(bytes);
    auto taken = take_term(reader);
    ASSERT_TRUE(taken);
    ASSERT_EQ(taken->text, text);
    ASSERT_FALSE(taken->shortened);
    ASSERT_EQ(reader.rest(), rest);
  }
}

TEST(Term, LongOnesKeepStartAndDigest) {
  std::string longest(kTermBytesMax, 'x');
  std::string bytes = term(longest);
  ByteReader reader(bytes);
  EXPECT_EQ(take_term(reader)->text, longest);

  std::string longer = longest + "y";
  std::string shortened = term(longer);
  EXPECT_EQ(shortened.size(), kTermStartBytes + 2 + 32);
  ByteReader second(shortened);
  auto taken = take_term(second);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->shortened);
  EXPECT_EQ(taken->text, longest.substr(0, kTermStartBytes));
  EXPECT_TRUE(second.empty());
  EXPECT_NE(term(longest + "y"), term(longest + "z"));
  EXPECT_LT(term(longer), term(std::string(100, 'x') + "z"));
  EXPECT_EQ(term(std::string(1000, '\0')).size(), 2 * kTermStartBytes + 2 + 32);
}

TEST(Term, DamageIsAnErrorOrAnotherText) {
  for (const std::string& text :
       {std::string("code"), std::string("a\0b", 3), std::string(), std::string(600, 'x')}) {
    std::string whole = term(text);
    for (size_t size = 0; size < whole.size(); ++size) {
      ByteReader reader(std::string_view(whole).substr(0, size));
      EXPECT_FALSE(take_term(reader)) << size;
    }
    for (size_t at = 0; at < whole.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        ByteReader reader(damaged);
        auto taken = take_term(reader);
        EXPECT_TRUE(!taken || taken->text != text || taken->shortened) << at;
      }
    }
  }
}

TEST(SortableDecimal, Table) {
  // Each row sorts after the one before; equal values stand in one row.
  const std::vector<std::vector<std::string>> rows = {
      {"-1e32767", "-9e99999", "-1E+2147483648", "-1e99999999999999999999"},
      {"-1e100"},
      {"-12345678901234567890.5"},
      {"-1e1", "-10", "-10.0", "-1.0E1", "-0.1e2"},
      {"-9.99"},
      {"-1.5"},
      {"-1.01"},
      {"-1", "-1.0", "-1e0", "-10e-1"},
      {"-0.5"},
      {"-0.05"},
      {"-1e-100"},
      {"0", "-0", "0.0", "0e5", "-0.00E-7"},
      {"1e-40000", "1e-99999999999999999999", "0.1e-32768"},
      {"1e-100"},
      {"0.05"},
      {"0.5", "5e-1", "0.50"},
      {"1", "1.0", "1e0", "1.00", "0.1e1", "10E-1"},
      {"1.01"},
      {"1.5"},
      {"2"},
      {"9.99"},
      {"10", "1e1", "1.0e+1"},
      {"10.000000000000000000001"},
      {"11"},
      {"100"},
      {"12345678901234567890.5"},
      {"1e100"},
      {"1e32765"},
      {"1e40000", "1e32767"},
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string expected = decimal(rows[i][0]);
    for (const std::string& text : rows[i]) {
      if (text.find("9e99999") == std::string::npos) {
        EXPECT_TRUE(decimal(text) == expected || text.size() > 8) << text;
      }
      if (i > 0) {
        EXPECT_LT(decimal(rows[i - 1][0]), decimal(text)) << text;
      }
    }
  }
  for (const char* text : {"0", "-0", "0.0", "0e5", "-0.00E-7"}) {
    EXPECT_EQ(decimal(text), "\x80");
  }
  for (const char* text : {"1", "1.0", "1e0", "1.00", "0.1e1", "10E-1", "0.001e3"}) {
    EXPECT_EQ(decimal(text), std::string("\x81\x80\x01"
                                         "1\0",
                                         5))
        << text;
  }
}

std::string random_decimal(SeededRandom& random) {
  std::string text = random.below(2) == 0 ? "-" : "";
  text += std::to_string(random.below(random.below(2) == 0 ? 12 : 100'000));
  if (random.below(2) == 0) {
    text += "." + std::to_string(random.below(1000)) + (random.below(2) == 0 ? "0" : "");
  }
  if (random.below(3) == 0) {
    text += "e" + std::to_string(random.between(-8, 8));
  }
  return text;
}

TEST(SortableDecimal, ByteOrderIsNumericOrder) {
  uint64_t seed = SecureRandom().u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 50'000; ++i) {
    std::string a = random_decimal(random);
    std::string b = random_decimal(random);
    long double difference = std::stold(a) - std::stold(b);
    // Numbers that are equal may differ by a rounding of the comparison itself.
    bool equal = std::fabs(difference) <= 1e-15L * std::fabs(std::stold(a));
    int expected = equal ? 0 : (difference > 0 ? 1 : -1);
    ASSERT_EQ(sign(decimal(a).compare(decimal(b))), expected) << a << " and " << b;
  }
}

TEST(SortableDecimal, IsSkippedWhole) {
  for (const char* text : {"0", "1", "-1", "123.456", "-123.456e7", "-9e-32768"}) {
    std::string bytes = decimal(text) + "rest";
    ByteReader reader(bytes);
    ASSERT_TRUE(skip_sortable_decimal(reader)) << text;
    EXPECT_EQ(reader.rest(), "rest") << text;
    std::string whole = decimal(text);
    for (size_t size = 0; size < whole.size(); ++size) {
      ByteReader cut(std::string_view(whole).substr(0, size));
      EXPECT_FALSE(skip_sortable_decimal(cut)) << text << " " << size;
    }
  }
}

TEST(SortableDecimal, KeysStayShort) {
  EXPECT_LE(decimal(std::string(1'000'000, '7')).size(), kDecimalDigitsMax + 4);
  EXPECT_LT(decimal("1." + std::string(500, '0') + "1"), decimal("1.1"));
  EXPECT_LT(decimal("0." + std::string(500, '0') + "1"),
            decimal("0." + std::string(499, '0') + "1"));
}

TEST(Folded, Table) {
  const std::pair<const char*, const char*> rows[] = {
      {"Smith", "smith"},
      {"O'NEILL-Jones 2", "o'neill-jones 2"},
      {"Zoë", "zoe"},
      {"Zoe\u0308", "zoe"},
      {"STRAßE", "strasse"},
      {"STRAẞE", "strasse"},
      {"ﬁnch", "finch"},
      {"Ångström", "angstrom"},
      {"\u212Bngstr\u00F6m", "angstrom"},
      {"İstanbul", "istanbul"},
      {"ısı", "ısı"},
      {"ΟΔΥΣΣΕΎΣ", "οδυσσευσ"},
      {"Οδυσσεύς", "οδυσσευσ"},
      {"ℌ㎒", "hmhz"},
      {"Ｗｉｄｅ", "wide"},
      {"①", "1"},
      {"Łódź", "łodz"},
      {"Nguyễn", "nguyen"},
      {"김", "\u1100\u1175\u11B7"},
      {"", ""},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(folded(text), expected) << text;
    EXPECT_EQ(folded(expected), expected) << text;
  }
  EXPECT_EQ(folded("김철수"), folded("\u1100\u1175\u11B7\u110E\u1165\u11AF\u1109\u116E"));
}

TEST(Folded, AgreesWithItself) {
  uint64_t seed = SecureRandom().u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (int n = 0; n < 6; ++n) {
      auto point = static_cast<uint32_t>(random.between(0x20, 0xD7FF));
      if (point < 0x80) {
        text.push_back(static_cast<char>(point));
      } else if (point < 0x800) {
        text.push_back(static_cast<char>(0xC0 | (point >> 6)));
        text.push_back(static_cast<char>(0x80 | (point & 63)));
      } else {
        text.push_back(static_cast<char>(0xE0 | (point >> 12)));
        text.push_back(static_cast<char>(0x80 | ((point >> 6) & 63)));
        text.push_back(static_cast<char>(0x80 | (point & 63)));
      }
    }
    std::string once = folded(text);
    ASSERT_EQ(folded(once), once) << text;
  }
}

TEST(Folded, IsCutBetweenCharacters) {
  std::string out = "before";
  put_folded(out, std::string(1000, 'A'));
  EXPECT_EQ(out, "before" + std::string(kFoldedBytesMax, 'a'));
  std::string text = "a";
  for (int i = 0; i < 300; ++i) {
    text += "ł";
  }
  EXPECT_EQ(folded(text).size(), kFoldedBytesMax - 1);
}

}  // namespace
}  // namespace continuum::record
