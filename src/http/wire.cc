#include "http/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#pragma GCC diagnostic pop

namespace continuum::http {

namespace {

namespace beast = boost::beast;

using ErrorOut = beast::error_code&;
using LengthHint = boost::optional<std::uint64_t>;

constexpr size_t kRequestLineOverhead = 64;  // method, two spaces, "HTTP/1.1"
constexpr std::string_view kEndOfLine = "\r\n";

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

// Only the header: Beast is given exactly one, and never a body.
template <bool is_request>
class HeadParser : public beast::http::basic_parser<is_request> {
 public:
  explicit HeadParser(Headers& headers) : headers_(headers) {}

  bool parse(std::string_view head, beast::error_code& error) {
    this->header_limit(static_cast<std::uint32_t>(head.size()));
    this->body_limit(boost::none);
    return this->put(boost::asio::const_buffer(head.data(), head.size()), error) == head.size() &&
           !error && this->is_header_done();
  }

  std::string_view method;
  std::string_view target;
  int status = 0;
  int version = 0;

 private:
  void on_request_impl(beast::http::verb, beast::string_view method_text,
                       beast::string_view target_text, int version_number, ErrorOut) override {
    method = view(method_text);
    target = view(target_text);
    version = version_number;
  }
  void on_response_impl(int code, beast::string_view, int version_number, ErrorOut) override {
    status = code;
    version = version_number;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     ErrorOut) override {
    headers_.add(view(name), view(value));
  }
  void on_header_impl(ErrorOut) override {}
  void on_body_init_impl(const LengthHint&, ErrorOut) override {}
  std::size_t on_body_impl(beast::string_view, ErrorOut) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorOut) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, ErrorOut) override { return 0; }
  void on_finish_impl(ErrorOut) override {}

  Headers& headers_;
};

// Shared by requests and responses: exactly one way to frame the body.
Accepted<Framing> body_framing(const Headers& headers, LengthHint length, bool chunked) {
  const size_t lengths = headers.count("Content-Length");
  const size_t codings = headers.count("Transfer-Encoding");
  if (lengths > 1 || codings > 1 || lengths + codings > 1) {
    return refuse(400, "Content-Length and Transfer-Encoding must appear once and not together");
  }
  if (codings == 1 &&
      (!chunked || !equals_ignoring_case(*headers.find("Transfer-Encoding"), "chunked"))) {
    return refuse(501, "the only transfer coding supported is chunked");
  }
  // Beast takes "5, 5" as 5.
  if (lengths == 1 && headers.find("Content-Length")->find(',') != std::string_view::npos) {
    return refuse(400, "Content-Length must be one number");
  }
  if (chunked) {
    return Framing{.body = BodyKind::kChunked};
  }
  if (length && *length > 0) {
    return Framing{.body = BodyKind::kLength, .length = *length};
  }
  return Framing{};
}

Accepted<void> check_host(const Headers& headers, int version) {
  const size_t hosts = headers.count("Host");
  if (hosts > 1 || (hosts == 0 && version == 11)) {
    return refuse(400, "exactly one Host field is required");
  }
  if (hosts == 1 && headers.find("Host")->find_first_of(" \t,/@?#\\") != std::string_view::npos) {
    return refuse(400, "malformed Host field");
  }
  return {};
}

// Origin form as it is; absolute form without scheme and authority; "*" for OPTIONS.
Accepted<std::string_view> origin_form(std::string_view target, std::string_view method) {
  if (target.find('#') != std::string_view::npos) {
    return refuse(400, "a request target has no fragment");
  }
  if (target.starts_with('/') || (target == "*" && method == "OPTIONS")) {
    return target;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      const size_t slash = target.find_first_of("/?", scheme.size());
      if (slash == std::string_view::npos) {
        return std::string_view("/");
      }
      return target[slash] == '/' ? Accepted<std::string_view>(target.substr(slash))
                                  : refuse(400, "malformed request target");
    }
  }
  return refuse(400, "malformed request target");
}

