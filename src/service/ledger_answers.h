// What anybody who is signed in may have of the ledger: checkpoints, hash tiles and proofs
// (docs/ledger_format.md sections 3 to 5). Hashes tell nothing of what is hashed; entries never
// leave over HTTP.
#pragma once

#include <string>
#include <string_view>

#include "access/receipt.h"
#include "access/visit.h"
#include "base/result.h"
#include "ledger/log.h"
#include "service/checkpoints.h"

namespace continuum::service {

// JSON: that the request of a receipt is in the tree of a checkpoint. kNotFound: the checkpoint
// does not cover such a request. `note` is a checkpoint of the ledger given.
Result<std::string> inclusion_proof(const ledger::Reader& ledger, const access::Receipt& receipt,
                                    std::string_view note);
// The same with the newest checkpoint. kInvalid: no receipt; kNotFound: no checkpoint covers such a
// request (yet).
Result<std::string> inclusion_proof(Checkpoints& checkpoints, std::string_view receipt);
// JSON: that the tree of `to` entries goes on from that of `from`. kInvalid: not 0 < from <= to <=
// the size of the ledger.
Result<std::string> consistency_proof(access::Visit& visit, std::string_view from,
                                      std::string_view to);
// The bytes of a hash tile. `path` as section 4 has it ("tile/0/x001/234"). kNotFound: no such
// tile, or not so wide yet.
Result<std::string> hash_tile(access::Visit& visit, std::string_view path);

}  // namespace continuum::service
