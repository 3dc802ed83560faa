// create, update, delete and transaction: between HTTP and service/write.h.
#include <fmt/format.h>

#include "api/conditional.h"
#include "api/exchange.h"
#include "api/preconditions.h"
#include "api/prefer.h"
#include "json/writer.h"
#include "service/transaction.h"

namespace continuum::api {
namespace {

using service::Bodies;
using service::Change;
using service::PreparedWrite;

Change::Kind kind_of(Interaction interaction) {
  return interaction == Interaction::kCreate   ? Change::Kind::kCreate
         : interaction == Interaction::kUpdate ? Change::Kind::kUpdate
         : interaction == Interaction::kPatch  ? Change::Kind::kPatch
                                               : Change::Kind::kDelete;
}

// SPEC: weakly, though RFC 9110 compares If-Match strongly: FHIR's tags are weak.
Result<std::function<bool(uint32_t)>> condition_of(std::string_view if_match) {
  TRY(EntityTags tags, parse_entity_tags(if_match));
  return [tags = std::move(tags)](uint32_t version) {
    return tags.name_weakly({EntityTag::Strength::kWeak, std::to_string(version)});
  };
}

int status_of(const service::PreparedChange& change) {
  return change.is_deletion ? 204 : change.is_new ? 201 : 200;
}

Result<PreparedWrite> prepare_one(const Exchange& exchange, const service::WriteContext& context,
                                  Bodies bodies) {
  const http::Headers& headers = exchange.request.headers;
  if (headers.contains("If-None-Exist")) {
    return fail(ErrorCode::kUnsupported, "conditional creates are not taken yet",
                {{"If-None-Exist", "leave it out, or look for the resource first"}});
  }
  Change change;
  change.kind = kind_of(exchange.route.interaction);
  change.type = exchange.route.type;
  change.id = exchange.route.id;
  change.body = exchange.request.body;
  if (headers.contains("If-Match")) {
    TRY(change.condition, condition_of(headers.joined("If-Match")));
  }
  return service::prepare_write(context, {&change, 1}, bodies);
}

Result<PreparedWrite> prepare_many(const Exchange& exchange, const service::WriteContext& context,
                                   Bodies bodies) {
  // SAFETY: who may write nothing is told so before the Bundle is looked at.
  TRY(access::may_write_anything(context.visit.principal(), context.visit.scope()));
  TRY(auto entries, service::read_transaction(exchange.request.body));
  std::vector<Change> changes;
  changes.reserve(entries.size());
  for (service::TransactionEntry& entry : entries) {
    changes.push_back(std::move(entry.change));
    if (!entry.if_match.empty()) {
      auto condition = condition_of(entry.if_match);
      if (!condition) {
        return fail(ErrorCode::kInvalid, condition.error().message,
                    {{changes.back().where + ".request.ifMatch", R"(expected W/"1")"}});
      }
      changes.back().condition = std::move(*condition);
    }
  }
  return service::prepare_write(context, changes, bodies);
}

// "Patient/[id]/_history/[version]"
std::string location_of(const PreparedWrite& write, size_t index) {
  const service::PreparedChange& change = write.changes[index];
  return fmt::format("{}/{}/_history/{}", fhir::type_name(change.type), change.id,
                     write.version(index));
}

void append_body(const PreparedWrite& write, size_t index, std::string& out) {
  const record::Canonical& canonical = write.changes[index].canonical;
  record::append_spliced(out, canonical.body, canonical.splice_offset, write.version(index),
                         write.instant(index));
}

http::Response respond_one(const PendingWrite& pending, const config::Region& region) {
  const PreparedWrite& write = pending.write;
  http::Response response;
  response.status = pending.status;
  response.headers.add("ETag", entity_tag(write.version(0)));
  if (write.changes[0].is_deletion) {
    return response;
  }
  response.headers.add("Location", region.base_url + "/" + location_of(write, 0));
  response.headers.add("Last-Modified", to_http_date(write.instant(0)));
  if (pending.shows_bodies) {
    response.headers.add("Content-Type", pending.content_type);
    append_body(write, 0, response.body);
  }
  return response;
}

std::string_view status_line(int status) {
  return status == 201 ? "201 Created" : status == 204 ? "204 No Content" : "200 OK";
}

void append_entry(const PendingWrite& pending, size_t index, std::string& out) {
  const PreparedWrite& write = pending.write;
  const service::PreparedChange& change = write.changes[index];
  out += '{';
  if (pending.shows_bodies && !change.is_deletion) {
    out += R"("resource":)";
    append_body(write, index, out);
    out += ',';
  }
  out += fmt::format(R"("response":{{"status":"{}")", status_line(status_of(change)));
  if (!change.is_deletion) {
    out += fmt::format(R"(,"location":"{}")", location_of(write, index));
  }
  out += fmt::format(R"(,"etag":{},"lastModified":"{}"}}}})",
                     json::quoted(entity_tag(write.version(index))),
                     to_fhir_instant(write.instant(index)));
}

http::Response respond_many(const PendingWrite& pending) {
  http::Response response;
  response.status = pending.status;
  response.headers.add("Content-Type", pending.content_type);
  response.body = R"({"resourceType":"Bundle","type":"transaction-response")";
  for (size_t i = 0; i < pending.write.changes.size(); ++i) {
    response.body += i == 0 ? R"(,"entry":[)" : ",";
    append_entry(pending, i, response.body);
  }
  response.body += pending.write.changes.empty() ? "}" : "]}";
  return response;
}

}  // namespace

Result<PendingWrite> prepare_write(const Exchange& exchange, record::Store& store,
                                   std::vector<fhir::Issue>& issues) {
  TRY(read_plain(exchange.parameters));
  const service::Context& context = exchange.service;
  const http::Headers& headers = exchange.request.headers;
  service::WriteContext writes{store, context.view, context.region, issues};
  PendingWrite pending;
  pending.content_type = exchange.content_type;
  pending.is_transaction = exchange.route.interaction == Interaction::kTransaction;
  // One resource comes back unless it is not wanted; those of a transaction where they are wanted.
  auto returns = parse_prefer(headers.joined("Prefer")).returns;
  pending.shows_bodies = returns.value_or(pending.is_transaction ? PreferReturn::kMinimal
                                                                 : PreferReturn::kRepresentation) ==
                         PreferReturn::kRepresentation;
  Bodies bodies = pending.shows_bodies ? Bodies::kKeep : Bodies::kDrop;
  TRY(pending.write, pending.is_transaction ? prepare_many(exchange, writes, bodies)
                                            : prepare_one(exchange, writes, bodies));
  pending.status = pending.is_transaction ? 200 : status_of(pending.write.changes[0]);
  return pending;
}

http::Response respond(const PendingWrite& pending, const config::Region& region) {
  return pending.is_transaction ? respond_many(pending) : respond_one(pending, region);
}

}  // namespace continuum::api
