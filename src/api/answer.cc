#include "api/answer.h"

#include "api/binary.h"
#include "api/content_type.h"
#include "api/errors.h"
#include "api/exchange.h"

namespace continuum::api {
namespace {

Result<http::Response> run(const Exchange& exchange) {
  switch (exchange.route.interaction) {
    case Interaction::kRead:
      return read(exchange);
    case Interaction::kVread:
      return vread(exchange);
    case Interaction::kHistory:
      return history(exchange);
    case Interaction::kHistoryType:
    case Interaction::kHistorySystem:
      return history_of_all(exchange);
    case Interaction::kSearch:
    case Interaction::kSearchForm:
      return search(exchange);
    case Interaction::kEverything:
      return everything(exchange);
    case Interaction::kLedgerCheckpoint:
      return ledger_checkpoint(exchange);
    case Interaction::kLedgerProof:
      return ledger_proof(exchange);
    case Interaction::kLedgerTile:
      return ledger_tile(exchange);
    case Interaction::kSystem:
      return fail(ErrorCode::kUnsupported, "searching all types arrives with a later version",
                  {{"", "supported now: Patient?identifier=system|value, AuditEvent?patient=id"}});
    case Interaction::kCreate:
    case Interaction::kUpdate:
    case Interaction::kDelete:
    case Interaction::kTransaction:
    case Interaction::kPatch:
    case Interaction::kUpdateIf:
    case Interaction::kDeleteIf:
    case Interaction::kPatchIf:
    case Interaction::kBatch:
    case Interaction::kErase:
    case Interaction::kUnknown:
    case Interaction::kHealth:
    case Interaction::kReady:
    case Interaction::kMetrics:
    case Interaction::kMetadata:
      break;
  }
  return fail(ErrorCode::kInternal, "a path has no interaction");
}

}  // namespace

std::string caller_key(const access::Principal& principal) {
  std::string out(access::to_string(principal.kind));
  for (const std::string* part :
       {&principal.issuer, &principal.subject, &principal.role_id, &principal.nhs_number}) {
    out += '\0' + *part;
  }
  return out;
}

// Of the query and, for a search by POST, of the form.
Result<Parameters> read_parameters(const http::Request& request, Interaction interaction) {
  TRY(Parameters parameters, http::parse_query(request.query));
  if (interaction == Interaction::kSearchForm) {
    TRY(Parameters form, http::parse_form(request.body));
    parameters.insert(parameters.end(), form.begin(), form.end());
  }
  return parameters;
}

// What HTTP has to say before it is looked at what is asked for.
tl::expected<Understood, http::Response> understand(const http::Request& request,
                                                    const Route& route) {
  auto refuse = [](http::Response response) { return tl::unexpected(std::move(response)); };
  if (route.interaction == Interaction::kUnknown || route.interaction == Interaction::kMetrics) {
    return refuse(problem(404, "there is nothing at this path"));
  }
  if (!allows(route.interaction, request.method)) {
    http::Response response = problem(405, "this path does not take that method");
    response.headers.add("Allow", allowed_methods(route.interaction));
    return refuse(std::move(response));
  }
  if (route.interaction == Interaction::kSearchForm && !is_form(request.headers)) {
    return refuse(problem(415, "send application/x-www-form-urlencoded"));
  }
  bool is_patch =
      route.interaction == Interaction::kPatch || route.interaction == Interaction::kPatchIf;
  bool is_deletion =
      route.interaction == Interaction::kDelete || route.interaction == Interaction::kDeleteIf;
  if (is_patch && !is_json_patch(request.headers)) {
    return refuse(problem(415, "send application/json-patch+json"));
  }
  bool has_bundle = route.interaction == Interaction::kBatch;
  bool has_resource = has_bundle || route.interaction == Interaction::kErase ||
                      (writes(route.interaction) && !is_deletion && !is_patch);
  if (has_resource && !is_json(request.headers) && !brings_content(request, route)) {
    return refuse(problem(415, "send application/fhir+json"));
  }
  auto parameters = read_parameters(request, route.interaction);
  if (!parameters) {
    return refuse(error_response(parameters.error()));
  }
  auto content_type = wants_content(request, route, *parameters)
                          ? kFhirJson
                          : negotiate(request.headers, find(*parameters, "_format"));
  if (!content_type) {
    return refuse(problem(406, "answers are application/fhir+json, FHIR 4.0"));
  }
  return Understood{std::move(*parameters), *content_type};
}

http::Response answer_as(const http::Request& request, const Route& route, access::Visit& visit,
                         const config::Region& region, http::ByteBudget& budget,
                         const crypto::Key& page_token_key, service::Checkpoints* checkpoints,
                         std::string* error) {
  auto understood = understand(request, route);
  if (!understood) {
    return std::move(understood.error());
  }
  std::string principal = caller_key(visit.principal());
  service::Context context{visit, region, budget, page_token_key, principal};
  auto response =
      run({request, route, understood->parameters, understood->content_type, context, checkpoints});
  if (!response) {
    if (error != nullptr) {
      *error = response.error().text();
    }
    return error_response(response.error());
  }
  return std::move(*response);
}

}  // namespace continuum::api
