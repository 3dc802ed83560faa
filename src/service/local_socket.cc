#include "service/local_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "service/limits.h"

namespace continuum::service {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kErrorWord = "error ";

tl::unexpected<Error> failed(const char* doing, std::string_view what, const std::string& path) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("can't {} the {}: {}", doing, what, std::strerror(errno)), {{path, ""}});
}

// A socket's name holds about a hundred bytes, a path many more: the folder is named by number.
struct Address {
  Descriptor folder;
  sockaddr_un name{};
};
Result<Address> address_of(const std::string& path, std::string_view what) {
  Address address;
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  address.folder = Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (address.folder.get() < 0) {
    return failed("find", what, path);
  }
  std::string name = fmt::format("/proc/self/fd/{}/{}", address.folder.get(),
                                 path.substr(slash == std::string::npos ? 0 : slash + 1));
  if (name.size() >= sizeof(address.name.sun_path)) {
    return fail(ErrorCode::kUnsupported, fmt::format("the {}'s name is too long", what),
                {{path, ""}});
  }
  address.name.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.name.sun_path);
  return address;
}

const sockaddr* raw(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.name);
}

bool is_same_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

int ms_until(Clock::time_point deadline) {
  auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, INT32_MAX));
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) {
    ::close(number_);
  }
}

Result<LineSocket> LineSocket::connect(const std::string& path, std::string_view what,
                                       size_t line_bytes_max) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) {
    return failed("make", what, path);
  }
  TRY(Address address, address_of(path, what));
  if (::connect(socket.get(), raw(address), sizeof(address.name)) != 0) {
    return failed("reach", what, path);
  }
  return LineSocket(std::move(socket), line_bytes_max);
}

Status LineSocket::receive() {
  std::array<char, 4'096> bytes{};
  ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
    return {};
  }
  if (got <= 0) {
    return fail(ErrorCode::kCancelled, "the other end went away");
  }
  received_.append(bytes.data(), static_cast<size_t>(got));
  return {};
}

Result<std::optional<std::string>> LineSocket::take() {
  size_t end = received_.find('\n');
  if (end == std::string::npos) {
    TRY(receive());
    end = received_.find('\n');
  }
  if (std::min(end, received_.size()) >= line_bytes_max_) {
    return fail(ErrorCode::kTooLarge,
                "a line of more than " + std::to_string(line_bytes_max_) + " bytes");
  }
  if (end == std::string::npos) {
    return std::optional<std::string>();
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return std::optional<std::string>(std::move(line));
}

Result<std::string> LineSocket::wait_for_line(milliseconds ms_max) {
  const auto deadline = Clock::now() + ms_max;
  while (true) {
    if (!has_line()) {
      pollfd ready{socket_.get(), POLLIN, 0};
      if (::poll(&ready, 1, ms_until(deadline)) == 0) {
        return fail(ErrorCode::kDeadline, "the other end says nothing");
      }
    }
    TRY(auto line, take());
    if (line) {
      return *std::move(line);
    }
  }
}

Result<std::string> LineSocket::wait_for_bytes(size_t count, milliseconds ms_max) {
  const auto deadline = Clock::now() + ms_max;
  while (received_.size() < count) {
    pollfd ready{socket_.get(), POLLIN, 0};
    if (::poll(&ready, 1, ms_until(deadline)) == 0) {
      return fail(ErrorCode::kDeadline, "the other end says nothing");
    }
    TRY(receive());
  }
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

bool LineSocket::send(std::string_view bytes) {
  const auto deadline = Clock::now() + kLocalSendMsMax;
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
    pollfd ready{socket_.get(), POLLOUT, 0};
    if (::poll(&ready, 1, ms_until(deadline)) == 0) {
      return false;
    }
  }
  return true;
}

bool LineSocket::send_line(std::string line) {
  line += '\n';
  return send(line);
}

bool LineSocket::send_error(const Error& error) {
  std::string line = fmt::format("{}{} {}", kErrorWord, to_string(error.code), error.text());
  std::replace(line.begin(), line.end(), '\n', ' ');
  line.resize(std::min(line.size(), line_bytes_max_ - 1));
  return send_line(std::move(line));
}

Error parse_error_line(std::string_view line) {
  if (!line.starts_with(kErrorWord)) {
    return {ErrorCode::kInternal, "the other process answered something else"};
  }
  line.remove_prefix(kErrorWord.size());
  std::string_view code = line.substr(0, line.find(' '));
  Error error{ErrorCode::kUnavailable,
              "the process that has the store open: " +
                  std::string(line.substr(std::min(line.size(), code.size() + 1)))};
  for (auto known = ErrorCode::kInvalid; known <= ErrorCode::kInternal;
       known = static_cast<ErrorCode>(static_cast<uint8_t>(known) + 1)) {
    if (to_string(known) == code) {
      error.code = known;
    }
  }
  return error;
}

Result<std::optional<std::string>> LocalServer::Waiting::wait_for_line(milliseconds ms_max) {
  const auto deadline = Clock::now() + ms_max;
  while (true) {
    std::array<pollfd, 3> ready{{{client_.descriptor(), POLLIN, 0},
                                 {server_.stopper_.get(), POLLIN, 0},
                                 {server_.listener_.get(), POLLIN, 0}}};
    int count = ::poll(ready.data(), ready.size(), client_.has_line() ? 0 : ms_until(deadline));
    if (ready[1].revents != 0) {
      return fail(ErrorCode::kUnavailable, "the server stops");
    }
    if (ready[2].revents != 0) {
      refuse_another();
    }
    TRY(auto line, client_.take());
    if (line || count == 0) {
      return line;
    }
  }
}

void LocalServer::Waiting::refuse_another() const {
  Descriptor other(::accept4(server_.listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (other.get() >= 0) {
    LineSocket(std::move(other), server_.options_.line_bytes_max)
        .send_error({ErrorCode::kBusy, server_.options_.busy});
  }
}

Result<std::unique_ptr<LocalServer>> LocalServer::start(Options options) {
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The name takes the rights of the socket: at no time can others open it.
  if (listener.get() < 0 || ::fchmod(listener.get(), S_IRUSR | S_IWUSR) != 0) {
    return failed("make", options.what, options.path);
  }
  TRY(Address address, address_of(options.path, options.what));
  ::unlink(address.name.sun_path);
  if (::bind(listener.get(), raw(address), sizeof(address.name)) != 0 ||
      ::listen(listener.get(), kLocalClientsWaitingMax) != 0) {
    return failed("listen on", options.what, options.path);
  }
  Descriptor stopper(::eventfd(0, EFD_CLOEXEC));
  if (stopper.get() < 0) {
    return failed("make", options.what, options.path);
  }
  return std::unique_ptr<LocalServer>(
      new LocalServer(std::move(options), std::move(listener), std::move(stopper)));
}

LocalServer::LocalServer(Options options, Descriptor listener, Descriptor stopper)
    : options_(std::move(options)),
      listener_(std::move(listener)),
      stopper_(std::move(stopper)),
      thread_([this] { run(); }) {}

LocalServer::~LocalServer() {
  ::eventfd_write(stopper_.get(), 1);
  thread_.join();
  ::unlink(options_.path.c_str());
}

void LocalServer::run() {
  while (true) {
    std::array<pollfd, 2> ready{{{stopper_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    if (ready[0].revents != 0) {
      return;
    }
    Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.get() >= 0 && is_same_user(client.get())) {
      Waiting waiting(*this, LineSocket(std::move(client), options_.line_bytes_max));
      options_.serve(waiting);
    }
  }
}

}  // namespace continuum::service
