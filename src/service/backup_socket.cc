#include "service/backup_socket.h"

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
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "service/limits.h"

namespace continuum::service {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kBegin = "backup 1";
constexpr std::string_view kFrozen = "frozen";
constexpr std::string_view kNoted = "noted";
// What the client waits for: memory written to files; one entry in the ledger.
constexpr milliseconds kFreezeMsMax{600'000};
constexpr milliseconds kNoteMsMax{60'000};

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

tl::unexpected<Error> failed(const char* doing, const std::string& path) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("can't {} the backup socket: {}", doing, std::strerror(errno)),
              {{path, ""}});
}

// A socket's name holds about a hundred bytes, a path many more: the folder is named by number.
struct Address {
  Descriptor folder;
  sockaddr_un name{};
};
Result<Address> address_of(const std::string& path) {
  Address address;
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  address.folder = Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (address.folder.get() < 0) {
    return failed("find", path);
  }
  std::string name = fmt::format("/proc/self/fd/{}/{}", address.folder.get(),
                                 path.substr(slash == std::string::npos ? 0 : slash + 1));
  if (name.size() >= sizeof(address.name.sun_path)) {
    return fail(ErrorCode::kUnsupported, "the backup socket's name is too long", {{path, ""}});
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

// Short enough never to fill a socket's buffer; who has gone away reads nothing.
void send_line(int socket, std::string line) {
  line += '\n';
  ssize_t sent = ::send(socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  static_cast<void>(sent);
}

void send_error(int socket, const Error& error) {
  std::string line = fmt::format("error {} {}", to_string(error.code), error.text());
  std::replace(line.begin(), line.end(), '\n', ' ');
  line.resize(std::min(line.size(), kBackupLineBytesMax - 1));
  send_line(socket, std::move(line));
}

int ms_until(Clock::time_point deadline) {
  auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, INT32_MAX));
}

// Takes what has come; a line once it is whole. kCancelled: the other went away. kTooLarge.
class LineReader {
 public:
  Result<std::optional<std::string>> take(int socket) {
    std::array<char, kBackupLineBytesMax> bytes{};
    ssize_t got = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      return std::optional<std::string>();
    }
    if (got <= 0) {
      return fail(ErrorCode::kCancelled, "the other end went away");
    }
    text_.append(bytes.data(), static_cast<size_t>(got));
    size_t end = text_.find('\n');
    if (end == std::string::npos && text_.size() < kBackupLineBytesMax) {
      return std::optional<std::string>();
    }
    if (end >= kBackupLineBytesMax || end + 1 != text_.size()) {
      return fail(ErrorCode::kTooLarge, "more than one line of at most " +
                                            std::to_string(kBackupLineBytesMax) + " bytes");
    }
    text_.pop_back();
    return std::optional<std::string>(std::exchange(text_, {}));
  }

 private:
  std::string text_;
};

bool is_moment_name(std::string_view text) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  };
  return !text.empty() && text.size() <= kBackupWordBytesMax &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string to_line(const BackupDone& done) {
  return fmt::format("done {} {} {} {} {}", done.moment, done.t, done.entries, done.files,
                     done.bytes);
}

Result<BackupDone> parse_done(std::string_view line) {
  BackupDone done;
  size_t space = line.find(' ');
  std::string_view word = line.substr(0, space);
  std::string_view rest = space == std::string_view::npos ? "" : line.substr(space + 1);
  space = rest.find(' ');
  done.moment = rest.substr(0, space);
  rest = space == std::string_view::npos ? "" : rest.substr(space);
  for (uint64_t* number : {&done.t, &done.entries, &done.files, &done.bytes}) {
    rest = rest.substr(std::min<size_t>(1, rest.size()));
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), *number);
    if (error != std::errc()) {
      break;
    }
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  }
  // Whatever was misread comes out as another line.
  if (word != "done" || !is_moment_name(done.moment) || to_line(done) != line) {
    return fail(ErrorCode::kInvalid, "not a line of this protocol");
  }
  return done;
}

Error parse_error(std::string_view line) {
  constexpr std::string_view kWord = "error ";
  if (!line.starts_with(kWord)) {
    return {ErrorCode::kInternal, "the other process answered something else"};
  }
  line.remove_prefix(kWord.size());
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

}  // namespace

std::string to_json(const BackupDone& done) {
  return fmt::format(R"({{"moment":"{}","t":{},"entries":{},"files":{},"bytes":{}}})", done.moment,
                     done.t, done.entries, done.files, done.bytes);
}

std::string backup_socket_path(const std::string& data_folder) {
  return data_folder + "/backup.socket";
}

// One client, until its backup is done or it goes away.
class BackupSocket::Session {
 public:
  Session(const Options& options, int listener, int stopper, Descriptor client)
      : options_(options), listener_(listener), stopper_(stopper), client_(std::move(client)) {}

  void run() {
    Status ended = talk();
    moment_.reset();
    if (ended) {
      send_line(client_.get(), std::string(kNoted));
      return;
    }
    send_error(client_.get(), ended.error());
    if (is_begun_) {
      ignore_error(
          options_.note("failed", fmt::format(R"({{"code":"{}"}})", to_string(ended.error().code))),
          "that it began is noted, and that it was done is not");
    }
  }

