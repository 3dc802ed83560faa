// View::find_matching, over the rows of `postings` and `ranges`.
#include "record/criteria.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/bytes.h"
#include "base/overloaded.h"
#include "record/kv/index.h"
#include "record/kv/kv_view.h"
#include "record/kv/values.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

// The rows that a test is met by: those in [from, to) that `accepts` takes (null: all of them).
struct RowTest {
  FamilyNumber family = kPostings;
  std::string from;
  std::string to;
  std::function<bool(std::string_view key, std::string_view rest)> accepts = nullptr;
  bool is_narrow = true;  // else the range is all rows of the parameter
};
using RowTests = std::vector<RowTest>;

std::string start_of(fhir::ParameterNumber parameter) {
  std::string key;
  put_u16(key, parameter);
  return key;
}

RowTest all_under(FamilyNumber family, std::string prefix) {
  std::string end = kv::prefix_end(prefix);
  return {family, std::move(prefix), std::move(end)};
}

void put_code(std::string& key, std::string_view code, const std::optional<std::string>& system) {
  put_term(key, code);
  if (system) {
    put_term(key, *system);
  }
}

bool accepts_date(DatePrefix prefix, const fhir::DateRange& wanted, const fhir::DateRange& there) {
  bool is_within = there.low >= wanted.low && there.high <= wanted.high;
  switch (prefix) {
    case DatePrefix::kEq:
      return is_within;
    case DatePrefix::kNe:
      return !is_within;
    case DatePrefix::kGt:
      return there.high > wanted.high;
    case DatePrefix::kLt:
      return there.low < wanted.low;
    case DatePrefix::kGe:
      return is_within || there.high > wanted.high;
    case DatePrefix::kLe:
      return is_within || there.low < wanted.low;
    case DatePrefix::kSa:
      return there.low >= wanted.high;
    case DatePrefix::kEb:
      return there.high <= wanted.low;
  }
  return false;
}

RowTest date_test(const DateIs& test, const std::string& key) {
  RowTest rows = all_under(kRanges, key);
  if (test.prefix == DatePrefix::kEq) {  // it starts within
    rows.from = key;
    put_instant(rows.from, test.range.low);
    rows.to = key;
    put_instant(rows.to, test.range.high);
  } else {
    rows.is_narrow = false;
  }
  rows.accepts = [test](std::string_view row, std::string_view) {
    auto there = decode_date_range(row);
    return there && accepts_date(test.prefix, test.range, *there);
  };
  return rows;
}

RowTest compile(fhir::ParameterNumber parameter, const ValueTest& test) {
  std::string key = start_of(parameter);
  return std::visit(Overloaded{
                        [&](const TokenIs& token) {
                          put_code(key, token.code, token.system);
                          return all_under(kPostings, key);
                        },
                        [&](const StringStarts& string) {
                          std::string folded;
                          put_folded(folded, string.text);
                          put_term_start(key, folded);
                          return all_under(kRanges, key);
                        },
                        [&](const StringIs& string) {
                          std::string folded;
                          put_folded(folded, string.text);
                          put_term(key, folded);
                          RowTest rows = all_under(kRanges, key);
                          rows.accepts = [text = string.text](std::string_view,
                                                              std::string_view rest) {
                            return rest == text;
                          };
                          return rows;
                        },
                        [&](const RefersTo& reference) {
                          put_reference(key, reference.resource);
                          return all_under(kPostings, key);
                        },
                        [&](const RefersToText& reference) {
                          put_reference(key, reference.text);
                          return all_under(kPostings, key);
                        },
                        [&](const RefersToIdentifier& reference) {
                          put_reference_identifier(key, reference.value, reference.system);
                          return all_under(kPostings, key);
                        },
                        [&](const UriIs& uri) {
                          put_term(key, uri.text);
                          return all_under(kPostings, key);
                        },
                        [&](const DateIs& date) { return date_test(date, key); },
                    },
                    test);
}

std::vector<RowTests> compile(const Criteria& criteria) {
  std::vector<RowTests> out;
  for (const Criterion& criterion : criteria.all_of) {
    RowTests& tests = out.emplace_back();
    for (const ValueTest& test : criterion.any_of) {
      tests.push_back(compile(criterion.parameter, test));
    }
  }
  return out;
}

bool is_met(const RowTest& test, FamilyNumber family, std::string_view key, std::string_view rest) {
  return family == test.family && key >= test.from && key < test.to &&
         (!test.accepts || test.accepts(key, rest));
}

bool are_met(const std::vector<RowTests>& all, const IndexEntries& entries) {
  return std::all_of(all.begin(), all.end(), [&entries](const RowTests& any) {
    return std::any_of(any.begin(), any.end(), [&entries](const RowTest& test) {
      const auto& rows = entries.entries();
      return std::any_of(rows.begin(), rows.end(), [&](const IndexEntries::Entry& row) {
        return is_met(test, row.family, entries.key(row), entries.rest(row));
      });
    });
  });
}

