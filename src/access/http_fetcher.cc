#include "access/http_fetcher.h"

#include "access/limits.h"
#include "access/url.h"
#include "http/client.h"

namespace continuum::access {

Result<std::string> HttpFetcher::get(std::string_view url, size_t bytes_max) {
  TRY(const Url at, parse_url(url));
  http::ClientOptions options;
  options.transport = at.tls ? http::Transport::kTls : http::Transport::kPlain;
  options.connect_time_max = std::chrono::milliseconds(kConnectMsMax);
  options.answer_time_max = std::chrono::milliseconds(kAnswerMsMax);
  options.limits.body_bytes_max = bytes_max;
  TRY(http::Client client, http::Client::connect(at.host, at.port, options));
  http::Request request;
  request.set_target(at.target);
  request.headers.set("Accept", "application/json");
  request.headers.set("Connection", "close");
  TRY(http::Response response, client.send(request));
  if (response.status != 200) {
    return fail(ErrorCode::kUnavailable, "the issuer did not give its document",
                {{"status", std::to_string(response.status)}});
  }
  return std::move(response.body);
}

}  // namespace continuum::access
