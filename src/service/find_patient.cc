#include "service/find_patient.h"

#include "service/bundle.h"
#include "service/limits.h"

namespace continuum::service {
Result<Answer> find_patient(const Context& context, const Identifier& identifier,
                            const Address& address) {
  TRY(auto found, context.view.find_token(fhir::kPatientType, "identifier", identifier.system,
                                          identifier.value, kPatientsFoundMax + 1));
  if (found.size() > kPatientsFoundMax) {
    return fail(ErrorCode::kTooLarge, "more patients have that identifier than one answer holds");
  }
  std::erase_if(found, [](const record::StoredItem& item) { return item.key.ord.is_quarantine(); });
  BundleWriter bundle(context, "searchset");
  TRY(bundle.as_at(context.view.stable_t()));
  for (const record::StoredItem& item : found) {
    TRY(bundle.add_match(item));
  }
  return std::move(bundle).finish(address, found.size(), std::nullopt);
}

}  // namespace continuum::service
