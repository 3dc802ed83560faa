#include "service/operator_look.h"

#include "access/door.h"
#include "access/request_entries.h"

namespace continuum::service {
namespace {

constexpr uint16_t kStatusDone = 200;

crypto::Digest manifest_without_shared(const std::vector<ledger::PersonPart>& persons) {
  std::vector<crypto::Digest> manifests;
  for (const ledger::PersonPart& part : persons) {
    manifests.push_back(part.manifest);
  }
  return access::manifest_of(manifests, crypto::sha256({}));
}

}  // namespace

Result<access::Receipt> write_down(record::Store& store, Checkpoints& checkpoints, Instant now,
                                   const OperatorLook& look) {
  access::Principal principal;
  principal.kind = access::PrincipalKind::kOperator;
  principal.subject = look.by;
  principal.purpose = "HOPERAT";
  access::Request asked;
  asked.interaction = look.interaction;
  asked.query = look.query;
  ledger::RequestEntry request;
  request.instant = now;
  request.t = look.t;
  request.status = kStatusDone;
  request.shown = look.shown;
  request.withheld = look.withheld;
  request.manifest = look.manifest ? *look.manifest : manifest_without_shared(look.persons);
  TRY(auto appends, access::make_request_entries(store, principal, asked, look.persons, request));
  TRY(uint64_t number, store.append_ledger(appends));
  TRY(checkpoints.write());
  return access::Receipt{number, request.id};
}

}  // namespace continuum::service
