// All that a store keeps of one source patient, as changes that take it out
// (docs/storage_format.md section 9).
#pragma once

#include <map>
#include <set>
#include <string>

#include "kv/store.h"
#include "record/kv/families.h"
#include "record/kv/kv_view.h"
#include "record/store.h"

namespace continuum::record {

struct ErasedRows {
  kv::Batch changes;
  std::map<std::string, uint64_t> removed;  // rows, by family
  std::set<Ord> touched;                    // under these rows are removed or replaced
};

// Needs no key of the ord: the rows are found by what names it, in whole families. What is about
// other patients too stays with them: the first of them becomes its home. What was moved here from
// another patient has its id lead back to that past.
Result<ErasedRows> rows_to_erase(const KvView& view, Ord ord, const FamilyProgress& progress);

Result<ErasurePlan> plan_erasure(const KvView& view, Ord ord);

}  // namespace continuum::record
