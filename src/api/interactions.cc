#include <charconv>

#include "access/whose_history.h"
#include "api/binary.h"
#include "api/exchange.h"
#include "api/preconditions.h"
#include "service/everything.h"
#include "service/find_patient.h"
#include "service/history.h"
#include "service/ledger_answers.h"
#include "service/page_token.h"
#include "service/provenance.h"
#include "service/read.h"
#include "service/who_looked.h"

namespace continuum::api {
namespace {

http::Response answer(const Exchange& exchange, service::Answer built) {
  http::Response response;
  response.headers.add("Content-Type", exchange.content_type);
  response.body = std::move(built.body);
  response.reservation = std::move(built.reservation);
  return response;
}

service::ResourceName name_of(const Exchange& exchange) {
  return {exchange.route.type, exchange.route.id};
}

service::Address address_of(const Exchange& exchange, std::string_view rest) {
  std::string path(fhir::type_name(exchange.route.type));
  if (!exchange.route.id.empty()) {
    path += '/' + exchange.route.id;
  }
  path += rest;
  return {std::move(path), to_query(exchange.parameters)};
}

void add_validators(const record::RowHeader& header, http::Headers& headers) {
  headers.add("ETag", entity_tag(header.version));
  headers.add("Last-Modified", to_http_date(header.instant));
}

Result<http::Response> send_item(const Exchange& exchange, const record::StoredItem& item) {
  TRY(service::Answer built, service::open_resource(exchange.service, item));
  http::Response response = answer(exchange, std::move(built));
  add_validators(item.row.header, response.headers);
  if (wants_content(exchange.request, exchange.route, exchange.parameters)) {
    TRY(to_content(response));
  }
  return response;
}

http::Response not_modified(const record::StoredItem& item) {
  http::Response response;
  response.status = 304;
  add_validators(item.row.header, response.headers);
  return response;
}

// SAFETY: a date says no more than the second. When the version before was made in the same one,
// the client may hold that, so it gets the resource.
Result<bool> is_known_to_client(const Exchange& exchange, const record::StoredItem& item) {
  const http::Headers& headers = exchange.request.headers;
  if (headers.contains("If-None-Match")) {
    return names_version(headers.joined("If-None-Match"), item.row.header.version);
  }
  auto text = headers.find("If-Modified-Since");
  auto since = text ? parse_http_date(*text) : std::nullopt;
  auto modified = parse_http_date(to_http_date(item.row.header.instant));
  if (!since || !modified || *modified > *since) {
    return false;
  }
  return service::is_alone_in_its_second(exchange.service.view, item);
}

}  // namespace

Result<http::Response> read(const Exchange& exchange) {
  TRY(read_plain(exchange.parameters));
  auto made = exchange.route.type == service::provenance_type()
                  ? service::ProvenanceId::parse(exchange.route.id)
                  : std::nullopt;
  if (made) {
    TRY(service::Answer built, service::read_provenance(exchange.service, *made));
    return answer(exchange, std::move(built));
  }
  TRY(auto item, service::find_current(exchange.service.view, name_of(exchange)));
  TRY(bool known, is_known_to_client(exchange, item));
  if (!known) {
    return send_item(exchange, item);
  }
  TRY(exchange.service.view.note_shown(item));
  return not_modified(item);
}

Result<http::Response> vread(const Exchange& exchange) {
  TRY(read_plain(exchange.parameters));
  uint32_t version = 0;
  const std::string& text = exchange.route.version;
  auto end = std::from_chars(text.data(), text.data() + text.size(), version);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) {
    version = 0;  // which no resource has
  }
  TRY(auto item, service::find_version(exchange.service.view, name_of(exchange), version));
  const http::Headers& headers = exchange.request.headers;
  if (headers.contains("If-None-Match") &&
      names_version(headers.joined("If-None-Match"), item.row.header.version)) {
    TRY(exchange.service.view.note_shown(item));
    return not_modified(item);
  }
  return send_item(exchange, item);
}

namespace {

Result<service::PageRequest> read_history_page(const Exchange& exchange) {
  const config::Limits& limits = exchange.service.region.limits;
  TRY(auto page, read_page(exchange.parameters, limits));
  page.size = page.size.value_or(static_cast<uint32_t>(limits.page_size));
  return page;
}

}  // namespace

Result<http::Response> history(const Exchange& exchange) {
  TRY(auto query, read_history(exchange.parameters));
  TRY(auto page, read_history_page(exchange));
  TRY(auto built, service::history_of_resource(exchange.service, name_of(exchange), query,
                                               address_of(exchange, "/_history"), page));
  return answer(exchange, std::move(built));
}

