// Every codec of the families: bytes that are accepted are the bytes they encode to again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "record/kv/changes.h"
#include "record/kv/directory.h"
#include "record/kv/index.h"
#include "record/kv/links.h"
#include "record/kv/meta.h"
#include "record/kv/row.h"

namespace {

using namespace continuum::record;

template <typename Decode, typename Encode>
void check_again(std::string_view bytes, const Decode& decode, const Encode& encode) {
  if (auto decoded = decode(bytes)) {
    CHECK(encode(*decoded) == bytes);
  }
}

// Numbers of variable length have several spellings: what is written is read the same.
template <typename Decode, typename Encode>
void check_meaning(std::string_view bytes, const Decode& decode, const Encode& encode) {
  if (auto decoded = decode(bytes)) {
    auto again = decode(encode(*decoded));
    CHECK(again.has_value());
    CHECK(encode(*again) == encode(*decoded));
  }
}

std::optional<ItemKey> first_change(std::string_view bytes) {
  continuum::ByteReader reader(bytes);
  auto type = reader.u8();
  auto item = reader.varint();
  if (!type || !item) {
    return std::nullopt;
  }
  return ItemKey{Ord::shared(), *type, static_cast<ItemNumber>(*item)};
}

void check_rows(std::string_view bytes) {
  check_again(bytes, decode_row, [](const Row& row) {
    std::string out;
    put_row_start(out, row.header, places_of(row));
    return out.append(row.sealed);
  });
  check_again(bytes, decode_directory_row, encode_directory_row);
  check_again(bytes, decode_ord_row, encode_ord_row);
  check_again(bytes, decode_patient_link, encode_patient_link);
  check_again(bytes, decode_joined, encode_joined);
  check_again(bytes, decode_instant, encode_instant);
  // Under the key of whatever they begin with.
  if (auto first = bytes.empty() ? std::nullopt : first_change(bytes)) {
    const ChangesKey at{1, 1, *first};
    check_meaning(
        bytes, [&](std::string_view value) { return decode_changes(at, value); }, encode_changes);
  }
  check_meaning(bytes, decode_arrival, encode_arrival);
  check_again(bytes, decode_ords, [](const std::vector<Ord>& ords) { return encode_ords(ords); });
  const std::string erased = erased_key(Ord::patient(1, kFirstPatientLocal));
  check_meaning(
      bytes, [&](std::string_view value) { return decode_erased(erased, value); }, encode_erased);
  static_cast<void>(decode_person(bytes));
  static_cast<void>(decode_index_stamp(bytes));
}

void check_keys(std::string_view bytes) {
  auto item = decode_item_key(bytes);
  if (auto t = decode_history_t(bytes); item && t) {
    CHECK(history_key(*item, *t) == bytes);
  } else if (item) {
    CHECK(current_key(*item) == bytes);
  }
  check_again(bytes, decode_t_key, t_key);
  check_again(bytes, decode_changes_key, changes_key);
  check_again(bytes, decode_ord_row_key, ord_row_key);
  check_again(bytes, decode_erased_key, erased_key);
  check_again(bytes, decode_membership_key, membership_key);
  check_again(bytes, decode_directory_key,
              [](const ResourceKey& key) { return directory_key(key.type, key.id.hash); });
  static_cast<void>(decode_patient_link_key(bytes));
  static_cast<void>(decode_match_key(bytes));
  for (FamilyNumber family : {kPostings, kRanges, kTimeline, kCare}) {
    static_cast<void>(decode_index_item(family, bytes));
  }
  check_again(bytes, ResourceId::parse, [](const ResourceId& id) { return id.text(); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_rows(bytes);
  check_keys(bytes);
  size_t key_size = bytes.empty() ? 0 : std::min<size_t>(bytes.size(), 23);
  static_cast<void>(decode_refusal(bytes.substr(0, key_size), bytes.substr(key_size)));
  return 0;
}
