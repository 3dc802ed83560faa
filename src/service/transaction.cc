#include "service/transaction.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "fhir/reference.h"
#include "json/document.h"
#include "json/split.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

constexpr std::string_view kJsonPatch = "application/json-patch+json";

std::string entry_name(size_t index) {
  return "Bundle.entry[" + std::to_string(index) + "]";
}

tl::unexpected<Error> refuse(ErrorCode code, std::string message, const std::string& where,
                             std::string what) {
  return fail(code, std::move(message), {{where, std::move(what)}});
}

Result<std::optional<std::string>> optional_member(const std::vector<json::Member>& members,
                                                   std::string_view name) {
  if (json::raw_member(members, name).empty()) {
    return std::optional<std::string>();
  }
  TRY(std::string text, json::string_member(members, name));
  return std::optional(std::move(text));
}

Result<EntryRequest> read_request(std::string_view raw, const std::string& where) {
  if (raw.empty()) {
    return refuse(ErrorCode::kInvalid, "an entry has no request", where + ".request",
                  "expected method and url");
  }
  auto members = json::split_object(raw);
  if (!members) {
    return refuse(members.error().code, members.error().message, where + ".request",
                  "expected an object");
  }
  EntryRequest request;
  TRY(request.method, json::string_member(*members, "method"));
  TRY(request.url, json::string_member(*members, "url"));
  TRY(request.if_match, optional_member(*members, "ifMatch"));
  TRY(request.if_none_match, optional_member(*members, "ifNoneMatch"));
  TRY(request.if_none_exist, optional_member(*members, "ifNoneExist"));
  TRY(request.if_modified_since, optional_member(*members, "ifModifiedSince"));
  constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD",  "POST",
                                                     "PUT", "PATCH", "DELETE"};
  if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end()) {
    return refuse(ErrorCode::kInvalid, "request.method is not an HTTP method FHIR knows",
                  where + ".request.method", "expected GET, HEAD, POST, PUT, PATCH or DELETE");
  }
  return request;
}

SentEntry read_entry(const fhir::RawEntry& raw, size_t index) {
  SentEntry entry;
  entry.where = entry_name(index);
  entry.resource = raw.resource == "null" ? std::string_view() : raw.resource;
  auto full_url = raw.full_url.empty() ? Result<std::string>("") : json::string_value(raw.full_url);
  if (!raw.status) {
    entry.request = refuse(raw.status.error().code, raw.status.error().message, entry.where,
                           "expected an object");
  } else if (!full_url) {
    entry.request = refuse(full_url.error().code, full_url.error().message,
                           entry.where + ".fullUrl", "expected a URL");
  } else {
    entry.full_url = std::move(*full_url);
    entry.request = read_request(raw.request, entry.where);
  }
  return entry;
}

Change::Kind kind_of(const std::string& method) {
  return method == "POST"    ? Change::Kind::kCreate
         : method == "PUT"   ? Change::Kind::kUpdate
         : method == "PATCH" ? Change::Kind::kPatch
                             : Change::Kind::kDelete;
}

Result<std::optional<std::vector<http::Parameter>>> read_criteria(
    const std::optional<std::string>& query, const std::string& where) {
  if (!query) {
    return std::optional<std::vector<http::Parameter>>();
  }
  auto parameters = http::parse_query(*query);
  if (!parameters) {
    return refuse(parameters.error().code, parameters.error().message, where,
                  "expected search parameters, as identifier=system|value");
  }
  return std::optional(std::move(*parameters));
}

// "Type", "Type/id", "Type?criteria".
Status read_url(const EntryRequest& request, Change& change) {
  const std::string where = change.where + ".request.url";
  if (change.kind == Change::Kind::kCreate) {
    auto type = fhir::type_number(request.url);
    if (!type) {
      return refuse(ErrorCode::kInvalid, "a POST creates a resource of a type", where,
                    "expected the name of an R4 resource type");
    }
    change.type = *type;
    TRY(change.criteria,
        read_criteria(request.if_none_exist, change.where + ".request.ifNoneExist"));
    return {};
  }
  if (request.if_none_exist) {
    return refuse(ErrorCode::kInvalid, "ifNoneExist stands with a POST",
                  change.where + ".request.ifNoneExist", "leave it out");
  }
  size_t mark = request.url.find('?');
  if (mark != std::string::npos) {
    auto type = fhir::type_number(std::string_view(request.url).substr(0, mark));
    if (!type) {
      return refuse(ErrorCode::kInvalid, "a condition is about resources of a type", where,
                    "expected Type?criteria");
    }
    change.type = *type;
    TRY(change.criteria, read_criteria(request.url.substr(mark + 1), where));
    return {};
  }
  fhir::ParsedReference target = fhir::parse_reference(request.url);
  if (target.kind != fhir::ReferenceKind::kRelative || !target.version.empty()) {
    return refuse(ErrorCode::kInvalid, "a PUT, PATCH or DELETE names one resource", where,
                  "expected Type/id, or Type?criteria");
  }
  change.type = *target.type;
  change.id = target.id;
  return {};
}

