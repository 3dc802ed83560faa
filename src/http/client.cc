#include "http/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "http/chunked_reader.h"
#include "http/tls_client.h"
#include "http/wire.h"

namespace continuum::http {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kReadBytes = 64 * kKibi;

tl::unexpected<Error> connection_failed(const char* step) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", step, std::strerror(errno)));
}

}  // namespace

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

namespace {

Result<Address> numeric_address(const std::string& host, uint16_t port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
    return address;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof(sockaddr_in6);
    return address;
  }
  return fail(ErrorCode::kInvalid, "the host is not a numeric IP address",
              {{.where = "host", .what = host}});
}

Result<std::vector<Address>> look_up(const std::string& host, uint16_t port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return fail(ErrorCode::kUnavailable, "the host's name is not known",
                {{.where = "host", .what = host}});
  }
  std::vector<Address> addresses;
  for (const addrinfo* each = found; each != nullptr && addresses.size() < kAddressesTriedMax;
       each = each->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return addresses;
}

// RFC 9110 section 7.2.
std::string host_field(const std::string& host, uint16_t port, Transport transport) {
  const bool is_v6 = host.find(':') != std::string::npos;
  const std::string name = is_v6 ? "[" + host + "]" : host;
  return transport == Transport::kTls && port == 443 ? name : fmt::format("{}:{}", name, port);
}

Error error_of(Refusal refusal) {
  return {.code = refusal.status == 413 ? ErrorCode::kTooLarge : ErrorCode::kInvalid,
          .message = std::string("the answer is not acceptable: ").append(refusal.reason)};
}

}  // namespace

Client::Client(std::string host, uint16_t port, ClientOptions options)
    : host_(std::move(host)), port_(port), options_(std::move(options)) {}

Client::Client(Client&& other) noexcept
    : host_(std::move(other.host_)),
      port_(other.port_),
      options_(std::move(other.options_)),
      socket_(std::exchange(other.socket_, -1)),
      tls_(std::move(other.tls_)),
      in_(std::move(other.in_)) {}

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    close();
    host_ = std::move(other.host_);
    port_ = other.port_;
    options_ = std::move(other.options_);
    socket_ = std::exchange(other.socket_, -1);
    tls_ = std::move(other.tls_);
    in_ = std::move(other.in_);
  }
  return *this;
}

Client::~Client() {
  close();
}

void Client::close() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
  }
  tls_.reset();
  in_.clear();
}

Result<Client> Client::connect(std::string_view host, uint16_t port, ClientOptions options) {
  Client client(std::string(host), port, std::move(options));
  TRY(client.open());
  return client;
}

Status Client::open() {
  const auto numeric = numeric_address(host_, port_);
  if (numeric || options_.transport == Transport::kPlain) {
    return numeric ? open(*numeric) : fail(numeric.error());
  }
  TRY(const std::vector<Address> addresses, look_up(host_, port_));
  Status opened = fail(ErrorCode::kUnavailable, "the host has no address");
  for (const Address& address : addresses) {
    opened = open(address);
    if (opened) {
      return opened;
    }
    close();
  }
  return opened;
}

Status Client::open(const Address& address) {
  socket_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) {
    return connection_failed("socket");
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(socket_, name, address.size) == 0) {
    return start_tls();
  }
  if (errno != EINPROGRESS) {
    return connection_failed("connect");
  }
  TRY(wait(POLLOUT, SteadyClock::now() + options_.connect_time_max));
  int problem = 0;
  socklen_t size = sizeof(problem);
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0) {
    errno = problem;
    return connection_failed("connect");
  }
  return start_tls();
}

Status Client::start_tls() {
  if (options_.transport == Transport::kPlain) {
    return {};
  }
  TRY(tls_, TlsClient::create(host_, options_.authorities_file));
  const Deadline deadline = SteadyClock::now() + options_.connect_time_max;
  while (true) {
    const auto done = tls_->handshake();
    // An alert tells the server why, also when that ends it.
    const auto written = write_socket(tls_->take_output(), deadline);
    if (!done) {
      return fail(done.error());
    }
    TRY(Status(written));
    if (*done) {
      return {};
    }
    std::string received;
    TRY(const size_t size, read_socket(received, deadline));
    if (size == 0) {
      return fail(ErrorCode::kUnavailable, "the server closed the connection");
    }
    tls_->feed(received);
  }
}

Status Client::wait(short events, Deadline deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) {
      return fail(ErrorCode::kDeadline, "the server took too long");
    }
    pollfd waited = {.fd = socket_, .events = events, .revents = 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready > 0) {
      return {};
    }
    if (ready < 0 && errno != EINTR) {
      return connection_failed("poll");
    }
  }
}

Status Client::write(std::string_view bytes, Deadline deadline) {
  if (tls_ == nullptr) {
    return write_socket(bytes, deadline);
  }
  TRY(tls_->write(bytes));
  return write_socket(tls_->take_output(), deadline);
}

Status Client::write_socket(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      bytes.remove_prefix(static_cast<size_t>(size));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      TRY(wait(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return connection_failed("send");
    }
  }
  return {};
}

