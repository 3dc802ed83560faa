// Any text is taken apart and scanned, or refused; what is taken whole is refused whole.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "service/load/catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace continuum;
  using service::Fate;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parts = service::take_apart(text);
  if (!parts) {
    CHECK(!parts.error().message.empty());
    return 0;
  }
  service::Scanner scanner(record::IdMinter(crypto::Key()), "source");
  service::UnitScan scan = scanner.scan(*parts, 0, 0);
  CHECK(scan.occurrences.size() == parts->entries.size());
  size_t refused = 0;
  size_t stored = 0;
  for (const service::Occurrence& occurrence : scan.occurrences) {
    refused += occurrence.fate == Fate::kRefused ? 1 : 0;
    stored += occurrence.fate == Fate::kStore || occurrence.fate == Fate::kDelete ? 1 : 0;
    CHECK(occurrence.type < fhir::type_count());
  }
  CHECK(refused == scan.refusals.size());
  CHECK(!parts->atomic || refused == 0 || stored == 0);
  for (const service::UnitScan::Alias& alias : scan.aliases) {
    CHECK(scan.occurrences[alias.entry].fate != Fate::kRefused);
  }
  for (const service::UnitScan::Condition& condition : scan.conditions) {
    CHECK(scan.occurrences[condition.entry].fate == Fate::kStore);
  }
  return 0;
}
