#include "record/body.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "base/random.h"
#include "crypto/aead.h"

namespace continuum::record {
namespace {

const ItemKey kItem{Ord::patient(3, 70'000), 7, 42};

crypto::Key key_of(uint8_t first) {
  crypto::Key key{};
  key[0] = first;
  return key;
}

Row row_of(std::string_view sealed, size_t size, uint8_t dictionary = kCurrentDictionary) {
  Row row;
  row.header.dictionary = dictionary;
  row.header.body_size = static_cast<uint32_t>(size);
  row.sealed = sealed;
  return row;
}

ErrorCode open_code(const crypto::Key& key, const ItemKey& item, const Row& row) {
  std::string body;
  Status opened = open_body(key, item, row, body);
  EXPECT_FALSE(opened);
  return opened ? ErrorCode::kInternal : opened.error().code;
}

TEST(Body, ComesBack) {
  SeededRandom random(1);
  std::string long_body;
  while (long_body.size() < 1'000'000) {
    long_body += "{\"resourceType\":\"Observation\"," + std::to_string(random.u64());
  }
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string(R"({"resourceType":"Patient"})"), long_body,
        random.bytes(1'000'000)}) {
    std::string sealed;
    seal_body(key_of(1), kItem, body, sealed);
    std::string opened = "what was there";
    Status status = open_body(key_of(1), kItem, row_of(sealed, body.size()), opened);
    ASSERT_TRUE(status) << status.error().text();
    EXPECT_TRUE(opened == body);
  }
}

TEST(Body, OpensOnlyInItsPlace) {
  std::string body = R"({"resourceType":"Patient","gender":"female"})";
  std::string sealed;
  seal_body(key_of(1), kItem, body, sealed);
  Row row = row_of(sealed, body.size());
  EXPECT_EQ(open_code(key_of(2), kItem, row), ErrorCode::kCorrupt);
  for (const ItemKey& other :
       {ItemKey{Ord::patient(3, 70'001), 7, 42}, ItemKey{Ord::patient(2, 70'000), 7, 42},
        ItemKey{kItem.ord, 8, 42}, ItemKey{kItem.ord, 7, 43}}) {
    EXPECT_EQ(open_code(key_of(1), other, row), ErrorCode::kCorrupt);
  }
}

TEST(Body, DamageIsSeen) {
  std::string body = R"({"resourceType":"Patient","gender":"female"})";
  std::string sealed;
  seal_body(key_of(1), kItem, body, sealed);
  for (size_t at = 0; at < sealed.size(); ++at) {
    std::string damaged = sealed;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_EQ(open_code(key_of(1), kItem, row_of(damaged, body.size())), ErrorCode::kCorrupt);
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(open_code(key_of(1), kItem, row_of(sealed.substr(0, size), body.size())),
              ErrorCode::kCorrupt);
  }
  for (size_t size : {size_t{0}, body.size() - 1, body.size() + 1, size_t{UINT32_MAX}}) {
    EXPECT_EQ(open_code(key_of(1), kItem, row_of(sealed, size)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_EQ(open_code(key_of(1), kItem, row_of(sealed, body.size(), 2)), ErrorCode::kCorrupt);
}

TEST(Body, NoDictionaryIsReadable) {
  std::string body = R"({"resourceType":"Patient","gender":"female"})";
  std::string frame(ZSTD_compressBound(body.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), body.data(), body.size(), 1));
  std::string context(1, static_cast<char>(kRowFormat));
  put_item_key(context, kItem);
  std::string sealed;
  crypto::thread_aead().seal(key_of(1), context, frame, sealed);
  std::string opened;
  ASSERT_TRUE(open_body(key_of(1), kItem, row_of(sealed, body.size(), 0), opened));
  EXPECT_EQ(opened, body);
}

TEST(Body, SaysNothingTwice) {
  std::string first;
  std::string second;
  seal_body(key_of(1), kItem, "{}", first);
  seal_body(key_of(1), kItem, "{}", second);
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace continuum::record
