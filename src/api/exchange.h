// One request on its way through the API, and the interactions it can be given to. Internal.
#pragma once

#include <optional>
#include <string_view>

#include "api/parameters.h"
#include "api/router.h"
#include "base/result.h"
#include "http/message.h"
#include "service/checkpoints.h"
#include "service/context.h"
#include "service/transaction.h"
#include "service/write.h"

namespace continuum::api {

struct Exchange {
  const http::Request& request;
  const Route& route;
  const Parameters& parameters;
  std::string_view content_type;  // to answer with
  const service::Context& service;
  service::Checkpoints* checkpoints;  // null: replay has none
};

// A write that is ready, and how it will be answered.
struct PendingWrite {
  service::PreparedWrite write;
  int status = 200;
  bool is_transaction = false;
  bool shows_bodies = false;
  bool shows_outcome = false;  // of a single change: what there was to say of it
  std::string_view content_type;
  // Of a transaction, by entry: the answer to a read; nothing for a change, which comes from
  // `write` in its turn.
  std::vector<std::optional<http::Response>> reads;
};
// Nothing is written yet. The visit has it noted. `sent`: what a transaction's body is.
// `issues`: see service::WriteContext.
Result<PendingWrite> prepare_write(const Exchange& exchange, record::Store& store,
                                   const Result<service::SentBundle>& sent,
                                   std::vector<fhir::Issue>& issues);
// Once it is committed.
http::Response respond(const PendingWrite& pending, const config::Region& region);

// Whether a read's parameters are some that it takes; looks at nothing else.
Status check_parameters(const Route& route, const Parameters& parameters,
                        const config::Limits& limits);

// Interactions. Errors become OperationOutcomes in api.cc.
Result<http::Response> read(const Exchange& exchange);
Result<http::Response> vread(const Exchange& exchange);
Result<http::Response> history(const Exchange& exchange);
Result<http::Response> history_of_all(const Exchange& exchange);
Result<http::Response> search(const Exchange& exchange);
Result<http::Response> everything(const Exchange& exchange);
Result<http::Response> who_looked(const Exchange& exchange);
Result<http::Response> ledger_checkpoint(const Exchange& exchange);
Result<http::Response> ledger_proof(const Exchange& exchange);
Result<http::Response> ledger_tile(const Exchange& exchange);

}  // namespace continuum::api
