#include "service/find_patient.h"

#include "service/bundle.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

// SAFETY: an index row without its resource means the store is damaged; saying nothing of it would
// lose a patient silently.
Result<record::StoredItem> read_found(access::Visit& view, const record::ItemKey& key) {
  auto item = view.read(key);
  if (!item &&
      (item.error().code == ErrorCode::kNotFound || item.error().code == ErrorCode::kGone)) {
    return fail(ErrorCode::kCorrupt, "an index row has no resource");
  }
  return item;
}

}  // namespace

Result<Answer> find_patient(const Context& context, const Identifier& identifier,
                            const Address& address) {
  TRY(auto found, context.view.find_token(fhir::kPatientType, "identifier", identifier.system,
                                          identifier.value, kPatientsFoundMax + 1));
  if (found.size() > kPatientsFoundMax) {
    return fail(ErrorCode::kTooLarge, "more patients have that identifier than one answer holds");
  }
  std::erase_if(found, [](const record::ItemKey& key) { return key.ord.is_quarantine(); });
  BundleWriter bundle(context, "searchset");
  TRY(bundle.as_at(context.view.stable_t()));
  for (const record::ItemKey& key : found) {
    TRY(record::StoredItem item, read_found(context.view, key));
    TRY(bundle.add_match(item));
  }
  return std::move(bundle).finish(address, found.size(), std::nullopt);
}

}  // namespace continuum::service
