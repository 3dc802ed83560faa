// From a Prepared item to rows, for both ways in: commit (a batch) and bulk load (sorted files).
#pragma once

#include "kv/store.h"
#include "record/store.h"

namespace continuum::record {

// Takes one row; the views live as long as the call.
using PutRow =
    std::function<void(FamilyNumber family, std::string_view key, std::string_view value)>;

// Puts each row a new version brings: current (or, for a deletion, the history row), index rows,
// directory. `header` carries version, t and instant. A template: it is the inner loop of bulk
// load.
template <typename Put>
void write_rows(const Prepared& item, const RowHeader& header, const Put& put);

// As OrdRow, and what a place needs until its Patient is stored.
struct Place {
  SourceNumber source = 0;
  ItemNumber next_item = 1;
  IdHash patient{};
  bool is_new = false;  // nothing of it is stored yet
  std::string patient_own_id;
};

// The item number kept free for the Patient of each patient ord.
inline constexpr ItemNumber kPatientItem = 1;

}  // namespace continuum::record

#include "base/bytes.h"
#include "record/kv/directory.h"
#include "record/kv/families.h"

namespace continuum::record {

template <typename Put>
void write_rows(const Prepared& item, const RowHeader& header, const Put& put) {
  thread_local std::string key;
  thread_local std::string value;
  value.clear();
  put_row_header(value, header);
  value.append(item.sealed);
  key.clear();
  put_item_key(key, item.key);
  if (item.deletion) {
    put_u64(key, ~header.t);
    put(kHistory, key, value);
    return;
  }
  put(kCurrent, key, value);
  for (const auto& entry : item.index.entries()) {
    value.clear();
    put_index_value(value, {header.t, header.label_class}, item.index.rest(entry));
    put(entry.family, item.index.key(entry), value);
  }
  if (item.create) {
    put(kDirectory, directory_key(item.key.type, item.id_hash),
        encode_directory_row(
            {item.id_bucket, item.key.ord, item.key.item, item.source, item.own_id}));
  }
}

}  // namespace continuum::record
