#include "ledger/entry_rows.h"

#include <algorithm>
#include <deque>
#include <string>

#include "ledger/limits.h"
#include "ledger/rows.h"

namespace continuum::ledger {
namespace {

struct Row {
  uint64_t first;
  std::string value;
};

// The rows that overlap low..high (excluded), the newest first; when they are too much to hold, the
// newest are left out.
struct Window {
  std::deque<Row> rows;
  uint64_t high;  // lowered to what was left out
};

Result<Window> read_window(kv::Cursor& cursor, uint64_t low, uint64_t high) {
  Window window{{}, high};
  size_t held = 0;
  for (bool there = cursor.seek(entries_key(high - 1)); there; there = cursor.next()) {
    const auto first = parse_entries_key(cursor.key());
    if (!first) {
      continue;
    }
    window.rows.push_back({*first, std::string(cursor.value())});
    held += cursor.value().size();
    while (held > kScanBytesMax && window.rows.size() > 1) {
      held -= window.rows.front().value.size();
      window.high = window.rows.front().first;
      window.rows.pop_front();
    }
    if (*first <= low) {
      break;
    }
  }
  TRY(cursor.status());
  return window;
}

}  // namespace

Status walk_entry_rows(const kv::Snapshot& snapshot, kv::Family family, uint64_t from, uint64_t to,
                       const VisitRow& visit) {
  const std::string start = entries_start();
  const std::string end = entries_end();
  const auto cursor = snapshot.scan(family, {start, end}, kv::ReadKind::kScan);
  uint64_t width = kScanWindowMin;
  bool first_window = true;
  for (uint64_t low = from; low < to;) {
    const uint64_t high = low + std::min(width, to - low);
    TRY(Window window, read_window(*cursor, low, high));
    bool any = false;
    for (auto row = window.rows.rbegin(); row != window.rows.rend(); ++row) {
      // What starts below a later window was visited with the one before.
      if (row->first >= low || first_window) {
        any = true;
        TRY(visit(row->first, row->value));
      }
    }
    first_window = false;
    // Over a gap the window widens without bound, so that even an absurd one is soon crossed.
    width = window.high < high ? std::max<uint64_t>(width / 2, 1)
            : any              ? std::clamp(width * 2, kScanWindowMin, kScanWindowMax)
                               : width * 2;
    width = std::clamp<uint64_t>(width, 1, uint64_t{1} << 62);
    low = window.high;
  }
  return {};
}

}  // namespace continuum::ledger
