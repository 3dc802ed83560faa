#include "service/bundle.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "fhir/types.h"
#include "http/query.h"
#include "json/writer.h"
#include "service/limits.h"
#include "service/read.h"

namespace continuum::service {

BundleWriter::BundleWriter(const Context& context, std::string_view type)
    : context_(context), builder_(context.budget), out_(builder_.text()) {
  out_ += R"({"resourceType":"Bundle","type":")";
  out_ += type;
  out_ += '"';
}

Status BundleWriter::as_at(record::T t) {
  CHECK(first_);
  std::string instant;
  auto when = context_.view.instant_of(t);
  if (when) {
    instant = fmt::format(R"(,{{"url":"instant","valueInstant":"{}"}})", to_fhir_instant(*when));
  } else if (when.error().code != ErrorCode::kNotFound) {  // an empty store has no commit yet
    return fail(when.error());
  }
  out_ += fmt::format(
      R"(,"meta":{{"extension":[{{"url":"{}as-at","extension":[{{"url":"t","valueString":"t:{}"}}{}]}}]}})",
      kStructureDefinitions, t, instant);
  return {};
}

Status BundleWriter::start_entry(size_t resource_bytes) {
  size_t room = resource_bytes + context_.region.base_url.size() + kEntryBytes;
  TRY(builder_.make_room(first_ ? std::max(room, kBundleBytesFirst) : room));
  out_ += first_ ? R"(,"entry":[{)" : ",{";
  first_ = false;
  return {};
}

Status BundleWriter::add_outcome(std::string_view outcome) {
  TRY(start_entry(outcome.size()));
  out_ += R"("resource":)";
  out_ += outcome;
  out_ += R"(,"search":{"mode":"outcome"}})";
  return {};
}

Status BundleWriter::add_made(std::string_view path, std::string_view resource) {
  return add_made(path, resource, "match");
}

Status BundleWriter::add_included(std::string_view path, std::string_view resource) {
  return add_made(path, resource, "include");
}

Status BundleWriter::add_made(std::string_view path, std::string_view resource,
                              std::string_view mode) {
  TRY(start_entry(resource.size() + path.size()));
  out_ += fmt::format(R"("fullUrl":"{}/{}","resource":{},"search":{{"mode":"{}"}}}})",
                      context_.region.base_url, path, resource, mode);
  return {};
}

// fullUrl stands before the resource and needs its id, which is at a fixed place of the body: room
// for a regional one is left and filled in once the body is open. One that a client gave is of
// another size, and rare: it is moved.
Result<std::string> BundleWriter::add_resource(const record::StoredItem& item) {
  std::string_view type = fhir::type_name(item.key.type);
  out_ += R"("fullUrl":")";
  out_ += context_.region.base_url;
  out_ += '/';
  out_ += type;
  out_ += '/';
  size_t id_at = out_.size();
  out_.append(record::kIdTextSize, ' ');
  out_ += R"(","resource":)";
  size_t body_at = out_.size();
  TRY(context_.view.append_resource(item, out_));

  // SAFETY: a body that is not of the type of its key is not what belongs here.
  auto found = record::id_in(std::string_view(out_).substr(body_at), type);
  if (!found) {
    return fail(ErrorCode::kCorrupt, "a body does not start with the type of its key and an id");
  }
  std::string id(*found);
  out_.replace(id_at, record::kIdTextSize, id);
  return id;
}

Result<std::string> BundleWriter::add_match(const record::StoredItem& item) {
  TRY(start_entry(item.row.header.body_size));
  TRY(std::string id, add_resource(item));
  out_ += R"(,"search":{"mode":"match"}})";
  return id;
}

Status BundleWriter::add_version(const record::StoredItem& item, const VersionFacts& facts) {
  const record::RowHeader& header = item.row.header;
  std::string_view type = fhir::type_name(item.key.type);
  TRY(start_entry(header.body_size));
  std::string id = facts.deleted_id;
  if (header.deleted) {
    TRY(context_.view.note_shown(item));
    out_ += fmt::format(R"("fullUrl":"{}/{}/{}")", context_.region.base_url, type, id);
  } else {
    TRY(id, add_resource(item));
  }
  bool is_first = header.version == 1;
  std::string_view method = header.deleted ? "DELETE" : is_first ? "POST" : "PUT";
  std::string url = is_first ? std::string(type) : fmt::format("{}/{}", type, id);
  bool is_created = is_first || facts.follows_deletion;
  out_ += fmt::format(
      R"(,"request":{{"method":"{}","url":"{}"}},"response":{{"status":"{}","etag":"W/\"{}\"","lastModified":"{}"}}}})",
      method, url,
      header.deleted ? 204
      : is_created   ? 201
                     : 200,
      header.version, to_fhir_instant(header.instant));
  return {};
}

void BundleWriter::write_link(std::string_view relation, const Address& address,
                              std::string_view page) {
  std::string url = context_.region.base_url + '/' + address.path;
  char before = '?';
  if (!address.query.empty()) {
    url += before + address.query;
    before = '&';
  }
  if (!page.empty()) {
    url += before;
    url += kPageParameter;
    url += '=';
    url += page;
  }
  out_ += fmt::format(R"({{"relation":"{}","url":)", relation);
  json::write_string(url, out_);
  out_ += '}';
}

Result<Answer> BundleWriter::finish(const Address& address, std::optional<uint64_t> total,
                                    const std::optional<PageToken>& next) && {
  TRY(builder_.make_room(2 * (address.path.size() + address.query.size()) + kPageTokenBytesMax +
                         2 * context_.region.base_url.size() + kEntryBytes));
  if (!first_) {
    out_ += ']';
  }
  if (total) {
    out_ += fmt::format(R"(,"total":{})", *total);
  }
  out_ += R"(,"link":[)";
  write_link("self", address, {});
  if (next) {
    out_ += ',';
    PageSeal seal{context_.page_token_key, context_.principal, address};
    write_link("next", address, seal_page_token(seal, *next));
  }
  out_ += "]}";
  return std::move(builder_).finish();
}

}  // namespace continuum::service
