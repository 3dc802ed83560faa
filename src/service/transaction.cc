#include "service/transaction.h"

#include <algorithm>

#include "fhir/reference.h"
#include "json/split.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

std::string entry_name(size_t index) {
  return "Bundle.entry[" + std::to_string(index) + "]";
}

tl::unexpected<Error> refuse(ErrorCode code, std::string message, const std::string& where,
                             std::string what) {
  return fail(code, std::move(message), {{where, std::move(what)}});
}

std::string_view raw_member(const std::vector<json::Member>& members, std::string_view name) {
  auto found = std::find_if(members.begin(), members.end(),
                            [name](const json::Member& member) { return member.key == name; });
  return found == members.end() ? std::string_view() : found->value;
}

Result<std::string> text_member(const std::vector<json::Member>& members, std::string_view name) {
  std::string_view raw = raw_member(members, name);
  return raw.empty() ? std::string() : json::string_value(raw);
}

Status read_url(const std::string& method, const std::string& url, const std::string& where,
                Change& change) {
  if (method == "POST") {
    auto type = fhir::type_number(url);
    if (!type) {
      return refuse(ErrorCode::kInvalid, "a POST creates a resource of a type",
                    where + ".request.url", "expected the name of an R4 resource type");
    }
    change.kind = Change::Kind::kCreate;
    change.type = *type;
    return {};
  }
  if (url.find('?') != std::string::npos) {
    return refuse(ErrorCode::kUnsupported, "conditional updates and deletes are not taken yet",
                  where + ".request.url", "name the resource: Type/id");
  }
  fhir::ParsedReference target = fhir::parse_reference(url);
  if (target.kind != fhir::ReferenceKind::kRelative || !target.version.empty()) {
    return refuse(ErrorCode::kInvalid, "a PUT or DELETE names one resource", where + ".request.url",
                  "expected Type/id");
  }
  change.kind = method == "PUT" ? Change::Kind::kUpdate : Change::Kind::kDelete;
  change.type = *target.type;
  change.id = target.id;
  return {};
}

Status read_request(std::string_view raw, TransactionEntry& entry) {
  const std::string& where = entry.change.where;
  if (raw.empty()) {
    return refuse(ErrorCode::kInvalid, "an entry has no request", where + ".request",
                  "expected method and url");
  }
  TRY(auto members, json::split_object(raw));
  TRY(std::string method, text_member(members, "method"));
  TRY(std::string url, text_member(members, "url"));
  TRY(entry.if_match, text_member(members, "ifMatch"));
  for (std::string_view condition : {"ifNoneExist", "ifNoneMatch", "ifModifiedSince"}) {
    if (!raw_member(members, condition).empty()) {
      return refuse(ErrorCode::kUnsupported, "that condition is not taken yet",
                    where + ".request." + std::string(condition), "leave it out");
    }
  }
  if (method == "GET" || method == "HEAD" || method == "PATCH") {
    return refuse(ErrorCode::kUnsupported, method + " is not taken in a transaction yet",
                  where + ".request.method", "expected POST, PUT or DELETE");
  }
  if (method != "POST" && method != "PUT" && method != "DELETE") {
    return refuse(ErrorCode::kInvalid, "request.method is not an HTTP method FHIR knows",
                  where + ".request.method", "expected POST, PUT or DELETE");
  }
  return read_url(method, url, where, entry.change);
}

Status read_entry(std::string_view raw, TransactionEntry& entry) {
  const std::string& where = entry.change.where;
  auto members = json::split_object(raw);
  if (!members) {
    return refuse(members.error().code, members.error().message, where, "expected an object");
  }
  TRY(entry.change.full_url, text_member(*members, "fullUrl"));
  TRY(read_request(raw_member(*members, "request"), entry));
  entry.change.body = raw_member(*members, "resource");
  bool is_deletion = entry.change.kind == Change::Kind::kDelete;
  if (!is_deletion && (entry.change.body.empty() || entry.change.body == "null")) {
    return refuse(ErrorCode::kInvalid, "the entry has no resource", where + ".resource",
                  "expected the resource to store");
  }
  return {};
}

}  // namespace

Result<std::vector<TransactionEntry>> read_transaction(std::string_view text) {
  std::vector<json::Member> members;
  std::vector<std::string_view> raw_entries;
  json::Cutter cutter(text);
  TRY(cutter.check_size());
  bool has_entries = false;
  TRY(json::for_each_member(cutter, [&](std::string_view key) -> Status {
    bool again = std::any_of(members.begin(), members.end(),
                             [key](const json::Member& member) { return member.key == key; });
    if (again || (key == "entry" && has_entries)) {
      return fail(ErrorCode::kInvalid, "the Bundle has two members of the same name");
    }
    if (key != "entry" || !cutter.peek('[')) {
      TRY(auto value, cutter.value());
      members.push_back({key, value});
      return {};
    }
    has_entries = true;
    return json::for_each_element(cutter, [&]() -> Status {
      if (raw_entries.size() == kTransactionEntriesMax) {
        return fail(ErrorCode::kTooLarge, "the Bundle has more than " +
                                              std::to_string(kTransactionEntriesMax) + " entries");
      }
      TRY(auto value, cutter.value());
      raw_entries.push_back(value);
      return {};
    });
  }));
  TRY(cutter.end());
  TRY(std::string resource_type, text_member(members, "resourceType"));
  TRY(std::string type, text_member(members, "type"));
  if (resource_type != "Bundle" || type != "transaction") {
    return refuse(type == "batch" ? ErrorCode::kUnsupported : ErrorCode::kInvalid,
                  "what is sent to the base must be a transaction", "Bundle.type",
                  type == "batch" ? "batches are not taken yet: send a transaction, or each alone"
                                  : "expected a Bundle of type transaction");
  }
  if (!raw_member(members, "entry").empty()) {
    return refuse(ErrorCode::kInvalid, "Bundle.entry is not an array", "Bundle.entry",
                  "expected an array");
  }
  std::vector<TransactionEntry> entries(raw_entries.size());
  const char* counted = text.data();
  uint32_t line = 1;
  for (size_t i = 0; i < entries.size(); ++i) {
    Change& change = entries[i].change;
    change.where = entry_name(i);
    TRY(read_entry(raw_entries[i], entries[i]));
    if (!change.body.empty()) {
      line += static_cast<uint32_t>(std::count(counted, change.body.data(), '\n'));
      counted = change.body.data();
    }
    change.line = line;
  }
  return entries;
}

}  // namespace continuum::service
