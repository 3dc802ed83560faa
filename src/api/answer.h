// From a request that was let in to its answer, whoever asks: by the server, and by replay.
#pragma once

#include <string>

#include "access/principal.h"
#include "access/visit.h"
#include "api/parameters.h"
#include "api/router.h"
#include "config/region.h"
#include "http/budget.h"
#include "http/message.h"
#include "service/checkpoints.h"

namespace continuum::api {

// Of the query and, for a search by POST, of the form.
Result<Parameters> read_parameters(const http::Request& request, Interaction interaction);

// The same person in the same role: what page tokens and rates are bound to.
std::string caller_key(const access::Principal& principal);

struct Understood {
  Parameters parameters;
  std::string_view content_type;  // to answer with
};
// The request as far as HTTP goes, or what is to be answered: 404, 405, 406, 415, 400.
tl::expected<Understood, http::Response> understand(const http::Request& request,
                                                    const Route& route);

// What reads, from a request that was let in to its answer. Never fails: an error is an answer too,
// and its text is left in `error` when that is given. `checkpoints`: null where there are none, and
// then what needs them is kUnsupported.
http::Response answer_as(const http::Request& request, const Route& route, access::Visit& visit,
                         const config::Region& region, http::ByteBudget& budget,
                         const crypto::Key& page_token_key,
                         service::Checkpoints* checkpoints = nullptr, std::string* error = nullptr);

}  // namespace continuum::api
