#include "api/batch.h"

#include <algorithm>

#include "api/api.h"
#include "api/preconditions.h"
#include "api/router.h"
#include "fhir/operation_outcome.h"
#include "json/writer.h"
#include "service/bundle.h"

namespace continuum::api {
namespace {

constexpr std::string_view kFhirMedia = "application/fhir+json";
constexpr std::string_view kJsonPatch = "application/json-patch+json";

tl::unexpected<Error> refuse(std::string message, const std::string& where, std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{where, std::move(what)}});
}

// As the HTTP server lets targets in.
bool is_target(std::string_view url) {
  return url.size() <= http::Limits().target_bytes_max &&
         std::all_of(url.begin(), url.end(),
                     [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
}

Result<std::string> target_of(const service::EntryRequest& request, const std::string& where,
                              std::string_view base_url) {
  std::string_view url = request.url;
  if (url.starts_with(base_url)) {
    url.remove_prefix(base_url.size());
  }
  while (url.starts_with('/')) {
    url.remove_prefix(1);
  }
  if (url.empty() || url.front() == '?' || !is_target(url)) {
    return refuse("an entry's url is none below the base", where + ".request.url",
                  "expected Type, Type/id or Type?criteria, percent-encoded");
  }
  return path_of(base_url) + "/" + std::string(url);
}

void add(http::Headers& headers, std::string_view name, const std::optional<std::string>& value) {
  if (value) {
    headers.add(name, *value);
  }
}

// SAFETY: a line break would make a field of its own.
Status check_fields(const service::EntryRequest& request, const std::string& where) {
  for (const auto* field : {&request.if_match, &request.if_none_match, &request.if_none_exist,
                            &request.if_modified_since}) {
    bool is_field = !*field || std::none_of((*field)->begin(), (*field)->end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (!is_field) {
      return refuse("a condition has a control character", where + ".request", "leave it out");
    }
  }
  return {};
}

void append_field(std::string& out, std::string_view name, const http::Response& answer,
                  std::string_view field) {
  if (auto value = answer.headers.find(field)) {
    out += ",\"" + std::string(name) + "\":" + json::quoted(*value);
  }
}

}  // namespace

void append_answer(std::string& out, const http::Response& answer) {
  bool is_error = answer.status >= 400;
  bool has_resource = !is_error && !answer.body.empty();
  out += '{';
  if (has_resource) {
    out += "\"resource\":" + answer.body + ",";
  }
  out += R"("response":{)";
  if (auto receipt = answer.headers.find(kReceiptField)) {
    out += R"("extension":[{"url":)" +
           json::quoted(std::string(service::kStructureDefinitions) + "receipt") +
           R"(,"valueString":)" + json::quoted(*receipt) + "}],";
  }
  out += R"("status":")" + std::to_string(answer.status) + ' ' +
         std::string(http::reason_phrase(answer.status)) + '"';
  append_field(out, "location", answer, "Location");
  append_field(out, "etag", answer, "ETag");
  auto modified = answer.headers.find("Last-Modified");
  if (auto instant = modified ? parse_http_date(*modified) : std::nullopt) {
    out += R"(,"lastModified":")" + to_fhir_instant(*instant) + '"';
  }
  if (is_error && !answer.body.empty()) {
    out += ",\"outcome\":" + answer.body;
  }
  out += "}}";
}

Result<http::Request> request_of(const service::SentEntry& entry, const http::Request& batch,
                                 std::string_view base_url) {
  TRY(const service::EntryRequest& asked, entry.request);
  TRY(check_fields(asked, entry.where));
  http::Request request;
  request.method = asked.method;
  TRY(std::string target, target_of(asked, entry.where, base_url));
  request.set_target(target);
  request.peer = batch.peer;
  request.version_minor = batch.version_minor;
  request.headers.add("Authorization", batch.headers.joined("Authorization"));
  request.headers.add("Accept", kFhirMedia);
  request.headers.add("Prefer", batch.headers.contains("Prefer") ? batch.headers.joined("Prefer")
                                                                 : "return=minimal");
  add(request.headers, "If-Match", asked.if_match);
  add(request.headers, "If-None-Match", asked.if_none_match);
  add(request.headers, "If-None-Exist", asked.if_none_exist);
  add(request.headers, "If-Modified-Since", asked.if_modified_since);
  if (asked.method == "PATCH") {
    TRY(request.body, service::read_patch(entry.resource, entry.where));
    request.headers.add("Content-Type", kJsonPatch);
  } else if (!entry.resource.empty()) {
    request.body = entry.resource;
    request.headers.add("Content-Type", kFhirMedia);
  }
  return request;
}

http::Reply BatchAnswers::reply(size_t index) {
  return http::Reply([this, index](std::optional<http::Response> response,
                                   std::optional<http::Reply::Time> not_before) {
    std::lock_guard lock(mutex_);
    if (response) {
      answers_[index] = std::move(*response);
    } else {
      answers_[index].status = 500;
    }
    if (not_before && (!not_before_ || *not_before_ < *not_before)) {
      not_before_ = not_before;
    }
    if (--missing_ == 0) {
      all_there_.notify_one();  // under the lock: who waits takes this away
    }
  });
}

BatchAnswers::All BatchAnswers::wait() {
  std::unique_lock lock(mutex_);
  all_there_.wait(lock, [this] { return missing_ == 0; });
  return {std::move(answers_), not_before_};
}

std::string batch_response(std::vector<http::Response>& answers) {
  std::string out = R"({"resourceType":"Bundle","type":"batch-response")";
  for (size_t i = 0; i < answers.size(); ++i) {
    out += i == 0 ? R"(,"entry":[)" : ",";
    append_answer(out, answers[i]);
    answers[i] = {};
  }
  return out + (answers.empty() ? "}" : "]}");
}

}  // namespace continuum::api
