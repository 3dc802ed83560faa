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
  auto bundle = service::read_sent_bundle(text);
  if (!bundle) {
    CHECK(!bundle.error().message.empty());
    return 0;
  }
  CHECK(bundle->entries.size() <= service::kTransactionEntriesMax);
  auto transaction = service::to_transaction(*bundle);
  if (!transaction) {
    CHECK(!transaction.error().details.empty());
    return 0;
  }
  uint32_t line = 1;
  for (const service::TransactionEntry& entry : transaction->entries) {
    const Change& change = entry.change;
    CHECK(change.type < fhir::type_count() && !change.where.empty());
    CHECK(change.line >= line);
    line = change.line;
    bool names_none = change.kind == Change::Kind::kCreate || change.criteria;
    CHECK(names_none == change.id.empty());
    CHECK(change.id.empty() || fhir::is_valid_id(change.id));
    bool is_within = change.body.data() >= text.data() &&
                     change.body.data() + change.body.size() <= text.data() + text.size();
    bool has_body = change.kind != Change::Kind::kDelete && change.kind != Change::Kind::kPatch;
    CHECK(!has_body || is_within);
  }
  return 0;
}