Result<size_t> Client::read_some(Deadline deadline) {
  return tls_ == nullptr ? read_socket(in_, deadline) : read_tls(deadline);
}

Result<size_t> Client::read_tls(Deadline deadline) {
  const size_t held = in_.size();
  while (true) {
    TRY(const TlsClient::Read read, tls_->read(in_));
    // Keys may change at any time, which wants an answer.
    TRY(write_socket(tls_->take_output(), deadline));
    if (read != TlsClient::Read::kNeedsMore) {
      return in_.size() - held;
    }
    std::string received;
    TRY(const size_t size, read_socket(received, deadline));
    if (size == 0) {
      return fail(ErrorCode::kUnavailable, "the connection was cut");
    }
    tls_->feed(received);
  }
}

Result<size_t> Client::read_socket(std::string& in, Deadline deadline) {
  // A server that never stops sending would never be waited for.
  if (SteadyClock::now() >= deadline) {
    return fail(ErrorCode::kDeadline, "the server took too long");
  }
  const size_t held = in.size();
  in.resize(held + kReadBytes);
  while (true) {
    const ssize_t size = ::recv(socket_, in.data() + held, kReadBytes, 0);
    if (size >= 0) {
      in.resize(held + static_cast<size_t>(size));
      return static_cast<size_t>(size);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      TRY(wait(POLLIN, deadline));
    } else if (errno != EINTR) {
      return connection_failed("recv");
    }
  }
}

Result<Response> Client::send(const Request& request) {
  if (socket_ < 0) {
    if (auto opened = open(); !opened) {
      close();  // SAFETY: what is half open must not be written to as if it were the server's
      return fail(std::move(opened).error());
    }
  }
  Response response;
  if (auto status = exchange(request, response); !status) {
    close();
    return fail(std::move(status).error());
  }
  if (!keep_alive_) {
    close();
  }
  return response;
}

Result<Response> Client::get(std::string_view target) {
  Request request;
  request.set_target(target);
  return send(request);
}

Status Client::exchange(const Request& request, Response& response) {
  std::string out;
  if (!write_request_head(request, host_field(host_, port_, options_.transport), out)) {
    return fail(ErrorCode::kInvalid, "the request's method, target or a field can't be sent");
  }
  const Deadline deadline = SteadyClock::now() + options_.answer_time_max;
  out.append(request.body);
  // A server that refuses early closes before it has read the body; its answer is what matters.
  const auto written = write(out, deadline);
  if (auto head = read_head(request, response, deadline); !head) {
    return written ? head : written;
  }
  return read_body(response, deadline);
}

Status Client::read_head(const Request& request, Response& response, Deadline deadline) {
  while (true) {
    HeadScanner scanner(options_.limits);
    auto size = scanner.scan(in_);
    while (size && *size == 0) {
      TRY(const size_t received, read_some(deadline));
      if (received == 0) {
        return fail(ErrorCode::kUnavailable, "the server closed the connection without an answer");
      }
      size = scanner.scan(in_);
    }
    if (!size) {
      return fail(error_of(size.error()));
    }
    const auto framing =
        parse_response_head(std::string_view(in_).substr(0, *size), request.method, response);
    if (!framing) {
      return fail(error_of(framing.error()));
    }
    in_.erase(0, *size);
    if (response.status >= 200) {
      body_kind_ = static_cast<uint8_t>(framing->body);
      body_length_ = framing->length;
      keep_alive_ = framing->keep_alive && framing->body != BodyKind::kUntilClose;
      return {};
    }
  }
}

Status Client::read_body(Response& response, Deadline deadline) {
  const auto kind = static_cast<BodyKind>(body_kind_);
  if (kind == BodyKind::kChunked) {
    return read_chunks(response, deadline);
  }
  const bool until_close = kind == BodyKind::kUntilClose;
  const uint64_t length = until_close ? UINT64_MAX : body_length_;
  while (true) {
    const uint64_t known = until_close ? in_.size() : length;
    if (known > options_.limits.body_bytes_max) {
      return fail(ErrorCode::kTooLarge, "the answer is too large");
    }
    if (in_.size() >= length) {
      break;
    }
    TRY(const size_t received, read_some(deadline));
    if (received == 0 && until_close) {
      break;
    }
    if (received == 0) {
      return fail(ErrorCode::kUnavailable, "the server closed the connection within an answer");
    }
  }
  response.body = in_.substr(0, static_cast<size_t>(std::min<uint64_t>(length, in_.size())));
  in_.erase(0, response.body.size());
  return {};
}

Status Client::read_chunks(Response& response, Deadline deadline) {
  ChunkedReader reader(options_.limits.body_bytes_max);
  while (true) {
    const auto consumed = reader.read(in_, response.body);
    if (!consumed) {
      return fail(error_of(consumed.error()));
    }
    in_.erase(0, *consumed);
    if (reader.done()) {
      return {};
    }
    TRY(const size_t received, read_some(deadline));
    if (received == 0) {
      return fail(ErrorCode::kUnavailable, "the server closed the connection within an answer");
    }
  }
}

}  // namespace continuum::http
