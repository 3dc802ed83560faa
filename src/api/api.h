// The FHIR REST API: from a request to an answer (docs/life_of_a_request.md), and who may have
// which (docs/access.md).
//
// Everything but /health, /ready and /fhir/metadata needs an access token; without a good one every
// path, known or not, is answered by one and the same 401. What leaves is access::Disclosed: made
// by the door, once the ledger holds who was told what. Each answer to somebody who is known
// carries its receipt (X-Receipt). What is refused, what was never there and what is no id are
// answered alike, after a time that does not tell them apart.
#pragma once

#include <functional>
#include <memory>

#include "access/door.h"
#include "access/token_fault.h"
#include "api/request_log.h"
#include "config/region.h"
#include "http/budget.h"
#include "http/server.h"
#include "record/store.h"
#include "service/checkpoints.h"
#include "service/disk_reserve.h"

namespace continuum::api {

// From an Authorization field to who is asking: access::TokenVerifier::verify_detailed.
// Thread-safe.
using Authenticate = std::function<access::Checked<access::Principal>(std::string_view field)>;

struct ApiOptions {
  record::Store& store;               // must outlive the Api
  const config::Region& region;       // must outlive the Api
  access::Door& door;                 // must outlive the Api
  service::Checkpoints& checkpoints;  // must outlive the Api
  Authenticate authenticate;
  http::ByteBudget& budget;  // answers are built from; the server's own; must outlive the Api
  std::string software_version;
  LogRequests log = LogRequests::kAll;
  const Clock* clock = nullptr;  // null: the system's
};

inline constexpr std::string_view kReceiptField = "X-Receipt";

// Thread-safe.
class Api {
 public:
  explicit Api(ApiOptions options);
  ~Api();

  // Answers once the receipt of the answer is durable: an http::DeferringHandler.
  void handle(const http::Request& request, http::Reply reply);

  // What http::Server answers by itself, as OperationOutcome: an http::ErrorBody.
  static http::Response server_error(int status, std::string_view reason);
  // Where /metrics gets the server's numbers from; zeros until it is told. Before requests arrive.
  void watch(std::function<http::Statistics()> statistics);
  // Where it gets the disk's numbers from; it says none until it is told. Before requests arrive.
  void watch_disk(std::function<service::DiskNumbers()> disk);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace continuum::api
