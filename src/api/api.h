// The FHIR REST API: from a request to an answer (docs/life_of_a_request.md).
//
// Everything but /health and /ready needs the operator token, /metrics and /fhir/metadata too.
// Without it every path, known or not, is answered by one and the same 401. What is quarantined,
// what was never there and what is no id are answered by one and the same 404.
#pragma once

#include <functional>
#include <memory>

#include "api/operator_token.h"
#include "api/request_log.h"
#include "config/region.h"
#include "http/budget.h"
#include "http/server.h"
#include "record/store.h"

namespace continuum::api {

struct ApiOptions {
  record::Store& store;         // must outlive the Api
  const config::Region& region; // must outlive the Api
  OperatorToken token;
  http::ByteBudget& budget;  // answers are built from; the server's own; must outlive the Api
  std::string software_version;
  LogRequests log = LogRequests::kAll;
  const Clock* clock = nullptr;  // null: the system's
};

// Thread-safe.
class Api {
 public:
  explicit Api(ApiOptions options);
  ~Api();

  http::Response handle(const http::Request& request);

  // What http::Server answers by itself, as OperationOutcome: an http::ErrorBody.
  static http::Response server_error(int status, std::string_view reason);
  // Where /metrics gets the server's numbers from; zeros until it is told. Before requests arrive.
  void watch(std::function<http::Statistics()> statistics);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace continuum::api
