// Any text is read as a transaction, or refused by name; what is read lies within the text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "fhir/reference.h"
#include "service/limits.h"
#include "service/transaction.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace continuum;
  using service::Change;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto entries = service::read_transaction(text);
  if (!entries) {
    CHECK(!entries.error().message.empty());
    return 0;
  }
  CHECK(entries->size() <= service::kTransactionEntriesMax);
  uint32_t line = 1;
  for (const service::TransactionEntry& entry : *entries) {
    const Change& change = entry.change;
    CHECK(change.type < fhir::type_count() && !change.where.empty());
    CHECK(change.line >= line);
    line = change.line;
    CHECK((change.kind == Change::Kind::kCreate) == change.id.empty());
    CHECK(change.id.empty() || fhir::is_valid_id(change.id));
    bool is_within = change.body.data() >= text.data() &&
                     change.body.data() + change.body.size() <= text.data() + text.size();
    CHECK(change.body.empty() ? change.kind == Change::Kind::kDelete : is_within);
  }
  return 0;
}
