#include "tests/e2e/consistency/caller.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "tests/e2e/consistency/limits.h"

namespace continuum::consistency {
namespace {

constexpr const char* kHost = "127.0.0.1";
constexpr const char* kBase = "/fhir";
constexpr int kBusy = 503;
constexpr std::string_view kTagStart = "W/\"";
constexpr std::string_view kHistoryPart = "/_history/";

tl::unexpected<Error> unreadable(std::string_view what) {
  return fail(ErrorCode::kInvalid, fmt::format("an answer cannot be read: {}", what));
}

// The number at the start of a text; 0: none.
template <typename Number>
Number number_at(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string_view marked_text(const json::Node& resource) {
  if (resource.string("resourceType") != "Patient") {
    return resource.string("valueString");
  }
  const json::Node* names = resource.find("name");
  return names == nullptr || names->first == nullptr ? std::string_view()
                                                     : names->first->string("family");
}

std::string_view content_type(const std::string& method) {
  return method == "PATCH" ? "application/json-patch+json" : "application/fhir+json";
}

// Calls use(entry) for each entry of a Bundle.
template <typename Use>
Status for_each_entry(const std::string& body, const Use& use) {
  json::Document document;
  TRY(document.parse(body));
  const json::Node* entries = document.root()->find("entry");
  if (entries != nullptr) {
    for (const json::Node& entry : json::children(*entries)) {
      TRY(use(entry));
    }
  }
  return {};
}

}  // namespace

Nanos now() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

std::optional<Answer> Caller::ask(const Question& question) {
  if (!client_) {
    auto client =
        http::Client::connect(kHost, server_->port(), {.answer_time_max = kAnswerTimeMax});
    if (!client) {
      return std::nullopt;
    }
    client_.emplace(std::move(*client));
  }
  http::Request request;
  request.method = question.method;
  request.set_target(kBase + (question.path.empty() ? "" : "/" + question.path));
  request.headers.add("Authorization", "Bearer " + token_);
  if (question.if_match) {
    request.headers.add("If-Match", fmt::format("W/\"{}\"", *question.if_match));
  }
  if (!question.body.empty()) {
    request.headers.add("Content-Type", content_type(question.method));
    request.body = question.body;
  }
  Answer answer;
  answer.begin = now();
  auto response = client_->send(request);
  answer.end = now();
  if (response) {
    note_receipt(question, *response);
    answer.response = std::move(*response);
  } else {
    client_.reset();  // the next server listens elsewhere
    answer.failure = response.error();
  }
  return answer;
}

void Caller::note_receipt(const Question& question, const http::Response& response) {
  const auto field = response.headers.find("X-Receipt");
  const auto receipt = field ? access::Receipt::parse(*field) : std::nullopt;
  if (receipt) {
    receipts_.push_back({*receipt, static_cast<uint16_t>(response.status), question.method});
  } else if (response.status != kBusy) {  // which says nothing of what is there
    ++without_receipt_;
  }
}

uint32_t version_of_tag(std::string_view tag) {
  return tag.starts_with(kTagStart) ? number_at<uint32_t>(tag.substr(kTagStart.size())) : 0;
}

std::string marker_text(uint64_t marker) {
  return fmt::format("w{}", marker);
}

Result<Shown> shown(const json::Node& resource) {
  Shown out;
  out.path = fmt::format("{}/{}", resource.string("resourceType"), resource.string("id"));
  const json::Node* meta = resource.find("meta");
  out.version.number = meta == nullptr ? 0 : number_at<uint32_t>(meta->string("versionId"));
  const std::string_view text = marked_text(resource);
  out.version.marker = text.empty() ? 0 : number_at<uint64_t>(text.substr(1));
  return out.version.number > 0 && out.version.marker > 0
             ? Result<Shown>(std::move(out))
             : unreadable("a resource without version or marker");
}

Result<Shown> shown_in(const std::string& body) {
  json::Document document;
  TRY(document.parse(body));
  return shown(*document.root());
}

Result<std::vector<Shown>> shown_in_record(const std::string& body) {
  std::vector<Shown> all;
  TRY(for_each_entry(body, [&all](const json::Node& entry) -> Status {
    const json::Node* resource = entry.find("resource");
    if (resource == nullptr || resource->string("resourceType") == "OperationOutcome") {
      return {};
    }
    TRY(Shown one, shown(*resource));
    all.push_back(std::move(one));
    return {};
  }));
  return all;
}

Result<std::vector<Version>> shown_in_history(const std::string& body) {
  std::vector<Version> all;
  TRY(for_each_entry(body, [&all](const json::Node& entry) -> Status {
    const json::Node* resource = entry.find("resource");
    const json::Node* response = entry.find("response");
    if (response == nullptr) {
      return unreadable("a history's entry without response");
    }
    const uint32_t number = version_of_tag(response->string("etag"));
    if (resource == nullptr) {
      all.push_back({number, 0});
      return {};
    }
    TRY(const Shown one, shown(*resource));
    if (one.version.number != number) {
      return unreadable("a resource of another version than its entry says");
    }
    all.push_back(one.version);
    return {};
  }));
  if (all.size() >= kPageMax) {
    return fail(ErrorCode::kTooLarge, "a history has more than one page: make rounds shorter");
  }
  std::reverse(all.begin(), all.end());
  return all;
}

Result<std::vector<Done>> done_by_transaction(const std::string& body) {
  std::vector<Done> all;
  TRY(for_each_entry(body, [&all](const json::Node& entry) -> Status {
    const json::Node* response = entry.find("response");
    if (response == nullptr) {
      return unreadable("a transaction's entry without response");
    }
    const std::string_view location = response->string("location");
    all.push_back({version_of_tag(response->string("etag")),
                   std::string(location.substr(0, location.find(kHistoryPart)))});
    return {};
  }));
  return all;
}

}  // namespace continuum::consistency
