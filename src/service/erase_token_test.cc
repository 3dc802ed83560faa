#include "service/erase_token.h"

#include <gtest/gtest.h>

#include "service/limits.h"

namespace continuum::service {
namespace {

const Instant kThen{1'700'000'000'000'000};

EraseToken token() {
  EraseToken token;
  token.ord = record::Ord::patient(7, 70'000);
  token.state[3] = 9;
  token.instant = kThen;
  token.by = "a";
  token.reason = "asked for it";
  return token;
}

TEST(EraseToken, OpensForADayWithItsOwnKey) {
  crypto::Key key{};
  crypto::Key other{};
  other[0] = 1;
  std::string text = seal_erase_token(key, token());
  auto opened = open_erase_token(key, text, kThen);
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(*opened, token());
  Instant last{kThen.micros + kEraseTokenLife.count()};
  EXPECT_TRUE(open_erase_token(key, text, last));
  EXPECT_EQ(open_erase_token(key, text, Instant{last.micros + 1}).error().code,
            ErrorCode::kInvalid);
  EXPECT_FALSE(open_erase_token(key, text, Instant{kThen.micros - 1}));
  EXPECT_FALSE(open_erase_token(other, text, kThen));
  for (size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_erase_token(key, damaged, kThen)) << at;
  }
  EXPECT_FALSE(open_erase_token(key, "", kThen));
  EXPECT_FALSE(open_erase_token(key, std::string(kEraseTokenBytesMax + 1, 'A'), kThen));
}

TEST(EraseToken, TakesTwo) {
  EXPECT_EQ(ordered_by(token(), "a", FourEyes::kRequired).error().code, ErrorCode::kForbidden);
  EXPECT_EQ(ordered_by(token(), "b", FourEyes::kRequired), "a, confirmed by b");
  EXPECT_EQ(ordered_by(token(), "a", FourEyes::kWaived), "a, alone");
}

}  // namespace
}  // namespace continuum::service
