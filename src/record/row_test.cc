// Every codec of the families: what was put comes back, and damage is an error or something else.
#include "record/kv/row.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/random.h"
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/kv/index.h"
#include "record/kv/links.h"
#include "record/kv/meta.h"

namespace continuum::record {
namespace {

const ItemKey kItem{Ord::patient(0xABC, 70'000), 7, 42};

RowHeader sample_header() {
  RowHeader header;
  header.dictionary = 1;
  header.label_class = 2;
  header.version = 3;
  header.t = 0x0102030405060708;
  header.instant = {-5};
  header.source = 9;
  header.splice_offset = 80;
  header.body_size = 1234;
  header.body_digest.fill(0x5A);
  return header;
}

// Encoding again what was decoded, or nothing when it was refused.
using Again = std::function<std::optional<std::string>(std::string_view)>;

void damage(const std::string& whole, const Again& again) {
  EXPECT_EQ(again(whole), whole);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(again(whole.substr(0, size)), whole) << "cut to " << size;
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(value);
      if (damaged != whole) {
        EXPECT_NE(again(damaged), whole) << "byte " << at << " is " << value;
      }
    }
  }
}

// From a decoder and an encoder of what it gives.
template <typename Decode, typename Encode>
Again again(const Decode& decode, const Encode& encode) {
  return [=](std::string_view bytes) -> std::optional<std::string> {
    auto decoded = decode(bytes);
    if (!decoded) {
      EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
      return std::nullopt;
    }
    return encode(*decoded);
  };
}

TEST(Row, DamageIsSeen) {
  std::string whole;
  put_row_start(whole, sample_header());
  ASSERT_EQ(whole.size(), kRowHeaderSize);
  whole += "sealed";
  damage(whole, again(decode_row, [](const Row& row) {
           std::string out;
           put_row_start(out, row.header);
           out.append(row.sealed);
           return out;
         }));
}

TEST(Row, DeletedRowsHaveNoBody) {
  RowHeader header = sample_header();
  header.deleted = true;
  std::string row;
  put_row_start(row, header);
  EXPECT_TRUE(decode_row(row)->header.deleted);
  EXPECT_FALSE(decode_row(row + "x"));
  header.deleted = false;
  row.clear();
  put_row_start(row, header);
  EXPECT_FALSE(decode_row(row));
}

TEST(Keys, DamageIsSeen) {
  damage(current_key(kItem), again(decode_item_key, current_key));
  damage(history_key(kItem, 77), [](std::string_view bytes) -> std::optional<std::string> {
    auto item = decode_item_key(bytes);
    auto t = decode_history_t(bytes);
    return item && t ? std::optional(history_key(*item, *t)) : std::nullopt;
  });
  damage(ord_row_key(kItem.ord), again(decode_ord_row_key, ord_row_key));
  damage(t_key(77), again(decode_t_key, t_key));
  damage(patient_link_key(kItem.ord, 77), [](std::string_view bytes) -> std::optional<std::string> {
    auto ord = decode_patient_link_key(bytes);
    auto t = decode_t_key(bytes.substr(std::min<size_t>(bytes.size(), 7)));
    return ord && t ? std::optional(patient_link_key(*ord, ~*t)) : std::nullopt;
  });
  damage(membership_key({5, kItem.ord, 77}), again(decode_membership_key, membership_key));
  damage(match_key("9990000018|1980-01-31"), again(decode_match_key, match_key));
  IdHash hash;
  hash.fill('h');
  damage(directory_key(7, hash), again(decode_directory_key, [](const ResourceKey& key) {
           return directory_key(key.type, key.id.hash);
         }));
}

TEST(Keys, NewerSortsFirst) {
  EXPECT_LT(history_key(kItem, 9), history_key(kItem, 8));
  EXPECT_LT(history_key(kItem, UINT64_MAX), history_key(kItem, 0));
  EXPECT_LT(patient_link_key(kItem.ord, 9), patient_link_key(kItem.ord, 8));
}

TEST(Keys, SortAsTheirParts) {
  SeededRandom random(3);
  for (int i = 0; i < 2000; ++i) {
    auto any = [&] {
      return ItemKey{Ord::patient(static_cast<uint16_t>(random.below(4)),
                                  static_cast<uint32_t>(random.below(3) << 16)),
                     static_cast<fhir::TypeNumber>(random.below(3)),
                     static_cast<ItemNumber>(random.below(3) << 8)};
    };
    ItemKey a = any();
    ItemKey b = any();
    ASSERT_EQ(a < b, current_key(a) < current_key(b));
  }
}

TEST(Values, DamageIsSeen) {
  IdHash hash;
  hash.fill('h');
  damage(encode_directory_row({5, kItem.ord, 42, 3, "own id"}),
         again(decode_directory_row, encode_directory_row));
  damage(encode_ord_row({3, 42, hash}), again(decode_ord_row, encode_ord_row));
  damage(encode_patient_link({5, LinkMethod::kNhsNumberAndBirthDate, "match"}),
         again(decode_patient_link, encode_patient_link));
  damage(encode_joined(true), again(decode_joined, encode_joined));
  damage(encode_person(5), again(decode_person, encode_person));
  damage(encode_instant({-1}), again(decode_instant, encode_instant));
  damage(encode_arrival({{77}, 300, 2}), again(decode_arrival, encode_arrival));
}

TEST(Changes, DamageIsSeen) {
  std::vector<Change> changes = {{kItem, 300, true, 3},
                                 {{kItem.ord, kItem.type, kItem.item + 1}, 1, false, 3},
                                 {{kItem.ord, 8, 70'000}, 1, false, 3}};
  ChangesKey at{3, 77, kItem};
  EXPECT_EQ(decode_changes(at, encode_changes(changes)), changes);
  damage(changes_key(at), again(decode_changes_key, changes_key));
  auto decode = [&](std::string_view value) { return decode_changes(at, value); };
  damage(encode_changes(changes), again(decode, encode_changes));
  EXPECT_FALSE(decode(""));
  EXPECT_FALSE(
      decode_changes({3, 77, {kItem.ord, kItem.type, kItem.item + 1}}, encode_changes(changes)));
  std::swap(changes[1], changes[2]);
  EXPECT_FALSE(decode(encode_changes(changes)));
}

TEST(Changes, RowsAreOfOneSourceAndOrdAndBounded) {
  const Ord other = Ord::patient(1, kFirstPatientLocal);
  std::vector<Change> changes;
  for (size_t i = 0; i < kChangesInRowMax + 5; ++i) {
    changes.push_back({{kItem.ord, 3, static_cast<ItemNumber>(i + 1)}, 1, false, 2});
  }
  changes.push_back({{kItem.ord, 2, 1}, 2, true, 1});
  changes.push_back({{other, 2, 1}, 2, true, 2});
  std::vector<Change> read;
  size_t rows = 0;
  std::string last;
  write_changes(7, changes, [&](FamilyNumber family, std::string_view key, std::string_view value) {
    EXPECT_EQ(family, kChanges);
    EXPECT_LT(last, key);
    last = key;
    ++rows;
    auto at = decode_changes_key(key);
    ASSERT_TRUE(at);
    EXPECT_EQ(at->t, 7U);
    auto some = decode_changes(*at, value);
    ASSERT_TRUE(some);
    read.insert(read.end(), some->begin(), some->end());
  });
  EXPECT_EQ(rows, 4U);
  EXPECT_EQ(read, changes);
  EXPECT_LT(changes_prefix(2, 8), changes_prefix(2, 7)) << "the newest first";
}

TEST(Refusal, DamageIsSeen) {
  Refusal refusal{3, {}, 17, 2, {55}, "invalid", "no resourceType", "Patient"};
  refusal.file.fill('f');
  std::string key = refusal_key(refusal);
  std::string value = encode_refusal(refusal);
  damage(key, [&](std::string_view bytes) -> std::optional<std::string> {
    auto decoded = decode_refusal(bytes, value);
    return decoded ? std::optional(refusal_key(*decoded)) : std::nullopt;
  });
  damage(value, [&](std::string_view bytes) -> std::optional<std::string> {
    auto decoded = decode_refusal(key, bytes);
    return decoded ? std::optional(encode_refusal(*decoded)) : std::nullopt;
  });
}

TEST(Codecs, NeverTrustRandomBytes) {
  SeededRandom random(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = random.bytes(random.below(90));
    if (!bytes.empty() && i % 2 == 0) {
      bytes[0] = "iopmkf\x01"[random.below(7)];
    }
    static_cast<void>(decode_row(bytes));
    static_cast<void>(decode_item_key(bytes));
    static_cast<void>(decode_history_t(bytes));
    static_cast<void>(decode_directory_key(bytes));
    static_cast<void>(decode_directory_row(bytes));
    static_cast<void>(decode_ord_row_key(bytes));
    static_cast<void>(decode_ord_row(bytes));
    static_cast<void>(decode_patient_link(bytes));
    static_cast<void>(decode_membership_key(bytes));
    static_cast<void>(decode_match_key(bytes));
    static_cast<void>(decode_changes_key(bytes));
    static_cast<void>(decode_changes({3, 1, kItem}, bytes));
    static_cast<void>(decode_arrival(bytes));
    static_cast<void>(decode_refusal(bytes, bytes));
    static_cast<void>(decode_index_stamp(bytes));
    static_cast<void>(decode_index_item(kPostings, bytes));
    static_cast<void>(decode_index_item(kTimeline, bytes));
  }
}

}  // namespace
}  // namespace continuum::record