Refusal request_refusal(const beast::error_code& error) {
  if (error == beast::http::error::bad_version) {
    return {.status = 400, .reason = "the HTTP version must be 1.0 or 1.1"};
  }
  if (error == beast::http::error::bad_target) {
    return {.status = 400, .reason = "malformed request target"};
  }
  return {.status = 400, .reason = "malformed request header"};
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append(kEndOfLine);
}

void append_number(std::string& out, uint64_t number) {
  fmt::format_to(std::back_inserter(out), "{}", number);
}

bool is_owned_by_server(std::string_view name) {
  for (const std::string_view owned : {"Content-Length", "Transfer-Encoding", "Connection"}) {
    if (equals_ignoring_case(name, owned)) {
      return true;
    }
  }
  return false;
}

bool append_own_fields(const Headers& headers, std::string& out) {
  for (size_t i = 0; i < headers.size(); ++i) {
    const auto [name, value] = headers.at(i);
    if (!is_token(name) || has_control(value)) {
      return false;
    }
    if (!is_owned_by_server(name)) {
      append_field(out, name, value);
    }
  }
  return true;
}

void append_length(const Response& response, AnswerForm form, std::string& out) {
  if (response.status == 204 || response.status == 304) {
    return;
  }
  const auto stated = response.headers.find("Content-Length");
  const bool stated_is_number =
      stated && !stated->empty() && stated->size() <= 19 &&
      std::all_of(stated->begin(), stated->end(), [](char c) { return c >= '0' && c <= '9'; });
  if (form.head_only && response.body.empty() && stated_is_number) {
    append_field(out, "Content-Length", *stated);
    return;
  }
  out.append("Content-Length: ");
  append_number(out, response.body.size());
  out.append(kEndOfLine);
}

}  // namespace

Accepted<size_t> HeadScanner::scan(std::string_view bytes) {
  while (true) {
    const size_t end = bytes.find('\n', seen_);
    const size_t size = std::min(end, bytes.size());
    if (size >= limits_->header_bytes_max ||
        (lines_ == 0 && size > limits_->target_bytes_max + kRequestLineOverhead)) {
      return tl::unexpected<Refusal>(too_large());
    }
    if (end == std::string_view::npos) {
      seen_ = bytes.size();
      return 0;
    }
    if (end == line_at_ || bytes[end - 1] != '\r') {
      return refuse(400, "a header line ends without CR LF");
    }
    const std::string_view line = bytes.substr(line_at_, end - 1 - line_at_);
    line_at_ = seen_ = end + 1;
    if (line.empty()) {
      return lines_ > 0 ? Accepted<size_t>(line_at_) : refuse(400, "a request line is missing");
    }
    if (auto checked = check_line(line); !checked) {
      return tl::unexpected<Refusal>(checked.error());
    }
    ++lines_;
  }
}

Accepted<void> HeadScanner::check_line(std::string_view line) {
  if (line[0] == ' ' || line[0] == '\t') {
    return refuse(400, "folded header lines are not accepted");
  }
  if (has_control(line)) {
    return refuse(400, "a control character in the header");
  }
  if (lines_ > limits_->header_count_max) {
    return refuse(431, "too many header fields");
  }
  return {};
}

Refusal HeadScanner::too_large() const {
  return lines_ == 0 ? Refusal{.status = 414, .reason = "the request target is too long"}
                     : Refusal{.status = 431, .reason = "the header is too large"};
}

