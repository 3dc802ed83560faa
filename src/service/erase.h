// $erase: destroying the record of a source patient, by two people of the organisation that sent it
// (docs/operations.md, docs/adr/0015-erasure-is-decided-outside-the-data.md). The first asks, and
// is told by counts what would go, with a token; the second confirms with it.
//
// SAFETY: who asks does not confirm; the token is for one patient in one state, for a day; whom the
// organisation has not sent is not there.
#pragma once

#include <string_view>

#include "config/region.h"
#include "record/store.h"
#include "service/answer.h"
#include "service/context.h"

namespace continuum::service {

struct EraseRequest {
  std::string reason;  // to request
  std::string token;   // to confirm
};
// From a Parameters resource with one of `reason` and `token` (valueString). kInvalid.
Result<EraseRequest> read_erase_request(std::string_view body);

// A Parameters resource: what would go, and the token; or the certificate. Confirming reads whole
// families and may take minutes; the visit's view is of before. kForbidden: may_erase, or the same
// person. kNotFound: the caller's organisation has sent no such patient. kInvalid: the token is
// none, too old, or another patient's. kConflict: the record is another than was requested. kBusy:
// an erasure is under way.
Result<Answer> erase(const Context& context, record::Store& store, std::string_view patient,
                     const EraseRequest& request, Instant now);

}  // namespace continuum::service
