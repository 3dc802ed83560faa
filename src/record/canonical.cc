#include "record/canonical.h"

#include <charconv>

#include "base/check.h"
#include "fhir/types.h"
#include "json/writer.h"
#include "record/limits.h"

namespace continuum::record {
namespace {

void move_to_front(json::Node& parent, json::Node& child) {
  json::Document::remove(parent, child);
  json::Document::prepend(parent, child);
}

void remove_member(json::Node& parent, std::string_view name) {
  if (json::Node* member = parent.find(name)) {
    json::Document::remove(parent, *member);
  }
}

// Replaces our own extension, if an earlier export brought it along, and keeps all others.
Status add_source_extension(json::Document& document, json::Node& meta, std::string_view source) {
  json::Node* extensions = meta.find("extension");
  if (extensions == nullptr) {
    extensions = document.make_array("extension");
    json::Document::append(meta, *extensions);
  } else if (!extensions->is_array()) {
    return fail(ErrorCode::kInvalid, "meta.extension is not an array",
                {{"meta.extension", "expected an array of extensions"}});
  }
  for (json::Node* at = extensions->first; at != nullptr;) {
    json::Node* next = at->next;
    if (at->string("url") == kSourceExtension) {
      json::Document::remove(*extensions, *at);
    }
    at = next;
  }
  json::Node* extension = document.make_object();
  json::Document::append(*extension, *document.make_string("url", kSourceExtension));
  json::Document::append(*extension, *document.make_string("valueString", source));
  json::Document::append(*extensions, *extension);
  return {};
}

Status set_marks(json::Document& document, json::Node& meta, Marks marks) {
  json::Node* tags = meta.find("tag");
  if (tags == nullptr && !marks.has_structure_faults) {
    return {};
  }
  if (tags == nullptr) {
    tags = document.make_array("tag");
    json::Document::append(meta, *tags);
  } else if (!tags->is_array()) {
    return fail(ErrorCode::kInvalid, "meta.tag is not an array",
                {{"meta.tag", "expected an array of Codings"}});
  }
  bool was_empty = tags->first == nullptr;
  for (json::Node* at = tags->first; at != nullptr;) {
    json::Node* next = at->next;
    if (at->string("system") == kMarkSystem) {
      json::Document::remove(*tags, *at);
    }
    at = next;
  }
  if (marks.has_structure_faults) {
    json::Node* mark = document.make_object();
    json::Document::append(*mark, *document.make_string("system", kMarkSystem));
    json::Document::append(*mark, *document.make_string("code", kStructureFaultsMark));
    json::Document::append(*tags, *mark);
  }
  if (tags->first == nullptr && !was_empty) {
    json::Document::remove(meta, *tags);
  }
  return {};
}

}  // namespace

Status canonicalise(json::Document& document, json::Node& resource, std::string_view id,
                    std::string_view source, Canonical& out, Marks marks) {
  json::Node* type = resource.find("resourceType");
  if (type == nullptr || !fhir::type_number(type->text)) {
    return fail(ErrorCode::kInvalid, "not a resource of a type R4 has",
                {{"resourceType", "expected the name of a resource type"}});
  }
  json::Node* meta = resource.find("meta");
  if (meta == nullptr) {
    meta = document.make_object("meta");
    json::Document::prepend(resource, *meta);
  } else if (!meta->is_object()) {
    return fail(ErrorCode::kInvalid, "meta is not an object", {{"meta", "expected an object"}});
  }
  remove_member(*meta, "versionId");
  remove_member(*meta, "lastUpdated");
  TRY(add_source_extension(document, *meta, source));
  TRY(set_marks(document, *meta, marks));
  remove_member(resource, "id");
  move_to_front(resource, *meta);
  json::Document::prepend(resource, *document.make_string("id", id));
  move_to_front(resource, *type);

  out.body.clear();
  json::write(resource, out.body);
  if (out.body.size() > kBodyBytesMax) {
    return fail(ErrorCode::kTooLarge,
                "the resource is larger than " + std::to_string(kBodyBytesMax) + " bytes");
  }
  constexpr std::string_view kMetaStart = "\"meta\":{";
  size_t at = out.body.find(kMetaStart);
  CHECK(at != std::string::npos && at + kMetaStart.size() <= UINT16_MAX);
  out.splice_offset = static_cast<uint16_t>(at + kMetaStart.size());
  out.digest = crypto::sha256(out.body);
  return {};
}

std::optional<std::string_view> id_in(std::string_view body, std::string_view type) {
  for (std::string_view part :
       {std::string_view(R"({"resourceType":")"), type, std::string_view(R"(","id":")")}) {
    if (!body.starts_with(part)) {
      return std::nullopt;
    }
    body.remove_prefix(part.size());
  }
  size_t end = body.find('"');
  return end == std::string_view::npos ? std::nullopt : std::optional(body.substr(0, end));
}

void append_spliced(std::string& out, std::string_view body, uint16_t splice_offset,
                    uint32_t version, Instant instant) {
  char number[10];
  auto end = std::to_chars(number, number + sizeof number, version);
  out.append(body.substr(0, splice_offset));
  out += "\"versionId\":\"";
  out.append(number, end.ptr);
  out += "\",\"lastUpdated\":\"";
  append_fhir_instant(out, instant);
  out.push_back('"');
  std::string_view rest = body.substr(splice_offset);
  if (!rest.empty() && rest.front() != '}') {
    out.push_back(',');
  }
  out.append(rest);
}

}  // namespace continuum::record