Accepted<Framing> parse_request_head(std::string_view head, const Limits& limits,
                                     Request& request) {
  request.headers.clear();
  HeadParser<true> parser(request.headers);
  beast::error_code error;
  if (!parser.parse(head, error)) {
    return tl::unexpected<Refusal>(request_refusal(error));
  }
  if (parser.target.size() > limits.target_bytes_max) {
    return refuse(414, "the request target is too long");
  }
  if (auto host = check_host(request.headers, parser.version); !host) {
    return tl::unexpected<Refusal>(host.error());
  }
  const auto target = origin_form(parser.target, parser.method);
  if (!target) {
    return tl::unexpected<Refusal>(target.error());
  }
  auto framing = body_framing(request.headers, parser.content_length(), parser.chunked());
  if (!framing) {
    return framing;
  }
  if (parser.version == 10 && framing->body == BodyKind::kChunked) {
    return refuse(400, "HTTP/1.0 has no transfer codings");
  }
  request.method = parser.method;
  request.set_target(*target);
  request.version_minor = static_cast<uint8_t>(parser.version % 10);
  framing->keep_alive = parser.keep_alive();
  if (const auto expect = request.headers.find("Expect"); expect && parser.version == 11) {
    if (!equals_ignoring_case(*expect, "100-continue")) {
      return refuse(417, "the only expectation supported is 100-continue");
    }
    framing->expects_continue = framing->body != BodyKind::kNone;
  }
  return framing;
}

Accepted<Framing> parse_response_head(std::string_view head, std::string_view method,
                                      Response& response) {
  response.headers.clear();
  HeadParser<false> parser(response.headers);
  parser.skip(method == "HEAD");
  beast::error_code error;
  if (!parser.parse(head, error)) {
    return refuse(502, "malformed response header");
  }
  response.status = parser.status;
  const bool bodyless =
      method == "HEAD" || parser.status < 200 || parser.status == 204 || parser.status == 304;
  if (bodyless) {
    return Framing{.keep_alive = parser.keep_alive()};
  }
  auto framing = body_framing(response.headers, parser.content_length(), parser.chunked());
  if (!framing) {
    return framing;
  }
  if (parser.need_eof()) {
    framing->body = BodyKind::kUntilClose;
  }
  framing->keep_alive = parser.keep_alive();
  return framing;
}

bool write_response_head(const Response& response, AnswerForm form, std::string_view date,
                         std::string& out) {
  if (response.status < 200 || response.status > 599) {
    return false;
  }
  out.assign("HTTP/1.1 ");
  append_number(out, static_cast<uint64_t>(response.status));
  out.append(" ").append(reason_phrase(response.status)).append(kEndOfLine);
  if (!append_own_fields(response.headers, out)) {
    return false;
  }
  if (!response.headers.contains("Date")) {
    append_field(out, "Date", date);
  }
  if (!response.headers.contains("Cache-Control")) {
    append_field(out, "Cache-Control", "no-store");
  }
  if (!response.headers.contains("X-Content-Type-Options")) {
    append_field(out, "X-Content-Type-Options", "nosniff");
  }
  append_length(response, form, out);
  if (!form.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (form.request_version_minor == 0) {
    append_field(out, "Connection", "keep-alive");
  }
  out.append(kEndOfLine);
  return true;
}

bool write_request_head(const Request& request, std::string_view host, std::string& out) {
  const bool target_is_safe = !request.target.empty() && !has_control(request.target) &&
                              request.target.find_first_of(" \t#") == std::string::npos;
  if (!is_token(request.method) || !target_is_safe) {
    return false;
  }
  out.assign(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  if (!request.headers.contains("Host")) {
    append_field(out, "Host", host);
  }
  for (size_t i = 0; i < request.headers.size(); ++i) {
    const auto [name, value] = request.headers.at(i);
    if (!is_token(name) || has_control(value)) {
      return false;
    }
    if (!equals_ignoring_case(name, "Content-Length") &&
        !equals_ignoring_case(name, "Transfer-Encoding")) {
      append_field(out, name, value);
    }
  }
  const bool carries_body = request.method != "GET" && request.method != "HEAD";
  if (carries_body || !request.body.empty()) {
    out.append("Content-Length: ");
    append_number(out, request.body.size());
    out.append(kEndOfLine);
  }
  out.append(kEndOfLine);
  return true;
}

}  // namespace continuum::http
