#include "service/load/bundle.h"

#include <algorithm>

#include "fhir/reference.h"
#include "json/document.h"
#include "json/split.h"
#include "service/load/limits.h"

namespace continuum::service {
namespace {

const json::Member* member(const std::vector<json::Member>& members, std::string_view name) {
  for (const json::Member& candidate : members) {
    if (candidate.key == name) {
      return &candidate;
    }
  }
  return nullptr;
}

Result<std::string> string_member(const std::vector<json::Member>& members, std::string_view name) {
  const json::Member* found = member(members, name);
  return found == nullptr ? std::string() : json::string_value(found->value);
}

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
  TRY(std::string method, string_member(members, "method"));
  TRY(std::string url, string_member(members, "url"));
  TRY(entry.if_none_exist, string_member(members, "ifNoneExist"));
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

// The raw members of one Bundle entry, whatever the Bundle's type turns out to be.
struct RawEntry {
  std::string_view full_url;
  std::string_view resource;
  std::string_view request;
  std::string_view response;
  std::string_view search;
  Status status;  // not an object, or a member twice
};

struct RawBundle {
  std::vector<json::Member> members;  // all but entry
  std::vector<RawEntry> entries;
};

Status cut_entry(json::Cutter& cutter, RawEntry& entry) {
  if (!cutter.peek('{')) {
    TRY(auto value, cutter.value());
    static_cast<void>(value);
    entry.status = fail(ErrorCode::kInvalid, "the entry is not an object");
    return {};
  }
  return json::for_each_member(cutter, [&](std::string_view key) -> Status {
    TRY(auto value, cutter.value());
    std::string_view* slot = key == "fullUrl"    ? &entry.full_url
                             : key == "resource" ? &entry.resource
                             : key == "request"  ? &entry.request
                             : key == "response" ? &entry.response
                             : key == "search"   ? &entry.search
                                                 : nullptr;
    if (slot != nullptr && !slot->empty()) {
      entry.status = fail(ErrorCode::kInvalid, "the entry has two members of the same name");
    } else if (slot != nullptr) {
      *slot = value;
    }
    return {};
  });
}

// PERF: one walk over the text; a Bundle's entries are most of it.
Result<RawBundle> cut(std::string_view text) {
  RawBundle bundle;
  json::Cutter cutter(text);
  TRY(cutter.check_size());
  bool has_entries = false;
  TRY(json::for_each_member(cutter, [&](std::string_view key) -> Status {
    bool again = std::any_of(bundle.members.begin(), bundle.members.end(),
                             [&](const json::Member& member) { return member.key == key; });
    if (again || (key == "entry" && has_entries)) {
      return fail(ErrorCode::kInvalid, "the resource has two members of the same name");
    }
    if (key != "entry" || !cutter.peek('[')) {
      TRY(auto value, cutter.value());
      bundle.members.push_back({key, value});
      return {};
    }
    has_entries = true;
    return json::for_each_element(cutter, [&]() -> Status {
      if (bundle.entries.size() == kBundleEntriesMax) {
        return fail(ErrorCode::kTooLarge,
                    "the Bundle has more than " + std::to_string(kBundleEntriesMax) + " entries");
      }
      bundle.entries.emplace_back();
      return cut_entry(cutter, bundle.entries.back());
    });
  }));
  TRY(cutter.end());
  return bundle;
}

Status read_entry(const RawEntry& raw, BundleKind kind, Entry& entry) {
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
    TRY(entry.last_modified, string_member(response, "lastModified"));
  }
  if (kind == BundleKind::kSearchset && !raw.search.empty()) {
    TRY(auto search, json::split_object(raw.search));
    TRY(std::string mode, string_member(search, "mode"));
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
  TRY(RawBundle bundle, cut(text));
  TRY(std::string resource_type, string_member(bundle.members, "resourceType"));
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
  TRY(std::string type, string_member(bundle.members, "type"));
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
