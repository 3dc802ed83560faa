// create, update, delete: between HTTP and service/write.h.
#include "api/conditional.h"
#include "api/exchange.h"

namespace continuum::api {
namespace {

service::Write::Kind kind_of(Interaction interaction) {
  return interaction == Interaction::kCreate   ? service::Write::Kind::kCreate
         : interaction == Interaction::kUpdate ? service::Write::Kind::kUpdate
                                               : service::Write::Kind::kDelete;
}

// RFC 7240: return=minimal or return=representation, which is the default here.
bool wants_body(const http::Headers& headers) {
  return headers.joined("Prefer").find("return=minimal") == std::string::npos;
}

int status_of(const service::PreparedWrite& write) {
  return write.canonical.body.empty() ? 204 : write.is_new ? 201 : 200;
}

}  // namespace

Result<PendingWrite> prepare_write(const Exchange& exchange, record::Store& store) {
  TRY(read_plain(exchange.parameters));
  const http::Headers& headers = exchange.request.headers;
  service::Write write;
  write.kind = kind_of(exchange.route.interaction);
  write.type = exchange.route.type;
  write.id = exchange.route.id;
  write.body = exchange.request.body;
  if (headers.contains("If-None-Exist")) {
    return fail(ErrorCode::kUnsupported, "conditional creates are not taken yet",
                {{"If-None-Exist", "leave it out, or look for the resource first"}});
  }
  std::string if_match = headers.joined("If-Match");
  if (headers.contains("If-Match")) {
    write.condition = [&if_match](uint32_t version) { return names_version(if_match, version); };
  }
  const service::Context& context = exchange.service;
  PendingWrite pending;
  TRY(pending.write, service::prepare_write({store, context.view, context.region}, write));
  pending.response.status = status_of(pending.write);
  pending.shows_body = !pending.write.canonical.body.empty() && wants_body(headers);
  if (pending.shows_body) {
    pending.response.headers.add("Content-Type", exchange.content_type);
  }
  pending.response.headers.add("Location", context.region.base_url + "/" +
                                               std::string(fhir::type_name(write.type)) + "/" +
                                               pending.write.id);
  return pending;
}

http::Response respond(PendingWrite& pending) {
  http::Response response = std::move(pending.response);
  const service::PreparedWrite& write = pending.write;
  response.headers.add("ETag", entity_tag(write.version()));
  if (write.canonical.body.empty()) {
    response.headers.remove("Location");
    return response;
  }
  std::string location(response.headers.find("Location").value_or(""));
  response.headers.set("Location", location + "/_history/" + std::to_string(write.version()));
  response.headers.add("Last-Modified", to_http_date(write.instant()));
  if (pending.shows_body) {
    record::append_spliced(response.body, write.canonical.body, write.canonical.splice_offset,
                           write.version(), write.instant());
  }
  return response;
}

}  // namespace continuum::api
