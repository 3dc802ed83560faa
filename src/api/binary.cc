#include "api/binary.h"

#include <algorithm>

#include "api/content_type.h"
#include "base/bytes.h"
#include "json/document.h"
#include "json/writer.h"

namespace continuum::api {
namespace {

constexpr std::string_view kSecurityContext = "X-Security-Context";

bool is_binary(const Route& route) {
  return fhir::type_name(route.type) == "Binary";
}

bool is_field_value(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

bool wants_content(const http::Request& request, const Route& route, const Parameters& parameters) {
  bool reads = route.interaction == Interaction::kRead || route.interaction == Interaction::kVread;
  return reads && is_binary(route) && !find(parameters, "_format") &&
         !names_our_json(request.headers);
}

Status to_content(http::Response& response) {
  json::Document document;
  TRY(document.parse(response.body));
  const json::Node& root = *document.root();
  std::string type(root.string("contentType"));
  auto data = from_base64(root.string("data"));
  if (!data || !is_field_value(type)) {
    return fail(ErrorCode::kUnsupported, "the Binary's content can't be given as it is",
                {{"Accept", "ask for application/fhir+json"}});
  }
  const json::Node* context = root.find("securityContext");
  if (context != nullptr && is_field_value(context->string("reference"))) {
    response.headers.add(kSecurityContext, context->string("reference"));
  }
  response.headers.set("Content-Type", type);
  response.headers.add("Content-Disposition", "attachment");
  response.headers.add("Content-Security-Policy", "sandbox; default-src 'none'");
  response.body = std::move(*data);
  return {};
}

bool brings_content(const http::Request& request, const Route& route) {
  bool writes =
      route.interaction == Interaction::kCreate || route.interaction == Interaction::kUpdate;
  return writes && is_binary(route) && request.headers.count("Content-Type") == 1 &&
         !is_json(request.headers) && !is_form(request.headers);
}

std::string to_binary(const http::Request& request, const Route& route) {
  std::string out = R"({"resourceType":"Binary")";
  if (!route.id.empty()) {
    out += ",\"id\":" + json::quoted(route.id);
  }
  out += ",\"contentType\":" + json::quoted(*request.headers.find("Content-Type"));
  if (auto context = request.headers.find(kSecurityContext)) {
    out += ",\"securityContext\":{\"reference\":" + json::quoted(*context) + "}";
  }
  if (!request.body.empty()) {
    out += ",\"data\":\"" + to_base64(request.body) + '"';
  }
  return out + '}';
}

}  // namespace continuum::api