// Goes through the rows of any of the tests until `visit` says false; false when it did.
template <typename Visit>
Result<bool> for_each_row(const KvView& view, const RowTests& tests, const Visit& visit) {
  for (const RowTest& test : tests) {
    auto cursor = view.snapshot().scan(test.family, {test.from, test.to});
    while (cursor->next()) {
      TRY(bool more, visit(test, cursor->key(), cursor->value()));
      if (!more) {
        return false;
      }
    }
    TRY(cursor->status());
  }
  return true;
}

bool are_narrow(const RowTests& tests) {
  return std::all_of(tests.begin(), tests.end(),
                     [](const RowTest& test) { return test.is_narrow; });
}

// The criterion with the fewest rows, counted up to a bound.
Result<const RowTests*> narrowest(const KvView& view, const std::vector<RowTests>& all) {
  const RowTests* best = &all.front();
  size_t best_count = SIZE_MAX;
  for (const RowTests& tests : all) {
    bool is_narrow = are_narrow(tests);
    size_t count = is_narrow ? 0 : kRowsCountedMax;
    if (is_narrow && all.size() > 1) {
      TRY(for_each_row(view, tests, [&count](const auto&, auto, auto) -> Result<bool> {
        return ++count < kRowsCountedMax;
      }));
    }
    if (count < best_count) {
      best = &tests;
      best_count = count;
    }
  }
  return best;
}

// Whether the current version of an item is among those looked for, and meets all.
Result<bool> meets(const KvView& view, const ItemKey& item, const Criteria& criteria,
                   const std::vector<RowTests>& all) {
  TRY(auto stored, view.find_current(item));
  if (!stored) {
    return fail(ErrorCode::kCorrupt, "an index row has no resource");
  }
  if (criteria.source ? stored->row.header.source != *criteria.source : !item.ord.is_shared()) {
    return false;
  }
  if (all.size() == 1) {
    return true;  // the row that led here says so
  }
  std::string body;
  TRY(view.open_canonical(*stored, body));
  json::Document document;
  TRY(document.parse(body));
  IndexEntries entries;
  entries.add_resource(item, stored->row.header.source, *document.root());
  return are_met(all, entries);
}

}  // namespace

Result<std::vector<ItemKey>> KvView::find_matching(const Criteria& criteria,
                                                   size_t count_max) const {
  std::vector<RowTests> all = compile(criteria);
  std::set<ItemKey> looked_at;
  std::vector<ItemKey> found;
  TRY(const RowTests* path, narrowest(*this, all));
  size_t rows = 0;
  TRY(for_each_row(
      *this, *path,
      [&](const RowTest& test, std::string_view key, std::string_view value) -> Result<bool> {
        if (++rows > kRowsMatchedMax) {
          return fail(ErrorCode::kTooLarge, "the criteria are met in part by too many resources",
                      {{"", "add one that says more, an identifier for instance"}});
        }
        TRY(IndexStamp stamp, decode_index_stamp(value));
        TRY(ItemKey item, decode_index_item(test.family, key));
        bool is_new = !stamp.is_copy && !looked_at.contains(item);
        if (!is_new || (test.accepts && !test.accepts(key, stamp.rest))) {
          return true;
        }
        looked_at.insert(item);
        TRY(bool is_meant, meets(*this, item, criteria, all));
        if (is_meant) {
          found.push_back(item);
        }
        return found.size() < count_max;
      }));
  return found;
}

void StagedItems::add(const Prepared& item) {
  items_.insert(item.key);
  if (item.deletion || item.unchanged) {
    return;
  }
  for (const IndexEntries::Entry& row : item.index.entries()) {
    rows_.push_back({static_cast<uint8_t>(row.family), item.index.key(row), &item});
  }
  is_sorted_ = false;
}

std::set<const Prepared*> StagedItems::meeting(const Criteria& criteria) {
  if (!is_sorted_) {
    std::sort(rows_.begin(), rows_.end());
    is_sorted_ = true;
  }
  std::vector<RowTests> all = compile(criteria);
  auto path = std::find_if(all.begin(), all.end(), are_narrow);
  std::set<const Prepared*> found;
  for (const RowTest& test : path == all.end() ? all.front() : *path) {
    Row from{static_cast<uint8_t>(test.family), test.from, nullptr};
    for (auto at = std::lower_bound(rows_.begin(), rows_.end(), from);
         at != rows_.end() && at->family == from.family && at->key < test.to; ++at) {
      const Prepared& item = *at->item;
      bool is_among = criteria.source ? item.source == *criteria.source : item.key.ord.is_shared();
      if (is_among && !found.contains(&item) && are_met(all, item.index)) {
        found.insert(&item);
      }
    }
  }
  return found;
}

}  // namespace continuum::record
