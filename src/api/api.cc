#include "api/api.h"

#include "api/capability_statement.h"
#include "api/content_type.h"
#include "api/errors.h"
#include "api/exchange.h"
#include "api/limits.h"
#include "api/metrics.h"
#include "api/router.h"
#include "http/compress.h"

namespace continuum::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kPrincipal = "operator";
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kStatusType = "application/json";

http::Response unauthenticated() {
  http::Response response = problem(401, "send the operator token: Authorization: Bearer <token>");
  response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

http::Response text_response(int status, std::string_view type, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", type);
  response.body = std::move(body);
  return response;
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

Result<http::Response> run(const Exchange& exchange) {
  switch (exchange.route.interaction) {
    case Interaction::kRead:
      return read(exchange);
    case Interaction::kVread:
      return vread(exchange);
    case Interaction::kHistory:
      return history(exchange);
    case Interaction::kSearch:
    case Interaction::kSearchForm:
      return search(exchange);
    case Interaction::kEverything:
      return everything(exchange);
    case Interaction::kSystem:
      return fail(ErrorCode::kUnsupported, "searching all types arrives with a later version",
                  {{"", "supported now: Patient?identifier=system|value"}});
    case Interaction::kUnknown:
    case Interaction::kHealth:
    case Interaction::kReady:
    case Interaction::kMetrics:
    case Interaction::kMetadata:
      break;
  }
  return fail(ErrorCode::kInternal, "a path has no interaction");
}

// An answer that cannot be compressed is sent as it is.
void compress(const http::Request& request, http::Response& response) {
  response.headers.add("Vary", "Accept, Accept-Encoding, Authorization");
  auto accepted = request.headers.joined("Accept-Encoding");
  if (response.body.size() < kGzipBytesMin || accepted.empty() || !http::accepts_gzip(accepted)) {
    return;
  }
  if (auto zipped = http::gzip(response.body)) {
    response.body = std::move(*zipped);
    response.headers.add("Content-Encoding", http::kGzipCoding);
  }
}

}  // namespace

struct Api::State {
  explicit State(ApiOptions given)
      : options(std::move(given)),
        base_path(path_of(options.region.base_url)),
        page_token_key(options.store.page_token_key()),
        metadata(capability_statement(options.region, options.software_version,
                                      to_fhir_instant(now()))),
        log(options.log) {}

  Instant now() const { return options.clock != nullptr ? options.clock->now() : SystemClock().now(); }
  http::Response answer(const http::Request& request, const Route& route, std::string& error);
  http::Response answer_open(Interaction interaction);
  http::Response answer_fhir(const http::Request& request, const Route& route, std::string& error);

  ApiOptions options;
  std::string base_path;
  crypto::Key page_token_key;
  std::string metadata;
  Metrics metrics;
  RequestLog log;
  std::function<http::Statistics()> statistics = [] { return http::Statistics(); };
};

// What says nothing of any record.
http::Response Api::State::answer_open(Interaction interaction) {
  if (interaction == Interaction::kHealth) {
    return text_response(200, kStatusType, R"({"status":"up"})");
  }
  bool ready = options.store.view()->sources().has_value();
  return ready ? text_response(200, kStatusType, R"({"status":"ready"})")
               : text_response(503, kStatusType, R"({"status":"the store does not answer"})");
}

http::Response Api::State::answer(const http::Request& request, const Route& route,
                                  std::string& error) {
  Interaction interaction = route.interaction;
  bool is_open = interaction == Interaction::kHealth || interaction == Interaction::kReady;
  // SAFETY: before anything else, so that paths tell nothing to who may not ask.
  if (!is_open && !options.token.is_in(request.headers.find("Authorization").value_or(""))) {
    return unauthenticated();
  }
  if (interaction == Interaction::kUnknown) {
    return problem(404, "there is nothing at this path");
  }
  if (!allows(interaction, request.method)) {
    http::Response response = problem(405, "this path does not take that method");
    response.headers.add("Allow", allowed_methods(interaction));
    return response;
  }
  if (is_open) {
    return answer_open(interaction);
  }
  if (interaction == Interaction::kMetrics) {
    return text_response(200, kMetricsType,
                         metrics.text(statistics(), options.store.view()->stable_t()));
  }
  return answer_fhir(request, route, error);
}

http::Response Api::State::answer_fhir(const http::Request& request, const Route& route,
                                       std::string& error) {
  if (route.interaction == Interaction::kSearchForm && !is_form(request.headers)) {
    return problem(415, "send application/x-www-form-urlencoded");
  }
  auto parameters = read_parameters(request, route.interaction);
  if (!parameters) {
    return error_response(parameters.error());
  }
  auto content_type = negotiate(request.headers, find(*parameters, "_format"));
  if (!content_type) {
    return problem(406, "answers are application/fhir+json, FHIR 4.0");
  }
  if (route.interaction == Interaction::kMetadata) {
    Status plain = read_plain(*parameters);
    return plain ? text_response(200, *content_type, metadata) : error_response(plain.error());
  }
  auto view = options.store.view();
  service::Context context{*view, options.region, options.budget, page_token_key, kPrincipal};
  auto response = run({request, route, *parameters, *content_type, context});
  if (!response) {
    error = response.error().text();
    return error_response(response.error());
  }
  return std::move(*response);
}

Api::Api(ApiOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Api::~Api() = default;

http::Response Api::server_error(int status, std::string_view reason) {
  return problem(status, reason);
}

void Api::watch(std::function<http::Statistics()> statistics) {
  state_->statistics = std::move(statistics);
}

http::Response Api::handle(const http::Request& request) {
  auto started = SteadyClock::now();
  Route route = find_route(state_->base_path, request.path);
  std::string error;
  http::Response response = state_->answer(request, route, error);
  compress(request, response);
  auto time = SteadyClock::now() - started;
  state_->metrics.count(route.interaction, response.status, response.body.size(), time);
  state_->log.write({.method = request.method,
                     .interaction = route.interaction,
                     .status = response.status,
                     .bytes = response.body.size(),
                     .time = time,
                     .error = error});
  return response;
}

}  // namespace continuum::api
