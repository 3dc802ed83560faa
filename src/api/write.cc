// create, update, delete and transaction: between HTTP and service/write.h.
#include <fmt/format.h>

#include "api/batch.h"
#include "api/binary.h"
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
  switch (interaction) {
    case Interaction::kCreate:
      return Change::Kind::kCreate;
    case Interaction::kUpdate:
    case Interaction::kUpdateIf:
      return Change::Kind::kUpdate;
    case Interaction::kPatch:
    case Interaction::kPatchIf:
      return Change::Kind::kPatch;
    default:
      return Change::Kind::kDelete;
  }
}

using Precondition = std::function<bool(std::optional<uint32_t>)>;

// SPEC: weakly, though RFC 9110 compares If-Match strongly: FHIR's tags are weak.
Result<Precondition> precondition_of(const std::optional<std::string>& if_match,
                                     const std::optional<std::string>& if_none_match) {
  std::optional<EntityTags> wanted;
  std::optional<EntityTags> unwanted;
  if (if_match) {
    TRY(wanted, parse_entity_tags(*if_match));
  }
  if (if_none_match) {
    TRY(unwanted, parse_entity_tags(*if_none_match));
  }
  if (!wanted && !unwanted) {
    return Precondition();
  }
  return Precondition([wanted, unwanted](std::optional<uint32_t> version) {
    auto name_it = [&version](const EntityTags& tags) {
      return version && tags.name_weakly({EntityTag::Strength::kWeak, std::to_string(*version)});
    };
    return (!wanted || name_it(*wanted)) && (!unwanted || !name_it(*unwanted));
  });
}

std::optional<std::string> field(const http::Headers& headers, std::string_view name) {
  return headers.contains(name) ? std::optional(headers.joined(name)) : std::nullopt;
}

int status_of(const service::PreparedChange& change) {
  return change.is_deletion ? 204 : change.is_new ? 201 : 200;
}

// The criteria of a request: of a create in its header, of others in the URL.
Result<std::optional<Parameters>> criteria_of(const Exchange& exchange) {
  const http::Headers& headers = exchange.request.headers;
  Interaction interaction = exchange.route.interaction;
  if (headers.contains("If-None-Exist")) {
    if (interaction != Interaction::kCreate || headers.count("If-None-Exist") > 1) {
      return fail(ErrorCode::kInvalid, "If-None-Exist stands once, with a create",
                  {{"If-None-Exist", "leave it out, or send one: identifier=system|value"}});
    }
    TRY(auto parameters, http::parse_query(*headers.find("If-None-Exist")));
    return std::optional(std::move(parameters));
  }
  if (!is_conditional(interaction)) {
    return std::optional<Parameters>();
  }
  Parameters criteria = exchange.parameters;
  std::erase_if(criteria, [](const auto& parameter) { return parameter.name == "_format"; });
  return std::optional(std::move(criteria));
}

Result<PreparedWrite> prepare_one(const Exchange& exchange, const service::WriteContext& context,
                                  Bodies bodies) {
  const http::Headers& headers = exchange.request.headers;
  Change change;
  change.kind = kind_of(exchange.route.interaction);
  change.type = exchange.route.type;
  change.id = exchange.route.id;
  std::string binary;
  if (brings_content(exchange.request, exchange.route)) {
    binary = to_binary(exchange.request, exchange.route);
  }
  change.body = binary.empty() ? exchange.request.body : binary;
  TRY(change.criteria, criteria_of(exchange));
  TRY(change.condition,
      precondition_of(field(headers, "If-Match"), field(headers, "If-None-Match")));
  return service::prepare_write(context, {&change, 1}, bodies);
}

Result<PreparedWrite> prepare_many(const Result<service::SentBundle>& sent,
                                   const service::WriteContext& context, Bodies bodies) {
  // SAFETY: who may write nothing is told so before the Bundle is looked at.
  TRY(access::may_write_anything(context.visit.principal(), context.visit.scope()));
  TRY(const service::SentBundle& bundle, sent);
  TRY(service::Transaction transaction, service::to_transaction(bundle));
  std::vector<Change> changes;
  changes.reserve(transaction.entries.size());
  for (service::TransactionEntry& entry : transaction.entries) {
    auto condition = precondition_of(entry.if_match, entry.if_none_match);
    if (!condition) {
      return fail(ErrorCode::kInvalid, condition.error().message,
                  {{entry.change.where + ".request", R"(expected W/"1" as ifMatch, ifNoneMatch)"}});
    }
    entry.change.condition = std::move(*condition);
    changes.push_back(std::move(entry.change));
  }
  return service::prepare_write(context, changes, bodies);
}