Status read_change(const SentEntry& sent, Transaction& out) {
  TRY(const EntryRequest& request, sent.request);
  TransactionEntry& entry = out.entries.emplace_back();
  Change& change = entry.change;
  change.where = sent.where;
  change.line = sent.line;
  change.full_url = sent.full_url;
  change.kind = kind_of(request.method);
  if (request.if_modified_since) {
    return refuse(ErrorCode::kInvalid, "ifModifiedSince stands with a GET",
                  sent.where + ".request.ifModifiedSince", "leave it out");
  }
  TRY(read_url(request, change));
  entry.if_match = request.if_match;
  entry.if_none_match = request.if_none_match;
  if (change.kind == Change::Kind::kDelete) {
    return {};
  }
  if (sent.resource.empty()) {
    return refuse(ErrorCode::kInvalid, "the entry has no resource", sent.where + ".resource",
                  "expected the resource to store");
  }
  change.body = sent.resource;
  if (change.kind == Change::Kind::kPatch) {
    TRY(std::string patch, read_patch(sent.resource, sent.where));
    change.body = out.decoded.emplace_back(std::move(patch));
  }
  return {};
}

}  // namespace

// SPEC: R4 has a JSON Patch in a Bundle as the content of a Binary.
Result<std::string> read_patch(std::string_view resource, const std::string& where) {
  json::Document document;
  TRY(document.parse(resource));
  const json::Node& root = *document.root();
  bool is_binary = root.is_object() && root.string("resourceType") == "Binary";
  if (!is_binary || root.string("contentType") != kJsonPatch) {
    return refuse(ErrorCode::kUnsupported, "a patch is not a JSON Patch", where + ".resource",
                  "expected a Binary of " + std::string(kJsonPatch));
  }
  auto patch = from_base64(root.string("data"));
  if (!patch) {
    return refuse(ErrorCode::kInvalid, "a patch is not base64", where + ".resource.data",
                  "expected the JSON Patch as base64");
  }
  return std::move(*patch);
}

Result<SentBundle> read_sent_bundle(std::string_view text) {
  TRY(fhir::RawBundle raw, fhir::cut_bundle(text, kTransactionEntriesMax));
  TRY(std::string resource_type, json::string_member(raw.members, "resourceType"));
  TRY(std::string type, json::string_member(raw.members, "type"));
  SentBundle bundle;
  bundle.is_batch = type == "batch";
  if (resource_type != "Bundle" || (type != "transaction" && type != "batch")) {
    return refuse(ErrorCode::kInvalid, "what is sent to the base is a transaction or a batch",
                  "Bundle.type", "expected a Bundle of type transaction or batch");
  }
  if (!json::raw_member(raw.members, "entry").empty()) {
    return refuse(ErrorCode::kInvalid, "Bundle.entry is not an array", "Bundle.entry",
                  "expected an array");
  }
  const char* counted = text.data();
  uint32_t line = 1;
  for (size_t i = 0; i < raw.entries.size(); ++i) {
    SentEntry& entry = bundle.entries.emplace_back(read_entry(raw.entries[i], i));
    if (!entry.resource.empty()) {
      line += static_cast<uint32_t>(std::count(counted, entry.resource.data(), '\n'));
      counted = entry.resource.data();
    }
    entry.line = line;
  }
  return bundle;
}

bool is_read(const SentEntry& entry) {
  return entry.request && (entry.request->method == "GET" || entry.request->method == "HEAD");
}

Result<Transaction> to_transaction(const SentBundle& bundle) {
  Transaction out;
  out.entries.reserve(bundle.entries.size());
  for (const SentEntry& entry : bundle.entries) {
    if (!is_read(entry)) {
      TRY(read_change(entry, out));
    }
  }
  return out;
}

}  // namespace continuum::service
