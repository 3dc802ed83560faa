#include "ledger/entry.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "ledger/entry_fixture_test.h"
#include "ledger/limits.h"
#include "ledger/rows.h"

namespace continuum::ledger {
namespace {

void expect_only_this(const std::string& bytes) {
  EXPECT_EQ(decode_entry(bytes + '\0').error().code, ErrorCode::kCorrupt);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(decode_entry(bytes.substr(0, size)).error().code, ErrorCode::kCorrupt) << size;
  }
}

TEST(Entry, BytesAreThoseOfThePage) {
  RequestEntry entry;
  entry.id.fill(0xAA);
  entry.instant = {-2};
  entry.principal = PrincipalKind::kSystem;
  entry.subject = "s";
  entry.role = "r\xC3\xA9";
  entry.organisation = "o";
  entry.purpose = "p";
  entry.interaction = "read";
  entry.t = 258;
  entry.policy.fill(1);
  entry.scope.fill(2);
  entry.status = 404;
  entry.shown = 1;
  entry.withheld = 128;
  entry.persons = 3;
  entry.manifest.fill(3);
  entry.month = 682;
  entry.sealed = "xyz";
  std::string expected = "0101";
  for (int i = 0; i < 16; ++i) {
    expected += "aa";
  }
  expected +=
      "fffffffffffffffe"
      "03"
      "0173"
      "0372c3a9"
      "016f"
      "0170"
      "0472656164";
  expected += "0000000000000102";
  expected += to_hex(std::string(32, 1)) + to_hex(std::string(32, 2));
  expected +=
      "0194"
      "01"
      "8001"
      "03" +
      to_hex(std::string(32, 3)) +
      "02aa"
      "0378797a";
  const std::string bytes = *encode(entry);
  EXPECT_EQ(to_hex(bytes), expected);
  EXPECT_EQ(std::get<RequestEntry>(*decode_entry(bytes)), entry);
  expect_only_this(bytes);
}

TEST(Entry, OtherKinds) {
  PersonEntry person;
  person.id.fill(0xBB);
  person.ordinal = 300;
  person.sealed = "z";
  EXPECT_EQ(to_hex(*encode(person)), "0102" + to_hex(std::string(16, '\xBB')) +
                                         "ac02"
                                         "017a");
  EXPECT_EQ(std::get<PersonEntry>(*decode_entry(*encode(person))), person);
  expect_only_this(*encode(person));

  const CommandEntry command{{1}, "load", "me", "done", "{}"};
  EXPECT_EQ(to_hex(*encode(command)),
            "0103"
            "0000000000000001"
            "046c6f6164"
            "026d65"
            "04646f6e65"
            "027b7d");
  EXPECT_EQ(std::get<CommandEntry>(*decode_entry(*encode(command))), command);
  expect_only_this(*encode(command));

  const PolicyEntry policy{{1}, empty_root(), "allow\n"};
  EXPECT_EQ(to_hex(*encode(policy)),
            "0104"
            "0000000000000001" +
                to_hex(crypto::view(empty_root())) + "06616c6c6f770a");
  EXPECT_EQ(std::get<PolicyEntry>(*decode_entry(*encode(policy))), policy);
  expect_only_this(*encode(policy));
}

TEST(Entry, MalformedIsRefused) {
  const std::string id(16, 'i');
  const std::string rows[] = {
      "",
      std::string("\x02\x02", 2) + id + std::string("\x01\x00", 2),          // format
      std::string("\x01\x00", 2),                                            // kind
      std::string("\x01\x05", 2),                                            // kind
      std::string("\x01\x02", 2) + id + std::string("\x00\x00", 2),          // ordinal 0
      std::string("\x01\x02", 2) + id + std::string("\x80\x80\x04\x00", 4),  // ordinal 65536
      std::string("\x01\x02", 2) + id + std::string("\x81\x00\x00", 3),      // 1, spelt long
      std::string("\x01\x02", 2) + id + std::string("\x01\x80\x00", 3),      // length, spelt long
      std::string("\x01\x03", 2) + std::string(8, '\0') + "\x01\xFF" +
          std::string(3, '\0'),  // UTF-8
  };
  for (const std::string& bytes : rows) {
    EXPECT_EQ(decode_entry(bytes).error().code, ErrorCode::kCorrupt) << to_hex(bytes);
  }
  EXPECT_TRUE(decode_entry(std::string("\x01\x02", 2) + id + std::string("\x01\x00", 2)));
}

TEST(Entry, PrincipalIsOneOfFourAndCitizensAreNotNamed) {
  RequestEntry entry;
  entry.subject = "s";
  std::string bytes = *encode(entry);
  constexpr size_t kPrincipalAt = 2 + 16 + 8;
  for (int kind = 0; kind < 256; ++kind) {
    bytes[kPrincipalAt] = static_cast<char>(kind);
    EXPECT_EQ(decode_entry(bytes).has_value(), kind == 1 || kind == 3 || kind == 4) << kind;
  }
}

TEST(Entry, SizesAreBounded) {
  PersonEntry person;
  const size_t overhead = 2 + 16 + 1 + 3;
  person.sealed.assign(kEntryBytesMax - overhead, 'x');
  EXPECT_EQ(encode(person)->size(), kEntryBytesMax);
  EXPECT_TRUE(decode_entry(*encode(person)).has_value());
  person.sealed.push_back('x');
  EXPECT_EQ(encode(person).error().code, ErrorCode::kTooLarge);
  RequestEntry request;
  request.persons = kPersonsMax + 1;
  EXPECT_EQ(encode(request).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(decode_entry(std::string(kEntryBytesMax + 1, '\x01')).error().code,
            ErrorCode::kCorrupt);
}

TEST(Entry, RandomRoundTrips) {
  SeededRandom random(3);
  for (int i = 0; i < 300; ++i) {
    for (const Append& append : random_appends(random)) {
      const auto entry = decode_entry(append.entry);
      ASSERT_TRUE(entry.has_value());
      EXPECT_EQ(std::visit([](const auto& of_kind) { return encode(of_kind); }, *entry),
                append.entry);
    }
  }
}

TEST(PersonPart, RoundTripsPadded) {
  PersonPart part;
  part.ord = 0x123456789ABC;
  part.disclosure = Disclosure::kRefused;
  part.rule = "own-organisation";
  part.relationship = "referral";
  part.shown = 300;
  part.withheld = 2;
  part.manifest.fill(7);
  part.types = {{"Observation", 290}, {"Patient", 1}};
  for (size_t length = 0; length < 600; ++length) {
    part.rule.assign(length, 'r');
    const std::string bytes = *encode(part);
    ASSERT_EQ(bytes.size() % 256, 0U);
    ASSERT_GT(bytes.size(), 0U);
    ASSERT_EQ(*decode_person_part(bytes), part);
    EXPECT_FALSE(decode_person_part(bytes + std::string(256, '\0')));
    EXPECT_FALSE(decode_person_part(bytes + '\0'));
  }
  EXPECT_EQ(to_hex(*encode(part)).substr(0, 14), "123456789abc02");
  std::string bytes = *encode(PersonPart{});
  bytes.back() = '\x01';
  EXPECT_EQ(decode_person_part(bytes).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(decode_person_part("").error().code, ErrorCode::kCorrupt);
  bytes = *encode(PersonPart{});
  for (const char disclosure : {'\0', '\x05'}) {
    bytes[6] = disclosure;
    EXPECT_EQ(decode_person_part(bytes).error().code, ErrorCode::kCorrupt);
  }
  part.types.assign(kTypesMax + 1, {"A", 1});
  EXPECT_EQ(encode(part).error().code, ErrorCode::kTooLarge);
}

TEST(Entry, SealContexts) {
  RequestId id{};
  id.fill('i');
  EXPECT_EQ(request_context(id), "continuum ledger request" + std::string(16, 'i'));
  EXPECT_EQ(person_context(id, 258), "continuum ledger person" + std::string(16, 'i') + "\x01\x02");
}

TEST(Rows, KeysAreThoseOfThePage) {
  EXPECT_EQ(to_hex(entries_key(1)),
            "65"
            "fffffffffffffffe");
  EXPECT_EQ(to_hex(tile_key(2, 258)),
            "68"
            "02"
            "0000000000000102");
  EXPECT_EQ(size_key(), "s");
  EXPECT_EQ(to_hex(policy_key(empty_root())), "70" + to_hex(crypto::view(empty_root())));
  EXPECT_EQ(to_hex(access_key(0x010203040506, 1)),
            "010203040506"
            "fffffffffffffffe");
  EXPECT_EQ(parse_entries_key(entries_key(77)), 77U);
  EXPECT_EQ(parse_tile_key(tile_key(3, 77))->level, 3);
  EXPECT_EQ(parse_tile_key(tile_key(3, 77))->n, 77U);
  EXPECT_FALSE(parse_entries_key("e1234567"));
  EXPECT_FALSE(parse_entries_key("x12345678"));
  EXPECT_FALSE(parse_tile_key("h12345678"));
  EXPECT_FALSE(parse_tile_key("e123456789"));
}

TEST(Rows, ValuesAreStrict) {
  EXPECT_EQ(*parse_number(encode_number(258)), 258U);
  EXPECT_EQ(parse_number("1234567").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(parse_number("123456789").error().code, ErrorCode::kCorrupt);
  const auto access = parse_access(access_key(5, 300), encode_ordinal(299));
  EXPECT_EQ(access->ord, 5U);
  EXPECT_EQ(access->number, 300U);
  EXPECT_EQ(access->ordinal, 299U);
  EXPECT_FALSE(parse_access(access_key(5, 300), encode_ordinal(0)));
  EXPECT_FALSE(parse_access(access_key(5, 300), encode_ordinal(301)));
  EXPECT_FALSE(parse_access(access_key(5, 300) + "x", encode_ordinal(1)));
  EXPECT_FALSE(parse_access(access_key(5, 300), encode_ordinal(1) + "x"));
  const EntriesRow row = parse_entries(
      "\x01"
      "a"
      "\x02"
      "bc");
  EXPECT_TRUE(row.whole);
  EXPECT_EQ(row.entries, (std::vector<std::string_view>{"a", "bc"}));
  const EntriesRow torn = parse_entries(
      "\x01"
      "a"
      "\x02"
      "b");
  EXPECT_FALSE(torn.whole);
  EXPECT_EQ(torn.entries.size(), 1U);
}

}  // namespace
}  // namespace continuum::ledger