// "Patient/[id]/_history/[version]"
std::string location_of(const PreparedWrite& write, size_t index) {
  const service::PreparedChange& change = write.changes[index];
  return fmt::format("{}/{}/_history/{}", fhir::type_name(change.type), change.id,
                     write.header(index)->version);
}

void append_body(const PreparedWrite& write, size_t index, std::string& out) {
  const service::PreparedChange& change = write.changes[index];
  if (!change.found.empty()) {
    out += change.found;
    return;
  }
  const record::RowHeader& header = *write.header(index);
  record::append_spliced(out, change.canonical.body, change.canonical.splice_offset, header.version,
                         header.instant);
}

std::string outcome_of(const service::PreparedChange& change) {
  if (!change.warnings.empty()) {
    return fhir::operation_outcome(change.warnings);
  }
  return fhir::operation_outcome(fhir::Issue{.severity = fhir::Severity::kInformation,
                                             .code = "informational",
                                             .diagnostics = "stored; there is nothing to mend"});
}

http::Response respond_one(const PendingWrite& pending, const config::Region& region) {
  const PreparedWrite& write = pending.write;
  http::Response response;
  response.status = pending.status;
  const record::RowHeader* header = write.header(0);
  if (header != nullptr) {
    response.headers.add("ETag", entity_tag(header->version));
  }
  if (write.changes[0].is_deletion) {
    return response;
  }
  response.headers.add("Location", region.base_url + "/" + location_of(write, 0));
  response.headers.add("Last-Modified", to_http_date(header->instant));
  if (pending.shows_bodies || pending.shows_outcome) {
    response.headers.add("Content-Type", pending.content_type);
  }
  if (pending.shows_outcome) {
    response.body = outcome_of(write.changes[0]);
  } else if (pending.shows_bodies) {
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
  if (const record::RowHeader* header = write.header(index); header != nullptr) {
    out += fmt::format(R"(,"etag":{},"lastModified":"{}")",
                       json::quoted(entity_tag(header->version)), to_fhir_instant(header->instant));
  }
  if (!change.warnings.empty()) {
    out += ",\"outcome\":" + outcome_of(change);
  }
  out += "}}";
}

http::Response respond_many(const PendingWrite& pending) {
  http::Response response;
  response.status = pending.status;
  response.headers.add("Content-Type", pending.content_type);
  response.body = R"({"resourceType":"Bundle","type":"transaction-response")";
  size_t change = 0;
  for (size_t i = 0; i < pending.reads.size(); ++i) {
    response.body += i == 0 ? R"(,"entry":[)" : ",";
    if (pending.reads[i]) {
      append_answer(response.body, *pending.reads[i]);
    } else {
      append_entry(pending, change++, response.body);
    }
  }
  response.body += pending.reads.empty() ? "}" : "]}";
  return response;
}

}  // namespace

Result<PendingWrite> prepare_write(const Exchange& exchange, record::Store& store,
                                   const Result<service::SentBundle>& sent,
                                   std::vector<fhir::Issue>& issues) {
  if (!is_conditional(exchange.route.interaction)) {
    TRY(read_plain(exchange.parameters));
  }
  const service::Context& context = exchange.service;
  const http::Headers& headers = exchange.request.headers;
  service::WriteContext writes{store, context.view, context.region, issues};
  PendingWrite pending;
  pending.content_type = exchange.content_type;
  pending.is_transaction = exchange.route.interaction == Interaction::kTransaction;
  // One resource comes back unless it is not wanted; those of a transaction where they are wanted.
  auto returns = parse_prefer(headers.joined("Prefer"))
                     .returns.value_or(pending.is_transaction ? PreferReturn::kMinimal
                                                              : PreferReturn::kRepresentation);
  pending.shows_bodies = returns == PreferReturn::kRepresentation;
  pending.shows_outcome = returns == PreferReturn::kOperationOutcome;
  Bodies bodies = pending.shows_bodies ? Bodies::kKeep : Bodies::kDrop;
  TRY(pending.write, pending.is_transaction ? prepare_many(sent, writes, bodies)
                                            : prepare_one(exchange, writes, bodies));
  pending.status = pending.is_transaction ? 200 : status_of(pending.write.changes[0]);
  if (pending.is_transaction) {
    pending.reads.resize(sent->entries.size());
  }
  return pending;
}

http::Response respond(const PendingWrite& pending, const config::Region& region) {
  return pending.is_transaction ? respond_many(pending) : respond_one(pending, region);
}

}  // namespace continuum::api
