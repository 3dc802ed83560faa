#include "service/load/bundle.h"

#include <algorithm>

#include "fhir/bundle.h"
#include "fhir/reference.h"
#include "json/document.h"
#include "service/load/limits.h"

namespace continuum::service {
namespace {

std::optional<BundleKind> bundle_kind(std::string_view type) {
  constexpr std::pair<std::string_view, BundleKind> kKinds[] = {
      {"transaction", BundleKind::kTransaction}, {"batch", BundleKind::kBatch},
      {"collection", BundleKind::kCollection},   {"searchset", BundleKind::kSearchset},
      {"message", BundleKind::kMessage},         {"document", BundleKind::kDocument},
      {"history", BundleKind::kHistory}};
  for (const auto& [name, kind] : kKinds) {
    if (name == type) {
      return kind;
    }
  }
  return std::nullopt;
}

void refuse(Entry& entry, ErrorCode code, std::string message) {
  entry.action = EntryAction::kRefuse;
  entry.status = fail(code, std::move(message));
}

// What a transaction, batch or history entry asks for.
Status read_request(std::string_view raw, BundleKind kind, Entry& entry) {
  TRY(auto members, json::split_object(raw));
  TRY(std::string method, json::string_member(members, "method"));
  TRY(std::string url, json::string_member(members, "url"));
  TRY(entry.if_none_exist, json::string_member(members, "ifNoneExist"));
  bool is_search = method == "POST" && url.ends_with("/_search");
  if (method == "GET" || method == "HEAD" || is_search) {
    entry.action = EntryAction::kSkip;
  } else if (method == "PATCH") {
    refuse(entry, ErrorCode::kUnsupported, "a load takes no PATCH: send the whole resource");
  } else if (method == "DELETE" || method == "PUT") {
    fhir::ParsedReference target = fhir::parse_reference(url);
    bool may_name_version = kind == BundleKind::kHistory;
    bool names_one = target.kind == fhir::ReferenceKind::kRelative ||
                     (target.kind == fhir::ReferenceKind::kAbsolute && method == "PUT");
    if (!names_one || (!target.version.empty() && !may_name_version)) {
      refuse(entry, ErrorCode::kUnsupported,
             "a load takes " + method + " only with a url of the form Type/id");
      return {};
    }
    entry.target = std::string(fhir::type_name(*target.type)) + "/" + std::string(target.id);
    entry.action = method == "PUT" ? EntryAction::kStore : EntryAction::kDelete;
  } else if (method == "POST" && url.find('$') != std::string::npos) {
    refuse(entry, ErrorCode::kUnsupported, "a load runs no operations");
  } else if (method != "POST") {
    refuse(entry, ErrorCode::kInvalid, "request.method is not an HTTP method FHIR knows");
  }
  return {};
}

Status read_entry(const fhir::RawEntry& raw, BundleKind kind, Entry& entry) {
  TRY(raw.status);
  if (!raw.full_url.empty()) {
    TRY(entry.full_url, json::string_value(raw.full_url));
  }
  entry.resource = raw.resource;
  bool has_requests = kind == BundleKind::kTransaction || kind == BundleKind::kBatch ||
                      kind == BundleKind::kHistory;
  if (has_requests && !raw.request.empty()) {
    TRY(read_request(raw.request, kind, entry));
  }
  if (kind == BundleKind::kHistory && !raw.response.empty()) {
    TRY(auto response, json::split_object(raw.response));
    TRY(entry.last_modified, json::string_member(response, "lastModified"));
  }
  if (kind == BundleKind::kSearchset && !raw.search.empty()) {
    TRY(auto search, json::split_object(raw.search));
    TRY(std::string mode, json::string_member(search, "mode"));
    if (mode == "outcome") {
      entry.action = EntryAction::kSkip;
    }
  }
  if (entry.action == EntryAction::kStore && entry.resource.empty()) {
    refuse(entry, ErrorCode::kInvalid, "the entry has no resource");
  }
  return {};
}

}  // namespace

Result<Parts> take_apart(std::string_view text) {
  TRY(fhir::RawBundle bundle, fhir::cut_bundle(text, kBundleEntriesMax));
  TRY(std::string resource_type, json::string_member(bundle.members, "resourceType"));
  Parts parts;
  Entry whole;
  whole.resource = text;
  if (resource_type != "Bundle") {
    parts.entries.push_back(std::move(whole));
    return parts;
  }
  bool entry_is_no_array = std::any_of(bundle.members.begin(), bundle.members.end(),
                                       [](const json::Member& m) { return m.key == "entry"; });
  if (entry_is_no_array) {
    return fail(ErrorCode::kInvalid, "Bundle.entry is not an array");
  }
  TRY(std::string type, json::string_member(bundle.members, "type"));
  auto kind = bundle_kind(type);
  if (!kind) {
    return fail(
        ErrorCode::kInvalid,
        type.empty() ? "the Bundle has no type" : "the Bundle has a type that is not loaded",
        {{"Bundle.type",
          "expected transaction, batch, collection, searchset, message, document or history"}});
  }
  parts.kind = *kind;
  parts.atomic = parts.kind == BundleKind::kTransaction || parts.kind == BundleKind::kMessage ||
                 parts.kind == BundleKind::kDocument;
  parts.newest_first = parts.kind == BundleKind::kHistory;
  if (parts.kind == BundleKind::kMessage || parts.kind == BundleKind::kDocument ||
      parts.kind == BundleKind::kHistory) {
    parts.entries.push_back(std::move(whole));
  }
  size_t entries_max = parts.atomic ? kAtomicEntriesMax : kBundleEntriesMax;
  if (bundle.entries.size() > entries_max) {
    return fail(ErrorCode::kTooLarge,
                "the Bundle has more than " + std::to_string(entries_max) + " entries");
  }
  parts.entries.reserve(parts.entries.size() + bundle.entries.size());
  for (size_t i = 0; i < bundle.entries.size(); ++i) {
    Entry entry;
    entry.number = static_cast<uint32_t>(i + 1);
    if (Status read = read_entry(bundle.entries[i], parts.kind, entry); !read) {
      entry.action = EntryAction::kRefuse;
      entry.status = read;
    }
    parts.entries.push_back(std::move(entry));
  }
  return parts;
}

}  // namespace continuum::service
