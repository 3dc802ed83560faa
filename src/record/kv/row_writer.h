// From a Prepared item to rows, for both ways in: commit (a batch) and bulk load (sorted files).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kv/store.h"
#include "record/kv/directory.h"
#include "record/kv/families.h"
#include "record/store.h"

namespace continuum::record {

// Takes one row; the views live as long as the call.
using PutRow =
    std::function<void(FamilyNumber family, std::string_view key, std::string_view value)>;

// As OrdRow, and what a place needs until its Patient is stored.
struct Place {
  SourceNumber source = 0;
  ItemNumber next_item = 1;
  IdHash patient{};
  bool is_new = false;  // nothing of it is stored yet
  std::string patient_own_id;
  std::string patient_given_id;  // as in OrdRow
};

// The item number kept free for the Patient of each patient ord.
inline constexpr ItemNumber kPatientItem = 1;

// The functions below put each row a new version brings; `header` carries version, t and instant.
// Templates: they are the inner loop of bulk load.

// The history row that ends an item. `places`: the home, when the item is a copy.
template <typename Put>
void write_end(const ItemKey& key, RowHeader header, std::span<const ItemPlace> places,
               const Put& put) {
  header.deleted = true;
  header.body_size = 0;
  header.body_digest = {};
  std::string value;
  put_row_start(value, header, places);
  put(kHistory, history_key(key, header.t), value);
}

// A current row and its index rows.
template <typename Put>
void write_current(const ItemKey& item, const RowHeader& header, std::span<const ItemPlace> places,
                   std::string_view sealed, const IndexEntries& index, const Put& put) {
  thread_local std::string key;
  thread_local std::string value;
  value.clear();
  put_row_start(value, header, places);
  value.append(sealed);
  key.clear();
  put_item_key(key, item);
  put(kCurrent, key, value);
  bool is_copy = !places.empty() && places.front() != ItemPlace{item.ord, item.item};
  for (const auto& entry : index.entries()) {
    value.clear();
    put_index_value(value, {header.t, header.label_class, is_copy}, index.rest(entry));
    put(entry.family, index.key(entry), value);
  }
}

// The item itself: all rows but those of its copies.
template <typename Put>
void write_item_rows(const Prepared& item, const RowHeader& header, const Put& put) {
  if (item.deletion) {
    write_end(item.key, header, {}, put);
    return;
  }
  write_current(item.key, header, item.places, item.sealed, item.index, put);
  if (item.create) {
    const ResourceId& id = item.id;
    put(kDirectory, directory_key(item.key.type, id.hash),
        encode_directory_row(
            {id.bucket, item.key.ord, item.key.item, item.source, item.own_id, !id.given.empty()}));
    if (!id.given.empty()) {
      put(kDirectory, given_id_key(item.key.type, id.given), view(id.hash));
    }
    if (item.moved_from && item.previous_version > 0) {
      put(kDirectory, former_place_key(item.key.type, id.hash, item.previous_version),
          encode_former_place(*item.moved_from));
    }
  }
}

template <typename Put>
void write_copy_rows(const Prepared& item, const Prepared::Copy& copy, const RowHeader& header,
                     const Put& put) {
  if (item.deletion || copy.leaves) {
    ItemPlace home{item.key.ord, item.key.item};
    write_end(copy.key, header, {&home, 1}, put);
    return;
  }
  write_current(copy.key, header, item.places, copy.sealed, copy.index, put);
}

}  // namespace continuum::record