 private:
  Status talk() {
    TRY(std::string first, next_line(options_.line_ms_max));
    if (first != kBegin) {
      return fail(ErrorCode::kInvalid, "not a line of this protocol");
    }
    TRY(options_.note("begun", "{}"));
    is_begun_ = true;
    TRY(moment_, options_.store.freeze());
    send_line(client_.get(), std::string(kFrozen));
    TRY(std::string last, next_line(options_.session_ms_max));
    TRY(BackupDone done, parse_done(last));
    moment_.reset();
    return options_.note("done", to_json(done));
  }

  Result<std::string> next_line(milliseconds ms_max) {
    const auto deadline = Clock::now() + ms_max;
    while (true) {
      std::array<pollfd, 3> ready{
          {{client_.get(), POLLIN, 0}, {stopper_, POLLIN, 0}, {listener_, POLLIN, 0}}};
      int count = ::poll(ready.data(), ready.size(), ms_until(deadline));
      if (count == 0) {
        return fail(ErrorCode::kDeadline, "the backup took too long");
      }
      if (ready[1].revents != 0) {
        return fail(ErrorCode::kUnavailable, "the server stops");
      }
      if (ready[2].revents != 0) {
        refuse_another();
      }
      if (ready[0].revents != 0) {
        TRY(auto line, reader_.take(client_.get()));
        if (line) {
          return *std::move(line);
        }
      }
    }
  }

  void refuse_another() const {
    Descriptor other(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (other.get() >= 0) {
      send_error(other.get(), {ErrorCode::kBusy, "another backup is being made"});
    }
  }

  const Options& options_;
  int listener_;
  int stopper_;
  Descriptor client_;
  LineReader reader_;
  bool is_begun_ = false;
  std::unique_ptr<record::Moment> moment_;
};

Result<std::unique_ptr<BackupSocket>> BackupSocket::start(Options options) {
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The name takes the rights of the socket: at no time can others open it.
  if (listener.get() < 0 || ::fchmod(listener.get(), S_IRUSR | S_IWUSR) != 0) {
    return failed("make", options.path);
  }
  TRY(Address address, address_of(options.path));
  ::unlink(address.name.sun_path);
  if (::bind(listener.get(), raw(address), sizeof(address.name)) != 0 ||
      ::listen(listener.get(), kBackupClientsWaitingMax) != 0) {
    return failed("listen on", options.path);
  }
  Descriptor stopper(::eventfd(0, EFD_CLOEXEC));
  if (stopper.get() < 0) {
    return failed("make", options.path);
  }
  return std::unique_ptr<BackupSocket>(
      new BackupSocket(std::move(options), listener.release(), stopper.release()));
}

BackupSocket::BackupSocket(Options options, int listener, int stopper)
    : options_(std::move(options)),
      listener_(listener),
      stopper_(stopper),
      thread_([this] { run(); }) {}

BackupSocket::~BackupSocket() {
  ::eventfd_write(stopper_, 1);
  thread_.join();
  ::unlink(options_.path.c_str());
  ::close(listener_);
  ::close(stopper_);
}

void BackupSocket::run() {
  while (true) {
    std::array<pollfd, 2> ready{{{stopper_, POLLIN, 0}, {listener_, POLLIN, 0}}};
    ::poll(ready.data(), ready.size(), -1);
    if (ready[0].revents != 0) {
      return;
    }
    Descriptor client(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (client.get() >= 0 && is_same_user(client.get())) {
      Session(options_, listener_, stopper_, std::move(client)).run();
    }
  }
}

Result<BackupClient> BackupClient::connect(const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) {
    return failed("make", path);
  }
  TRY(Address address, address_of(path));
  if (::connect(socket.get(), raw(address), sizeof(address.name)) != 0) {
    return fail(ErrorCode::kUnavailable,
                "another process has the data folder open, and takes no backups: wait until it is "
                "done",
                {{path, std::strerror(errno)}});
  }
  return BackupClient(socket.release());
}

BackupClient::~BackupClient() {
  if (socket_ >= 0) {
    ::close(socket_);
  }
}

Status BackupClient::ask(const std::string& line, std::string_view expected, milliseconds ms_max) {
  send_line(socket_, line);
  LineReader reader;
  const auto deadline = Clock::now() + ms_max;
  while (true) {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, ms_until(deadline)) == 0) {
      return fail(ErrorCode::kDeadline, "the process that has the store open does not answer");
    }
    if (ready.revents == 0) {
      continue;
    }
    auto answer = reader.take(socket_);
    if (!answer && answer.error().code == ErrorCode::kCancelled) {
      return fail(ErrorCode::kUnavailable, "the process that has the store open went away");
    }
    TRY(auto text, std::move(answer));
    if (text) {
      return *text == expected ? Status() : fail(parse_error(*text));
    }
  }
}

Status BackupClient::freeze() {
  return ask(std::string(kBegin), kFrozen, kFreezeMsMax);
}

Status BackupClient::done(const BackupDone& done) {
  return ask(to_line(done), kNoted, kNoteMsMax);
}

}  // namespace continuum::service