// Of a type, or of all types.
Result<http::Response> history_of_all(const Exchange& exchange) {
  TRY(auto query, read_history(exchange.parameters));
  TRY(auto page, read_history_page(exchange));
  TRY(access::HistoryOf whose, access::whose_history(exchange.service.view.principal()));
  std::optional<fhir::TypeNumber> type;
  service::Address address{"_history", to_query(exchange.parameters)};
  if (exchange.route.interaction == Interaction::kHistoryType) {
    type = exchange.route.type;
    address = address_of(exchange, "/_history");
  }
  auto history = whose == access::HistoryOf::kOwnSource ? service::history_of_source
                                                        : service::history_of_record;
  TRY(auto built, history(exchange.service, type, query, address, page));
  return answer(exchange, std::move(built));
}

Result<http::Response> search(const Exchange& exchange) {
  if (fhir::type_name(exchange.route.type) == "AuditEvent") {
    return who_looked(exchange);
  }
  if (exchange.route.type != fhir::kPatientType) {
    return fail(ErrorCode::kUnsupported, "searching this type arrives with a later version",
                {{"", "supported now: Patient?identifier=system|value, AuditEvent?patient=id"}});
  }
  TRY(auto identifier, read_identifier(exchange.parameters));
  TRY(auto built, service::find_patient(exchange.service, identifier, address_of(exchange, "")));
  return answer(exchange, std::move(built));
}

Result<http::Response> who_looked(const Exchange& exchange) {
  TRY(std::string patient, read_patient(exchange.parameters));
  TRY(auto page, read_page(exchange.parameters, exchange.service.region.limits));
  TRY(auto built, service::who_looked(exchange.service, patient, address_of(exchange, ""), page));
  return answer(exchange, std::move(built));
}

namespace {

Result<service::Checkpoints*> checkpoints_of(const Exchange& exchange) {
  if (exchange.checkpoints == nullptr) {
    return fail(ErrorCode::kUnsupported, "there are no checkpoints here");
  }
  return exchange.checkpoints;
}

http::Response plain_answer(std::string_view type, std::string body) {
  http::Response response;
  response.headers.add("Content-Type", type);
  response.body = std::move(body);
  return response;
}

}  // namespace

Result<http::Response> ledger_checkpoint(const Exchange& exchange) {
  TRY(check_known(exchange.parameters, {}));
  TRY(service::Checkpoints * checkpoints, checkpoints_of(exchange));
  TRY(std::string note, checkpoints->current());
  return plain_answer("text/plain; charset=utf-8", std::move(note));
}

Result<http::Response> ledger_proof(const Exchange& exchange) {
  constexpr std::string_view kKnown[] = {"receipt", "from", "to"};
  TRY(check_known(exchange.parameters, kKnown));
  auto receipt = find(exchange.parameters, "receipt");
  auto from = find(exchange.parameters, "from");
  auto to = find(exchange.parameters, "to");
  if (receipt.has_value() == (from && to) || from.has_value() != to.has_value()) {
    return fail(ErrorCode::kInvalid, "say of what a proof is wanted",
                {{"", "receipt=R, or from=SIZE&to=SIZE"}});
  }
  access::Visit& visit = exchange.service.view;
  TRY(service::Checkpoints * checkpoints, checkpoints_of(exchange));
  TRY(std::string proof, receipt ? service::inclusion_proof(*checkpoints, *receipt)
                                 : service::consistency_proof(visit, *from, *to));
  return plain_answer("application/json", std::move(proof));
}

Result<http::Response> ledger_tile(const Exchange& exchange) {
  TRY(check_known(exchange.parameters, {}));
  TRY(std::string tile, service::hash_tile(exchange.service.view, exchange.route.id));
  return plain_answer("application/octet-stream", std::move(tile));
}

Result<http::Response> everything(const Exchange& exchange) {
  TRY(auto query, read_everything(exchange.parameters, exchange.route.id));
  TRY(auto page, read_page(exchange.parameters, exchange.service.region.limits));
  TRY(auto built,
      service::everything(exchange.service, query, address_of(exchange, "/$everything"), page));
  return answer(exchange, std::move(built));
}

namespace {

template <typename Value>
Status status_of(const Result<Value>& result) {
  return result ? Status() : fail(result.error());
}

}  // namespace

Status check_parameters(const Route& route, const Parameters& parameters,
                        const config::Limits& limits) {
  switch (route.interaction) {
    case Interaction::kRead:
    case Interaction::kVread:
      return read_plain(parameters);
    case Interaction::kHistory:
    case Interaction::kHistoryType:
    case Interaction::kHistorySystem:
      TRY(status_of(read_history(parameters)));
      return status_of(read_page(parameters, limits));
    case Interaction::kEverything:
      TRY(status_of(read_everything(parameters, route.id)));
      return status_of(read_page(parameters, limits));
    case Interaction::kSearch:
      if (fhir::type_name(route.type) == "AuditEvent") {
        TRY(status_of(read_patient(parameters)));
        return status_of(read_page(parameters, limits));
      }
      return route.type == fhir::kPatientType ? status_of(read_identifier(parameters))
                                              : fail(ErrorCode::kUnsupported, "no such search yet");
    default:
      return {};
  }
}

}  // namespace continuum::api
